"""Asks the estimate what each report was about, and judges the answer."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Literal

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.rows import architecture_from_row
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import STRATEGIES, Sharding
from calculator.estimation.device import CONTEXT_BYTES
from calculator.estimation.errors import ConfigError, SettingsError
from calculator.estimation.estimate import Estimate
from calculator.estimation.settings import TrainingSettings, settings_from_mapping
from validation.field.records import FieldReport
from validation.measured.models import CATALOG, architecture_of

Outcome = Literal["right", "wrong", "inexpressible"]
Answer = Literal["fits", "tight", "too small", ""]

# How far the likely figure may be from a measured one that lies outside low to high.
TOLERANCE = 0.15


@dataclass(frozen=True, slots=True)
class Judged:
    """A report with our answer. Bytes are per GPU, of what the report's counter shows.

    outcome: "inexpressible" where a setting or the model cannot be stated; missing names them, and
    the figures are then those of the run without these settings, where there are any. agrees:
    whether these figures are right, whatever could not be stated.
    """

    report: FieldReport
    outcome: Outcome
    missing: tuple[str, ...]
    agrees: bool
    answer: Answer
    low_bytes: int = 0
    likely_bytes: int = 0
    high_bytes: int = 0

    @property
    def error_fraction(self) -> float | None:
        """How much more (or, negative, less) than measured, of the likely figure."""
        if not self.report.measured_bytes or not self.likely_bytes:
            return None
        return self.likely_bytes / self.report.measured_bytes - 1


@lru_cache(maxsize=1)
def _catalog() -> dict[str, dict[str, str]]:
    with CATALOG.open(encoding="utf-8", newline="") as file:
        return {row["slug"]: row for row in csv.DictReader(file)}


def architecture_of_report(report: FieldReport) -> Architecture:
    """The architecture of the report's model.

    Raises:
        ConfigError: the catalog has its parameters only, or does not have it at all.
    """
    if report.model:
        return architecture_from_row(_catalog()[report.model])
    found = architecture_of(report.hf_id)
    if found is None:
        raise ConfigError([])
    return found


def model_name(report: FieldReport) -> str:
    """The model's name on the Hub."""
    return _catalog()[report.model]["hf_id"] if report.model else report.hf_id


def judge(report: FieldReport) -> Judged:
    """Ask for the report's run and judge the answer."""
    try:
        architecture = architecture_of_report(report)
    except ConfigError:
        return _not_asked(report, ("model",))
    settings, missing = settings_of_report(report)
    try:
        found = _estimate(architecture, settings, report)
    except SettingsError as error:
        return _not_asked(report, (*missing, *(each.field for each in error.errors)))
    low, likely, high = _figures(found, report)
    agrees = _agrees(report, low, likely, high)
    outcome: Outcome = "right" if agrees else "wrong"
    return Judged(
        report=report,
        outcome="inexpressible" if missing else outcome,
        missing=missing,
        agrees=agrees,
        answer=_answer(report, found),
        low_bytes=low,
        likely_bytes=likely,
        high_bytes=high,
    )


def _not_asked(report: FieldReport, missing: tuple[str, ...]) -> Judged:
    return Judged(report, "inexpressible", missing, agrees=False, answer="")


def settings_of_report(report: FieldReport) -> tuple[TrainingSettings, tuple[str, ...]]:
    """The settings, with those of `later` that can be said by now, and the names that cannot."""
    values: dict[str, Any] = dict(report.settings)
    known = {item.name for item in fields(TrainingSettings)}
    missing = []
    for name, value in report.later.items():
        if name in known and _is_valid({**values, name: value}, report.method):
            values[name] = value
        else:
            missing.append(name)
    return settings_from_mapping(values, method=report.method), tuple(missing)


def _is_valid(values: Mapping[str, Any], method: str) -> bool:
    try:
        settings_from_mapping(values, method=method)
    except SettingsError:
        return False
    return True


def _estimate(
    architecture: Architecture, settings: TrainingSettings, report: FieldReport
) -> Estimate:
    name: str = report.strategy.removesuffix("_whole")
    if name not in STRATEGIES:
        name = name.rstrip("12")
    sharding = Sharding(
        next(each for each in STRATEGIES if each == name),
        report.gpu_count,
        next(each for each in ("none", "optimizer", "parameters") if each == report.offload),
        # Reports of FSDP 1 are of transformers before 5, whose checkpoints were reentrant.
        keeps_layer_inputs=report.strategy == "fsdp1",
        shards_4bit_weights=report.strategy != "fsdp2_whole",
    )
    return estimate_sharded(architecture, settings, sharding).per_gpu


def _figures(found: Estimate, report: FieldReport) -> tuple[int, int, int]:
    """Low, likely and high bytes of what the report's counter shows."""
    if report.counter == "max_memory_allocated":
        return (found.peak_allocated_bytes,) * 3
    device = found.device_bytes
    context = CONTEXT_BYTES if report.counter == "max_memory_reserved" else (0, 0, 0)
    return device.low - context[0], device.likely - context[1], device.high - context[2]


def _answer(report: FieldReport, found: Estimate) -> Answer:
    if report.card_bytes is None:
        return ""
    if found.device_bytes.high <= report.card_bytes:
        return "fits"
    return "tight" if found.device_bytes.low <= report.card_bytes else "too small"


def _agrees(report: FieldReport, low: int, likely: int, high: int) -> bool:
    measured = report.measured_bytes
    if measured is not None:
        return low <= measured <= high or abs(likely / measured - 1) <= TOLERANCE
    assert report.card_bytes is not None
    return (low <= report.card_bytes) == (report.kind == "fitted")
