"""Where the prices of a list come from: each source and day said once, under a number."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from gpus.presenters import PriceView


@dataclass(frozen=True, slots=True)
class PriceNote:
    """What prices of one source, seen on one day, have in common."""

    source_name: str
    source_url: str
    checked_on: dt.date
    may_be_out_of_date: bool


@dataclass(frozen=True, slots=True)
class NotedPrice:
    """A price and the number of its note, from 1."""

    price: PriceView
    note: int


class PriceNotes:
    """The notes of a list, numbered as its rows need them."""

    def __init__(self) -> None:
        self._numbers: dict[PriceNote, int] = {}

    def noted(self, price: PriceView | None) -> NotedPrice | None:
        if price is None:
            return None
        note = PriceNote(
            price.source_name, price.source_url, price.checked_on, price.may_be_out_of_date
        )
        return NotedPrice(price, self._numbers.setdefault(note, len(self._numbers) + 1))

    def all(self) -> tuple[PriceNote, ...]:
        """In the order of their numbers."""
        return tuple(self._numbers)
