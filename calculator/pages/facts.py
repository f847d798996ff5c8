"""A fact with where it comes from, as components/fact.html prints it."""

from __future__ import annotations

from dataclasses import dataclass

from gpus.presenters import PriceView


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of a list of facts: a text, a text that links to its source, or a dated price."""

    label: str
    value: str
    note: str = ""
    url: str = ""
    price: PriceView | None = None
