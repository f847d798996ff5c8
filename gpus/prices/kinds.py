"""What a price is the price of."""

from __future__ import annotations

from django.db import models


class PriceKind(models.TextChoices):
    RENT_ON_DEMAND = "rent_on_demand", "rent: on demand"
    RENT_MARKETPLACE = "rent_marketplace", "rent: marketplace, lowest offer"
    RENT_SPOT = "rent_spot", "rent: spot"
    BUY_STREET = "buy_street", "buy: street price"
    BUY_NEW = "buy_new", "buy: list price of a new one"
    BUY_LAUNCH = "buy_launch", "buy: launch price"

    @property
    def is_rent(self) -> bool:
        """Whether the amount is for an hour."""
        return self in RENT_KINDS


# In the order in which a card takes them: an offer that may be withdrawn any minute comes last.
RENT_KINDS = (PriceKind.RENT_ON_DEMAND, PriceKind.RENT_MARKETPLACE, PriceKind.RENT_SPOT)
# What is asked for a card now, as against what its maker asked once.
BUY_NOW_KINDS = (PriceKind.BUY_STREET, PriceKind.BUY_NEW)
# What a card shows: of the first of these groups of kinds that it has a current price of.
SHOWN_TO_BUY = (BUY_NOW_KINDS, (PriceKind.BUY_LAUNCH,))
SHOWN_TO_RENT = tuple((kind,) for kind in RENT_KINDS)

_WORDS = {
    PriceKind.RENT_ON_DEMAND: "",
    PriceKind.RENT_MARKETPLACE: "lowest offer",
    PriceKind.RENT_SPOT: "spot",
    PriceKind.BUY_STREET: "street price",
    PriceKind.BUY_NEW: "list price",
    PriceKind.BUY_LAUNCH: "launch price",
}


def price_words(kind: PriceKind, provider: str) -> str:
    """What stands before an amount: “launch price”, “RunPod”, “Vast.ai, lowest offer”."""
    return ", ".join(each for each in (provider, _WORDS[kind]) if each)
