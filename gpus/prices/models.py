"""The prices that editors keep: each is what somebody saw, somewhere, on a day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from calculator.checked_rows import CheckedRow
from calculator.words.formatting import format_day
from gpus.prices.kinds import RENT_KINDS, PriceKind, price_words
from gpus.specs import Price

# Street and cloud prices move within weeks; after a quarter nobody should trust one unseen.
PRICE_IS_STALE_AFTER = dt.timedelta(days=90)


# What a price is made of, as `_spec` takes it.
_SEEN = (
    "kind",
    "provider",
    "usd",
    "source_name",
    "source_url",
    "checked_on",
    "is_estimate",
    "ended_on",
)


def _spec(kind: str, provider: str, *rest: Any) -> Price:
    usd, source_name, source_url, checked_on, is_estimate, ended_on = rest
    words = price_words(PriceKind(kind), provider)
    return Price(
        usd, source_name, source_url, checked_on, is_estimate, words, kind, provider, ended_on
    )


class PriceQuerySet(models.QuerySet["PriceObservation"]):
    def published(self) -> PriceQuerySet:
        return self.filter(published=True)

    def current(self) -> PriceQuerySet:
        """The newest published one of each GPU, kind and provider, where it is still offered."""
        of_the_same = PriceObservation.objects.published().filter(
            gpu=OuterRef("gpu"), kind=OuterRef("kind"), provider=OuterRef("provider")
        )
        past = Q(checked_on__gt=OuterRef("checked_on")) | Q(ended_on__gt=OuterRef("checked_on"))
        return self.published().filter(~Exists(of_the_same.filter(past)), ended_on=None)

    def stale(
        self, today: dt.date, *, after: dt.timedelta = PRICE_IS_STALE_AFTER
    ) -> PriceQuerySet:
        """Current prices that nobody has checked for longer than `after`.

        A launch price was said once and stays what it was: it is never stale.
        """
        return (
            self.current()
            .exclude(kind=PriceKind.BUY_LAUNCH)
            .filter(gpu__published=True, checked_on__lt=today - after)
        )

    def specs_by_gpu(self) -> defaultdict[int, list[Price]]:
        """Each GPU's prices by its primary key.

        Read as plain values: observations are kept for ever, and an instance of the model takes
        ten times as long.
        """
        found: defaultdict[int, list[Price]] = defaultdict(list)
        for gpu_id, *seen in self.order_by().values_list("gpu_id", *_SEEN).iterator():
            found[gpu_id].append(_spec(*seen))
        return found


class PriceObservation(CheckedRow):
    """A price as somebody saw it. A new price is a new row, and so is “checked, unchanged”.

    That it is no longer offered is said of the last one: what was seen before stays what it was.
    """

    gpu = models.ForeignKey(
        "gpus.Gpu", on_delete=models.CASCADE, related_name="prices", verbose_name="GPU"
    )
    kind = models.CharField(max_length=16, choices=PriceKind)
    provider = models.CharField(
        max_length=50,
        blank=True,
        help_text="Who rents it out, or sells it: RunPod. Empty for a price of no one shop.",
    )
    usd = models.DecimalField(
        "USD",
        max_digits=12,
        decimal_places=4,
        validators=[MinValueValidator(Decimal("0.0001"))],
        help_text="For one GPU: per hour to rent, without tax to buy.",
    )
    source_name = models.CharField(
        "source", max_length=120, help_text="Where it was seen, as visitors read it."
    )
    source_url = models.URLField(
        "link", max_length=500, help_text="The page where one can check it."
    )
    checked_on = models.DateField("seen on", help_text="The day on which somebody looked.")
    ended_on = models.DateField(
        "no longer offered since",
        null=True,
        blank=True,
        help_text="Empty while it is offered. A later price of this kind and provider is one again.",
    )
    is_estimate = models.BooleanField("estimate", default=False)
    note = models.CharField(max_length=200, blank=True, help_text="For editors alone.")
    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    published = models.BooleanField(default=True, help_text="Off: withdrawn, and shown nowhere.")
    updated_at = models.DateTimeField(auto_now=True)

    objects = PriceQuerySet.as_manager()

    class Meta:
        verbose_name = "price"
        ordering = ("gpu", "kind", "provider", "-checked_on")
        constraints = [
            models.UniqueConstraint(
                fields=("gpu", "kind", "provider", "checked_on"),
                name="price_is_one_a_day",
                violation_error_message=(
                    "This GPU has a price of this kind and provider for that day already. "
                    "Correct that one."
                ),
            ),
            models.CheckConstraint(condition=Q(usd__gt=0), name="price_is_above_0"),
            # “Not null” needs no word here: neither field can be.
            models.CheckConstraint(
                condition=~Q(source_name="") & ~Q(source_url=""),
                name="price_has_its_source",
                violation_error_message="A price needs its source and its link.",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=RENT_KINDS) | ~Q(provider=""),
                name="price_of_an_hour_has_its_provider",
                violation_error_message="Say who rents it out.",
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("checked_on")),
                name="price_ends_once_it_was_seen",
                violation_error_message="It was seen after that day.",
            ),
        ]

    def __str__(self) -> str:
        words = price_words(PriceKind(self.kind), self.provider)
        return f"{self.gpu}, {words}, {format_day(self.checked_on)}"

    def to_spec(self) -> Price:
        return _spec(*(getattr(self, name) for name in _SEEN))

    def clean(self) -> None:
        errors = {}
        if self.kind in RENT_KINDS and not self.provider:
            errors["provider"] = "Say who rents it out."
        if self.ended_on and self.checked_on and self.ended_on < self.checked_on:
            errors["ended_on"] = "It was seen after that day."
        if self.ended_on and self.kind == PriceKind.BUY_LAUNCH:
            errors["ended_on"] = "A launch price was said once, and stays what it was."
        if errors:
            raise ValidationError(errors)
