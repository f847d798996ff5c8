"""Rows of accuracy.csv, read and written: what was predicted beside what was traced or measured."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from calculator.data import FOLDER

ACCURACY_CSV = FOLDER / "accuracy.csv"


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
    url: str
    model: str
    method: str
    gpu_count: int
    gpu: str
    actual_low_bytes: int
    actual_high_bytes: int
    reason: str


# Columns of the file that are not called as their fields are.
_COLUMNS = {"gpu_count": "gpus", "is_best_evidence": "evidence", "reason": "left_out_because"}
_LEFT_OUT = "left_out_because"


def _column(name: str) -> str:
    return _COLUMNS.get(name, name)


@lru_cache(maxsize=1)
def accuracy_rows() -> tuple[AccuracyRow, ...]:
    """All comparisons, in the file's order. Read once: the file is part of a release."""
    return tuple(AccuracyRow(**_values(AccuracyRow, row)) for row in _rows() if not row[_LEFT_OUT])


@lru_cache(maxsize=1)
def left_out_rows() -> tuple[LeftOutRow, ...]:
    """All runs that are not compared."""
    return tuple(LeftOutRow(**_values(LeftOutRow, row)) for row in _rows() if row[_LEFT_OUT])


def accuracy_csv_text(rows: Iterable[AccuracyRow | LeftOutRow]) -> str:
    """The whole file."""
    out = io.StringIO()
    columns = [*(_column(each.name) for each in fields(AccuracyRow)), _LEFT_OUT]
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_cells(row) for row in rows)
    return out.getvalue()


def _rows() -> list[dict[str, str]]:
    with ACCURACY_CSV.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _values(record: type[AccuracyRow | LeftOutRow], row: Mapping[str, str]) -> dict[str, Any]:
    return {each.name: _READ[str(each.type)](row[_column(each.name)]) for each in fields(record)}


def _cells(row: AccuracyRow | LeftOutRow) -> dict[str, str | int]:
    cells = {_column(each.name): getattr(row, each.name) for each in fields(row)}
    if isinstance(row, LeftOutRow):
        return {"kind": "measured", "evidence": "left out", **cells}
    return {**cells, "evidence": "best" if row.is_best_evidence else "other"}


# How a cell is read, by its field's type.
_READ: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "int | None": lambda cell: int(cell) if cell else None,
    "bool": lambda cell: cell == "best",
}
