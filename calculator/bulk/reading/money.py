"""Prices as pages print them, and the words for their kinds."""

from __future__ import annotations

import re
from decimal import Decimal

NO_PRICE = frozenset(
    [
        "",
        "-",
        "–",
        "—",
        "n/a",
        "na",
        "none",
        "sold out",
        "unavailable",
        "not available",
        "contact us",
        "contact sales",
        "coming soon",
        "custom",
        "waitlist",
    ]
)
_PRICE = re.compile(
    r"(?:from|starting at|as low as|~|≈)?\s*(?:us\s*)?\$?\s*"
    r"(?P<usd>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)\s*(?:usd)?\s*(?P<per>.*)",
    re.IGNORECASE,
)
_PER_HOUR = re.compile(
    r"(?:(?:per|an|a)?(?:gpu|card)?(?:per|an)?(?:hr|hour|h|hourly)?)", re.IGNORECASE
)
_OTHER_TIME = re.compile(
    r"\b(mo|month|monthly|week|day|daily|min|minute|sec|second|year|yr)\b", re.IGNORECASE
)
_OTHER_MONEY = re.compile(
    r"[€£¥₹]|\b(euros?|eur|pounds?|gbp|chf|jpy|cny|inr|aud|cad|sek)\b", re.IGNORECASE
)

KIND_WORDS = {
    "rent_on_demand": ("on demand", "ondemand", "secure", "secure cloud", "dedicated", "standard"),
    "rent_marketplace": ("marketplace", "community", "community cloud", "lowest offer"),
    "rent_spot": ("spot", "interruptible", "preemptible", "spot instance"),
    "buy_street": ("street", "street price", "retail", "retail price"),
    "buy_new": ("new", "list", "list price"),
    "buy_launch": ("launch", "launch price", "msrp"),
}


def usd_of(text: str) -> Decimal | None:
    """US dollars, of “$2.49/hr”, “USD 2.49 per GPU hour”, “$1,834”; None where there is no price.

    Raises:
        ValueError: in words: another currency, another time than an hour, or no price.
    """
    typed = text.strip()
    if typed.casefold() in NO_PRICE:
        return None
    if is_other_money(typed):
        raise ValueError(f"“{typed}” is not in US dollars: give what it is in dollars.")
    bare = re.sub(r"^usd\s*", "", typed, flags=re.IGNORECASE)
    match = _PRICE.fullmatch(bare)
    if match is None:
        raise ValueError(f"“{typed}” is not a price. Write it as 2.49 or $2.49/hr.")
    if time := _OTHER_TIME.search(match["per"]):
        raise ValueError(f"“{typed}” is for a {time[1]}: give the price of an hour.")
    if not _PER_HOUR.fullmatch(re.sub(r"[\s/*.-]", "", match["per"])):
        raise ValueError(f"“{typed}” is not one price. Write it as 2.49 or $2.49/hr.")
    return Decimal(match["usd"].replace(",", ""))


def is_other_money(text: str) -> bool:
    """Whether a price or a heading says another currency than US dollars: “€2.10”, “price_eur”."""
    return _OTHER_MONEY.search(text.replace("_", " ")) is not None


def kind_of(text: str) -> str | None:
    """The kind of price that a word stands for: “On-demand”, “spot”."""
    wanted = " ".join(re.findall(r"[a-z]+", text.casefold()))
    for kind, words in KIND_WORDS.items():
        if wanted == kind.replace("_", " ") or wanted in words:
            return kind
    return None
