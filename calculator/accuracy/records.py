"""Rows of accuracy.csv: what was predicted beside what was traced or measured."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ACCURACY_CSV = Path(__file__).parents[1] / "data" / "accuracy.csv"


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One comparison, in bytes per GPU.

    kind is "measured" or "traced"; counter says which of our figures it is: "allocated",
    "reserved", "device" or, where the source does not say, "unstated". is_best_evidence: every
    input known, well documented, one GPU.
    """

    kind: str
    id: str
    source: str
    url: str
    model: str
    method: str
    settings: str
    gpu_count: int
    gpu: str
    counter: str
    is_best_evidence: bool
    actual_low_bytes: int
    actual_high_bytes: int
    predicted_bytes: int
    predicted_low_bytes: int
    predicted_high_bytes: int
    rule_of_thumb_bytes: int | None
    remarks: str
    calculator_query: str

    @property
    def actual_bytes(self) -> int:
        """The middle, where a source leaves its unit open."""
        return (self.actual_low_bytes + self.actual_high_bytes) // 2

    @property
    def error_fraction(self) -> float:
        """How much more than actual was predicted; negative for less."""
        return self.predicted_bytes / self.actual_bytes - 1

    @property
    def rule_of_thumb_error_fraction(self) -> float | None:
        """The same of bytes per parameter × parameters; None on several GPUs."""
        if self.rule_of_thumb_bytes is None:
            return None
        return self.rule_of_thumb_bytes / self.actual_bytes - 1

    @property
    def is_within_range(self) -> bool:
        """Whether the actual figure lies between our low and high."""
        return (
            self.predicted_low_bytes <= self.actual_high_bytes
            and self.predicted_high_bytes >= self.actual_low_bytes
        )


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A run that is not compared, and why."""

    id: str
    source: str
    reason: str


@lru_cache(maxsize=1)
def accuracy_rows() -> tuple[AccuracyRow, ...]:
    """All comparisons, in the file's order. Read once: the file is part of a release."""
    return tuple(_row(row) for row in _rows() if not row["left_out_because"])


@lru_cache(maxsize=1)
def left_out_rows() -> tuple[LeftOutRow, ...]:
    """All runs that are not compared."""
    return tuple(
        LeftOutRow(row["id"], row["source"], row["left_out_because"])
        for row in _rows()
        if row["left_out_because"]
    )


def _rows() -> list[dict[str, str]]:
    with ACCURACY_CSV.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _row(row: dict[str, str]) -> AccuracyRow:
    rule = row["rule_of_thumb_bytes"]
    return AccuracyRow(
        kind=row["kind"],
        id=row["id"],
        source=row["source"],
        url=row["url"],
        model=row["model"],
        method=row["method"],
        settings=row["settings"],
        gpu_count=int(row["gpus"]),
        gpu=row["gpu"],
        counter=row["counter"],
        is_best_evidence=row["evidence"] == "best",
        actual_low_bytes=int(row["actual_low_bytes"]),
        actual_high_bytes=int(row["actual_high_bytes"]),
        predicted_bytes=int(row["predicted_bytes"]),
        predicted_low_bytes=int(row["predicted_low_bytes"]),
        predicted_high_bytes=int(row["predicted_high_bytes"]),
        rule_of_thumb_bytes=int(rule) if rule else None,
        remarks=row["remarks"],
        calculator_query=row["calculator_query"],
    )
