"""Rows of field_reports.csv, read and written: what people reported beside what we say of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

from calculator.data import FOLDER

FIELD_REPORTS_CSV = FOLDER / "field_reports.csv"
# In the order in which the page lists them.
OUTCOMES = ("wrong", "inexpressible", "right")
KINDS = ("fitted", "out_of_memory", "measured")


@dataclass(frozen=True, slots=True)
class FieldReportRow:
    """One report with our answer, in bytes per GPU.

    kind is one of KINDS, outcome one of OUTCOMES. report: what was seen, in our words; assumed:
    which inputs the report leaves open. measured_bytes, measured_as (as it was
    written) and counter are of measured ones.
    low_bytes to high_bytes are of what the counter shows, None where nothing can be asked; answer
    is "fits", "tight" or "too small" for the card, "" without one. missing: settings that cannot
    be stated, in words.
    """

    id: str
    source: str
    url: str
    date: str
    model: str
    method: str
    settings: str
    gpus: str
    report: str
    assumed: str
    kind: str
    card_bytes: int | None
    measured_bytes: int | None
    measured_as: str
    counter: str
    low_bytes: int | None
    likely_bytes: int | None
    high_bytes: int | None
    answer: str
    outcome: str
    missing: str
    calculator_query: str


@lru_cache(maxsize=1)
def field_report_rows() -> tuple[FieldReportRow, ...]:
    """All reports, in the file's order. Read once: the file is part of a release."""
    with FIELD_REPORTS_CSV.open(encoding="utf-8", newline="") as file:
        return tuple(FieldReportRow(**_values(row)) for row in csv.DictReader(file))


def field_reports_csv_text(rows: Iterable[FieldReportRow]) -> str:
    """The whole file."""
    out = io.StringIO()
    columns = [each.name for each in fields(FieldReportRow)]
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return out.getvalue()


def _values(row: dict[str, str]) -> dict[str, Any]:
    return {each.name: _READ[str(each.type)](row[each.name]) for each in fields(FieldReportRow)}


# How a cell is read, by its field's type.
_READ: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int | None": lambda cell: int(cell) if cell else None,
}
