"""One price as an editor enters it, with its own source, and asked about where it leaps."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import Any

from django import forms
from django.utils import timezone

from calculator.editing import RowForm
from calculator.words.formatting import format_day, format_usd
from gpus.prices.kinds import RENT_KINDS, PriceKind, price_words
from gpus.prices.models import PriceObservation

# So many times the last price, or as little a part of it, is a slip more often than a price.
LEAP = 10


class PriceForm(RowForm):
    """A price. What says where it was seen is entered, or taken over from the last one by choice."""

    source_url = forms.URLField(
        label="Link",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="The page where one can check it.",
    )
    same_source = forms.BooleanField(
        required=False,
        label="at the same source",
        label_suffix="",
        help_text="Seen where the last one of this kind and provider was seen.",
    )
    confirmed = forms.BooleanField(
        required=False,
        label="it is right",
        label_suffix="",
        help_text="Where you are asked about a price ten times up or down.",
    )

    class Meta:
        model = PriceObservation
        fields = (
            "gpu",
            "kind",
            "provider",
            "usd",
            "same_source",
            "source_name",
            "source_url",
            "checked_on",
            "ended_on",
            "is_estimate",
            "note",
            "published",
        )
        # What the table on a GPU's page heads its columns with.
        labels = {"same_source": "at the same source", "confirmed": "it is right"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("source_name", "checked_on"):
            if name in self.fields:
                self.fields[name].required = False
        if "checked_on" in self.fields and self.instance.pk is None:
            self.fields["checked_on"].help_text = "Empty: today."

        if self.corrects:
            self.fields["same_source"].help_text = "The new price or day was seen there too."

    @property
    def corrects(self) -> bool:
        """Whether what was entered before is corrected, rather than a new price entered."""
        return self.instance.pk is not None

    @property
    def asks_to_confirm(self) -> bool:
        """Whether the price leaps, and the editor has to say that it is right."""
        return self.has_error("usd", "leap")

    def clean_usd(self) -> Decimal | None:
        # The model's own check comes after `clean`, which divides by it.
        usd: Decimal | None = self.cleaned_data["usd"]
        if usd is not None and usd <= 0:
            raise forms.ValidationError("A price is above 0.", code="above_0")
        return usd

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "checked_on" in self.fields and "checked_on" not in self.errors:
            cleaned["checked_on"] = cleaned.get("checked_on") or timezone.localdate()
        last = self._last(cleaned)
        if self.corrects:
            self._ask_whether_the_source_holds(cleaned)
        elif cleaned.get("same_source"):
            if last is None or last.provider != cleaned.get("provider", self.instance.provider):
                self.add_error("same_source", "There is no earlier one. Say where you saw it.")
            else:
                cleaned |= {"source_name": last.source_name, "source_url": last.source_url}
        else:
            self._ask_for_the_source(cleaned)
        if last is not None:
            self._ask_about_a_leap(cleaned, last)
        return cleaned

    def _last(self, cleaned: dict[str, Any]) -> PriceObservation | None:
        """The newest price of the GPU's kind beside this one, of the same provider if possible."""
        gpu = cleaned.get("gpu") or (self.instance.gpu if self.instance.gpu_id else None)
        kind = cleaned.get("kind") or self.instance.kind
        if gpu is None or gpu.pk is None or not kind:
            return None
        others = PriceObservation.objects.published().filter(gpu=gpu, kind=kind)
        others = others.exclude(pk=self.instance.pk).order_by("-checked_on", "usd")
        provider = cleaned.get("provider", self.instance.provider)
        return others.filter(provider=provider).first() or others.first()

    def _ask_for_the_source(self, cleaned: dict[str, Any]) -> None:
        for name, message in (
            ("source_name", "Say where you saw this price, or tick “at the same source”."),
            ("source_url", "Give the link to the page where you saw it."),
        ):
            if name in self.fields and name not in self.errors and not cleaned.get(name):
                self.add_error(name, message)

    def _ask_whether_the_source_holds(self, cleaned: dict[str, Any]) -> None:
        """Another price or day under the source of the old one has to be said, not left over."""
        changed = set(self.changed_data)
        if cleaned.get("same_source"):
            for name in ("source_name", "source_url"):
                if name in self.fields and name not in self.errors and not cleaned.get(name):
                    cleaned[name] = self.initial.get(name)
        elif {"usd", "checked_on"} & changed and not {"source_name", "source_url"} & changed:
            self.add_error(
                "source_name",
                "You changed the price or its day: say where you saw that, "
                "or tick “at the same source”.",
            )
        self._ask_for_the_source(cleaned)

    def _ask_about_a_leap(self, cleaned: dict[str, Any], last: PriceObservation) -> None:
        usd = cleaned.get("usd")
        if usd is None or cleaned.get("confirmed") or not leaps(usd, last.usd):
            return
        if self.corrects and "usd" not in self.changed_data:
            return
        self.add_error("usd", forms.ValidationError(leap_words(usd, last), code="leap"))


def leaps(usd: Decimal, last_usd: Decimal) -> bool:
    """Whether a price is ten times the last of its kind, or a tenth."""
    return usd >= last_usd * LEAP or usd * LEAP <= last_usd


def leap_times(usd: Decimal, last_usd: Decimal) -> Decimal:
    """How many whole times the smaller of two prices above zero the larger one is."""
    return (max(usd, last_usd) / min(usd, last_usd)).quantize(Decimal(1), ROUND_DOWN)


def leap_words(usd: Decimal, last: PriceObservation) -> str:
    """The question that a leap is answered with."""
    times = leap_times(usd, last.usd)
    up = usd > last.usd
    than = f"{times:,} times the last price" if up else f"{times:,} times less than the last price"
    who = price_words(PriceKind(last.kind), last.provider)
    per = " an hour" if last.kind in RENT_KINDS else ""
    return (
        f"{format_usd(usd)} is {than} of its kind ({who}, {format_usd(last.usd)}{per}, "
        f"{format_day(last.checked_on)}). Correct it, or tick “it is right”."
    )
