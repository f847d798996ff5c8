"""Choosing rows, and how far off the chosen ones are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from calculator.pages.accuracy.records import AccuracyRow

METHODS = ("full", "lora", "qlora")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows: "" means any. evidence "best" keeps those whose every input is known."""

    kind: str = "measured"
    method: str = ""
    counter: str = ""
    gpus: str = ""
    evidence: str = "best"

    def keeps(self, row: AccuracyRow) -> bool:
        return (
            row.kind == self.kind
            and self.method in ("", row.method)
            and self.counter in ("", row.counter)
            and (self.gpus == "" or (self.gpus == "one") == (row.gpu_count == 1))
            and (self.evidence == "" or row.is_best_evidence)
        )

    def of(self, rows: Iterable[AccuracyRow]) -> list[AccuracyRow]:
        return [row for row in rows if self.keeps(row)]

    def with_method(self, method: str) -> Selection:
        return replace(self, method=method)


@dataclass(frozen=True, slots=True)
class Errors:
    """Absolute errors of several rows, as fractions; 0.1 is 10 %."""

    count: int
    median_fraction: float
    p90_fraction: float
    worst_fraction: float


def errors_of(fractions: Iterable[float | None]) -> Errors | None:
    """Median, 90th percentile and worst of the errors' sizes; None without any."""
    sizes = sorted(abs(fraction) for fraction in fractions if fraction is not None)
    if not sizes:
        return None
    return Errors(len(sizes), median(sizes), percentile(sizes, 0.9), sizes[-1])


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """The value at that fraction of the sorted values, interpolated between neighbours."""
    place = (len(ordered) - 1) * fraction
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def share_within_range(rows: Sequence[AccuracyRow]) -> float:
    """The share of rows whose actual figure lies between our low and high."""
    return sum(row.is_within_range for row in rows) / len(rows)
