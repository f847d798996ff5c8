"""What of a price an editor should confirm: it may be right, and is more often a slip.

Also of a price that nobody was to offer any more: a feed would bring it back unseen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from calculator.words.formatting import format_day
from gpus.prices.models import PriceObservation
from gpus.pricing.forms import leap_times, leaps


def price_oddities() -> Callable[[Any], tuple[str, ...]]:
    """A function that says, in words, what is odd about a price against those that are known now."""
    last: dict[tuple[int, str, str], Decimal] = {}
    ended: dict[tuple[int, str, str], dt.date] = {}
    rows = PriceObservation.objects.published().order_by("checked_on", "-usd")
    for gpu_id, kind, provider, usd, ended_on in rows.values_list(
        "gpu_id", "kind", "provider", "usd", "ended_on"
    ):
        last[gpu_id, kind, provider] = last[gpu_id, kind, ""] = usd
        if ended_on is None:
            ended.pop((gpu_id, kind, provider), None)
        else:
            ended[gpu_id, kind, provider] = ended_on

    def oddities(price: PriceObservation) -> tuple[str, ...]:
        key = (price.gpu_id, price.kind, price.provider)
        return tuple(
            words
            for words in (
                _leap(price, last.get(key, last.get((price.gpu_id, price.kind, "")))),
                _offered_again(price, ended.get(key)),
            )
            if words
        )

    return oddities


def _leap(price: PriceObservation, before: Decimal | None) -> str:
    if before is None or not leaps(price.usd, before):
        return ""
    times = f"{leap_times(price.usd, before):,} times"
    than = "the last price" if price.usd > before else "less than the last price"
    return f"{times} {than} of its kind, ${before.normalize():f}."


def _offered_again(price: PriceObservation, ended_on: dt.date | None) -> str:
    if ended_on is None or price.ended_on or price.checked_on < ended_on:
        return ""
    return f"It was no longer offered since {format_day(ended_on)}: is it again?"
