"""What of a price an editor should confirm: it may be right, and is more often a slip."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gpus.prices.models import PriceObservation
from gpus.pricing.forms import leap_times, leaps


def price_oddities() -> Callable[[Any], tuple[str, ...]]:
    """A function that says, in words, what is odd about a price against those that are known now."""
    last: dict[tuple[int, str, str], Decimal] = {}
    rows = PriceObservation.objects.published().order_by("checked_on", "-usd")
    for gpu_id, kind, provider, usd in rows.values_list("gpu_id", "kind", "provider", "usd"):
        last[gpu_id, kind, provider] = last[gpu_id, kind, ""] = usd

    def oddities(price: PriceObservation) -> tuple[str, ...]:
        before = last.get(
            (price.gpu_id, price.kind, price.provider), last.get((price.gpu_id, price.kind, ""))
        )
        if before is None or not leaps(price.usd, before):
            return ()
        times = f"{leap_times(price.usd, before):,} times"
        than = "the last price" if price.usd > before else "less than the last price"
        return (f"{times} {than} of its kind, ${before.normalize():f}.",)

    return oddities
