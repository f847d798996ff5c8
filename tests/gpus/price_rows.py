"""Prices as rows, for tests: each names only what it is about."""

from __future__ import annotations

import datetime as dt

from gpus.models import Gpu
from gpus.prices.models import PriceObservation


def observe(gpu: Gpu, kind: str, usd: object, day: str | dt.date = "2026-11-01", **more):
    """A price of that kind, seen on that day."""
    values = {
        "provider": "A cloud" if kind.startswith("rent") else "",
        "source_name": "A price list",
        "source_url": "https://example.com/prices",
    }
    row = PriceObservation(gpu=gpu, kind=kind, usd=usd, checked_on=day, **values | more)
    row.full_clean()
    row.save()
    return row


def age_all(day: str | dt.date, kind: str = "") -> None:
    """Let every price of kinds that begin so have been seen on that day, as an editor would."""
    for row in PriceObservation.objects.filter(kind__startswith=kind):
        row.checked_on = day
        row.save()
