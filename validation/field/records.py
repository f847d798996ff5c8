"""Rows of field_reports.csv as typed values."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from calculator.estimation.units import GB

FIELD_REPORTS = Path(__file__).parents[1] / "field_reports.csv"

Kind = Literal["fitted", "out_of_memory", "measured"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Counter = Literal["", "nvidia-smi", "max_memory_reserved", "max_memory_allocated", "stated"]
COUNTERS: tuple[Counter, ...] = get_args(Counter)
# How the reports name a strategy: FSDP's two versions differ in what they keep. "fsdp2_whole" is
# FSDP 2 that leaves quantised weights whole on each GPU.
ReportedStrategy = Literal[
    "none", "ddp", "zero1", "zero2", "zero3", "fsdp1", "fsdp2", "fsdp2_whole"
]
REPORTED_STRATEGIES: tuple[ReportedStrategy, ...] = get_args(ReportedStrategy)


@dataclass(frozen=True, slots=True)
class FieldReport:
    """One report. Bytes are per GPU.

    report: what was seen, in our words. model: a slug of calculator/data/models.csv, or hf_id
    where the catalog has none. settings: of `TrainingSettings`, method apart. later: settings that
    the report has and that could not be said when it was written down, under the names that they
    are expected to get. card_bytes: what nvidia-smi shows as the card's whole (docs/data.md,
    usable_memory_mib). counter: "stated" where the source does not say what it counted.
    certainty: which inputs are assumed, and from where.
    """

    id: str
    source: str
    url: str
    date: str
    report: str
    model: str
    hf_id: str
    method: str
    settings: Mapping[str, Any]
    gpu_count: int
    strategy: ReportedStrategy
    offload: str
    gpu: str
    card_bytes: int | None
    kind: Kind
    measured_bytes: int | None
    measured_as: str
    counter: Counter
    later: Mapping[str, Any]
    certainty: str


def read_field_reports(path: Path = FIELD_REPORTS) -> tuple[FieldReport, ...]:
    """All committed reports, in the file's order."""
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(_report(row) for row in csv.DictReader(file))


def _report(row: Mapping[str, str]) -> FieldReport:
    kind = next(each for each in KINDS if each == row["kind"])
    counter = next(each for each in COUNTERS if each == row["measured_what"])
    return FieldReport(
        id=row["id"],
        source=row["source"],
        url=row["url"],
        date=row["date"],
        report=row["report"],
        model=row["model"],
        hf_id=row["hf_id"],
        method=row["method"],
        settings=json.loads(row["settings"]),
        gpu_count=int(row["gpu_count"]),
        strategy=next(each for each in REPORTED_STRATEGIES if each == row["strategy"]),
        offload=row["offload"],
        gpu=row["gpu"],
        card_bytes=_bytes(row["card_gb"]),
        kind=kind,
        measured_bytes=_bytes(row["measured_gb"]),
        measured_as=row["measured_as"],
        counter=counter,
        later=json.loads(row["not_yet_sayable"] or "{}"),
        certainty=row["certainty"],
    )


def _bytes(gb: str) -> int | None:
    return round(float(gb) * GB) if gb else None
