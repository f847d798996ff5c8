"""What an editor should look at next: prices unseen for long, and GPUs without one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from calculator.words.formatting import format_day, format_usd
from gpus.looks.models import recent_looks
from gpus.models import Gpu
from gpus.prices.kinds import RENT_KINDS, PriceKind, price_words
from gpus.prices.models import PriceObservation
from gpus.pricing.forms import PriceForm

ROWS_PER_PAGE = 25
ROWS_ON_THE_FRONT_PAGE = 5

# What is entered of a price that there was one of before, and of a first one.
AGAIN = ("usd", "same_source", "source_name", "source_url", "confirmed")
FIRST = ("kind", "provider", "usd", "source_name", "source_url", "confirmed")


class LineForm(PriceForm):
    """A price of which the line says the GPU and the day.

    `replaces` is the version of the price that stands until this one is saved; empty: none.
    """

    replaces = ""

    # Its own check: the line is of an earlier day's price, and what it saves may not be there yet.
    conflict = None
    # A line enters a new price, also where it stands in for one of today.
    corrects = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.instance.published, self.instance.ended_on = True, None
        for field in self.fields.values():
            field.help_text = ""  # a line has no room for it, and nothing may refer to it

    def _get_validation_exclusions(self) -> set[str]:
        # Its key is checked, although none of it is typed.
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded - {"gpu", "kind", "provider", "checked_on"}


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One line of the list: a price to look at again, or a GPU that lacks one."""

    key: str
    gpu: Gpu
    form: LineForm
    looks: int
    what: str = ""
    last: str = ""
    age: str = ""
    source_name: str = ""
    source_url: str = ""
    price_pk: int = 0
    # The newest price of the line's series as it is now: another one than the line shows, or an
    # ended one, where somebody was here meanwhile, None where it was taken off the site.
    stands: PriceObservation | None = None
    # What is asked before a button does its work.
    question: str = ""

    @property
    def is_first(self) -> bool:
        return not self.what


def seen_words(day: dt.date, today: dt.date) -> str:
    """“12 Apr 2026, 229 days ago”."""
    days = (today - day).days
    words = "today" if days <= 0 else "1 day ago" if days == 1 else f"{days:,} days ago"
    return f"{format_day(day)}, {words}"


def stale_prices(today: dt.date) -> QuerySet[PriceObservation]:
    """Prices to look at again, those of GPUs most looked at first."""
    rows = PriceObservation.objects.stale(today).select_related("gpu")
    return rows.annotate(recent_looks=recent_looks("gpu", today)).order_by(
        "-recent_looks", "-gpu__is_tier_example", "gpu__order", "gpu__name", "kind", "provider"
    )


def unpriced_gpus(today: dt.date) -> QuerySet[Gpu]:
    """GPUs of which nobody knows what they cost now, most looked at first."""
    priced = PriceObservation.objects.current().exclude(kind=PriceKind.BUY_LAUNCH)
    rows = Gpu.objects.published().exclude(pk__in=priced.values("gpu"))
    return rows.annotate(recent_looks=recent_looks("pk", today)).order_by(
        "-recent_looks", "-is_tier_example", "order", "name"
    )


def price_row(
    price: PriceObservation,
    today: dt.date,
    data: Mapping[str, Any] | None = None,
    question: str = "",
) -> WorkRow:
    """The line of a price; with `data`, what an editor typed into it.

    With a `question` what was typed is kept, and not checked yet.
    """
    instance = None
    stands: PriceObservation | None = price
    if data is not None:
        # Somebody may have been here meanwhile; as long as the line is only shown, nobody was.
        series = PriceObservation.objects.select_related("editor").filter(
            gpu=price.gpu_id, kind=price.kind, provider=price.provider
        )
        instance = series.filter(checked_on=today).first()
        stands = series.filter(published=True).order_by("-checked_on").first()
    instance = instance or PriceObservation(
        gpu=price.gpu,
        kind=price.kind,
        provider=price.provider,
        checked_on=today,
        is_estimate=price.is_estimate,
    )
    form = _form(AGAIN, instance, f"price-{price.pk}", data, checked=not question)
    form.replaces = f"{stands.pk} {stands.updated_at.isoformat()}" if stands else "withdrawn"
    per = " per hour" if price.kind in RENT_KINDS else ""
    return WorkRow(
        key=f"price-{price.pk}",
        gpu=price.gpu,
        form=form,
        looks=getattr(price, "recent_looks", 0),
        what=price_words(PriceKind(price.kind), price.provider),
        last=f"{format_usd(price.usd)}{per}",
        age=seen_words(price.checked_on, today),
        source_name=price.source_name,
        source_url=price.source_url,
        price_pk=price.pk,
        stands=stands,
        question=question,
    )


def gpu_row(gpu: Gpu, today: dt.date, data: Mapping[str, Any] | None = None) -> WorkRow:
    """The line of a GPU without a price; with `data`, what an editor typed into it."""
    instance = PriceObservation(gpu=gpu, checked_on=today)
    return WorkRow(
        key=f"gpu-{gpu.pk}",
        gpu=gpu,
        form=_form(FIRST, instance, f"gpu-{gpu.pk}", data),
        looks=getattr(gpu, "recent_looks", 0),
    )


def _form(
    names: tuple[str, ...],
    instance: PriceObservation,
    key: str,
    data: Mapping[str, Any] | None,
    *,
    checked: bool = True,
) -> LineForm:
    typed = {} if checked or data is None else {name: data.get(name, "") for name in names}
    form = LineForm(
        data if checked else None,
        instance=instance,
        initial=typed,
        auto_id=f"id_{key}_%s",
        label_suffix="",
    )
    for name in [each for each in form.fields if each not in names]:
        del form.fields[name]
    return form
