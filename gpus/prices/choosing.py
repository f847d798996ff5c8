"""Which of a GPU's prices are current, which of them a card shows, and how they moved."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from gpus.prices.kinds import BUY_NOW_KINDS, RENT_KINDS, PriceKind
from gpus.specs import GpuPrices, Price, PriceSeries

_ORDER = {kind.value: place for place, kind in enumerate(PriceKind)}


def gpu_prices(observations: Iterable[Price]) -> GpuPrices:
    """What is known of one GPU's prices, from all that anybody saw."""
    ordered = sorted(
        observations, key=lambda p: (_ORDER[p.kind_slug], p.provider, p.checked_on, -p.usd)
    )
    series = tuple(
        PriceSeries(kind_slug, provider, *_moves(list(seen)))
        for (kind_slug, provider), seen in groupby(ordered, lambda p: (p.kind_slug, p.provider))
    )
    current = tuple(each.newest for each in series)
    return GpuPrices(
        to_buy=(_newest(current, BUY_NOW_KINDS) or _newest(current, (PriceKind.BUY_LAUNCH,))),
        to_rent=next(filter(None, (_newest(current, (kind,)) for kind in RENT_KINDS)), None),
        series=series,
    )


def _newest(current: Iterable[Price], kinds: Iterable[PriceKind]) -> Price | None:
    """Of these kinds the one seen last, and of one day the cheapest."""
    slugs = {kind.value for kind in kinds}
    wanted = [price for price in current if price.kind_slug in slugs]
    return min(wanted, key=lambda p: (-p.checked_on.toordinal(), p.usd), default=None)


def _moves(seen: list[Price]) -> tuple[Price, tuple[Price, ...]]:
    """The newest, and where a series of one provider begins, changes and ends.

    A price that was checked and found unchanged adds no point to a curve.
    """
    points = [
        price
        for before, price, after in zip([None, *seen[:-1]], seen, [*seen[1:], None], strict=True)
        if before is None or after is None or not before.usd == price.usd == after.usd
    ]
    return seen[-1], tuple(points)
