"""In which order setups stand, and which of them is the best of its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from calculator.answer.setups import FitRow

DEFAULT_SORT = "memory"
SORTS = {
    "memory": "smallest first",
    "price_per_hour": "cheapest per hour first",
    "price_to_buy": "cheapest to buy first",
    "time": "quickest first",
    "cost": "cheapest run first",
}


def total_memory(row: FitRow) -> tuple[bool, int, int]:
    return (row.is_offloaded, row.gpu.memory_gb * row.gpu_count, row.gpu_count)


def rent(row: FitRow) -> Decimal | None:
    """USD per hour, unless the price is not known or stale."""
    return None if row.is_rent_stale else row.usd_per_hour


def retail(row: FitRow) -> Decimal | None:
    """USD to buy, unless the price is not known or stale."""
    return None if row.is_retail_stale else row.retail_usd


def seconds(row: FitRow) -> float | None:
    return None if row.run_time is None else row.run_time.run_seconds.likely


def cost(row: FitRow) -> float | None:
    """USD for the run, unless its price is not known or stale."""
    return None if row.is_rent_stale else _any_cost(row)


def _any_cost(row: FitRow) -> float | None:
    return None if row.cost_usd is None else row.cost_usd.likely


# Each order's value, and the value where a stale price will do.
VALUES: dict[str, tuple[Callable[[FitRow], Any], Callable[[FitRow], Any]]] = {
    "memory": (total_memory, total_memory),
    "price_per_hour": (rent, lambda row: row.usd_per_hour),
    "price_to_buy": (retail, lambda row: row.retail_usd),
    "time": (seconds, seconds),
    "cost": (cost, _any_cost),
}


def sort_rows(rows: Iterable[FitRow], sort: str) -> tuple[FitRow, ...]:
    """Lowest value first, then those with a stale price, then those without, smallest first."""
    value, stale_value = VALUES[sort]
    left = sorted(rows, key=total_memory)
    result: list[FitRow] = []
    for each in (value, stale_value):
        known = [row for row in left if each(row) is not None]
        result += sorted(known, key=each)
        left = [row for row in left if each(row) is None]
    return (*result, *left)


@dataclass(frozen=True, slots=True)
class Best:
    """The setups that a visitor will most likely want to know of; None where none has a price."""

    smallest: FitRow | None
    """The smallest with room for the likely figure, as a calculator's minimum has."""
    smaller_but_tight: FitRow | None
    cheapest_per_hour: FitRow | None
    cheapest_run: FitRow | None
    quickest: FitRow | None


def best_of(rows: Iterable[FitRow]) -> Best:
    """The smallest that is likely to do, by the rule of every minimum, with what is smaller and
    tight beside it; and the best of those that fit with room, or else of those that are tight.
    """
    all_rows = [row for row in rows if not row.is_offloaded]
    roomy = [row for row in all_rows if row.setup.verdict == "fits"]
    likely = [row for row in all_rows if row.setup.is_likely_to_fit]
    chosen = roomy or likely or all_rows

    def least(value: Callable[[FitRow], Any]) -> FitRow | None:
        return min((row for row in chosen if value(row) is not None), key=value, default=None)

    smallest = min(likely or all_rows, key=total_memory, default=None)
    tight = min(all_rows, key=total_memory, default=None)
    return Best(
        smallest=smallest,
        smaller_but_tight=(
            tight
            if tight is not None
            and smallest is not None
            and total_memory(tight) < total_memory(smallest)
            else None
        ),
        cheapest_per_hour=least(rent),
        cheapest_run=least(cost),
        quickest=least(seconds),
    )
