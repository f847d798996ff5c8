"""Which of a GPU's prices are current, which of them a card shows, and how they moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby

from gpus.prices.kinds import SHOWN_TO_BUY, SHOWN_TO_RENT, PriceKind
from gpus.specs import GpuPrices, Price, PriceSeries

_ORDER = {kind.value: place for place, kind in enumerate(PriceKind)}


def gpu_prices(observations: Iterable[Price]) -> GpuPrices:
    """What is known of one GPU's prices, from all that anybody saw."""
    ordered = sorted(
        observations, key=lambda p: (_ORDER[p.kind_slug], p.provider, p.checked_on, -p.usd)
    )
    series = tuple(
        _series(kind_slug, provider, list(seen))
        for (kind_slug, provider), seen in groupby(ordered, lambda p: (p.kind_slug, p.provider))
    )
    current = tuple(each.newest for each in series if each.ended_on is None)
    return GpuPrices(
        to_buy=_shown(current, SHOWN_TO_BUY),
        to_rent=_shown(current, SHOWN_TO_RENT),
        series=series,
    )


def _shown(current: Sequence[Price], groups: Iterable[Iterable[PriceKind]]) -> Price | None:
    """The newest of the first group of kinds that has one; `shown.py` asks the database for it."""
    return next(filter(None, (_newest(current, kinds) for kinds in groups)), None)


def _newest(current: Iterable[Price], kinds: Iterable[PriceKind]) -> Price | None:
    """Of these kinds the one seen last, and of one day the cheapest."""
    slugs = {kind.value for kind in kinds}
    wanted = [price for price in current if price.kind_slug in slugs]
    return min(wanted, key=lambda p: (-p.checked_on.toordinal(), p.usd), default=None)


def _series(kind_slug: str, provider: str, seen: list[Price]) -> PriceSeries:
    """The newest, and where a series of one provider begins, changes and ends.

    A price that was checked and found unchanged adds no point to a curve, unless the offer was gone
    on one side of it.
    """
    points = [
        price
        for before, price, after in zip([None, *seen[:-1]], seen, [*seen[1:], None], strict=True)
        if before is None
        or after is None
        or before.ended_on
        or price.ended_on
        or not before.usd == price.usd == after.usd
    ]
    return PriceSeries(kind_slug, provider, seen[-1], tuple(points), _ended_on(seen))


def _ended_on(seen: list[Price]) -> dt.date | None:
    """Since when nobody offers it; a price that was seen on that day or later is an offer again."""
    newest = seen[-1]
    if newest.ended_on:
        return newest.ended_on
    ends = (each.ended_on for each in seen if each.ended_on)
    return max((day for day in ends if day > newest.checked_on), default=None)
