"""The price that a card shows, asked of the database: what choosing.py chooses, for lists to sort by."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, OuterRef, Subquery, Value, When

from gpus.prices.kinds import PriceKind
from gpus.prices.models import PriceObservation


def shown(groups: Sequence[Sequence[PriceKind]], column: str) -> Subquery:
    """A column of the price that the GPU of the query outside shows; nothing where there is none."""
    place = Case(
        *(When(kind__in=kinds, then=Value(number)) for number, kinds in enumerate(groups))
    )
    kinds = [kind for each in groups for kind in each]
    prices = PriceObservation.objects.current().filter(gpu=OuterRef("pk"), kind__in=kinds)
    return Subquery(prices.order_by(place, "-checked_on", "usd").values(column)[:1])
