"""Why somebody measured another figure than the estimate: what it is itself, then what explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from calculator.estimation import Architecture, Estimate, TrainingSettings, estimate
from calculator.estimation.explaining import (
    Explanation,
    FigureKind,
    FigureRange,
    explain,
    explain_out_of_memory,
    figure_of,
)
from calculator.estimation.savings import Saving, largest_savings
from calculator.estimation.units import GB, GIB
from calculator.estimation.verdict import verdict

FIGURE_KINDS: tuple[FigureKind, ...] = ("allocated", "reserved", "device")
Finding = Literal["agrees", "above", "below", "ran_out_as_expected", "ran_out_unexpectedly"]
MOST_GPUS = 8
# What a desktop, a browser and a second notebook are seen to take; more is a process of its own.
MOST_OF_A_DISPLAY_BYTES = 3 * GB


@dataclass(frozen=True, slots=True)
class Measured:
    """What somebody saw. ran_out: the bytes are the card's, on which the run found no room.

    in_binary_units: it was said in GiB or MiB.
    """

    kind: FigureKind
    bytes: int
    ran_out: bool = False
    in_binary_units: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a measured figure means.

    other_kind: the figure that it would be as another kind; other_unit_bytes: what it would be if
    GB were GiB or the other way round; gpu_count: over how many GPUs it may have been added up.
    Each is set only where it would explain the figure. beyond_bytes: by how much the card's figure
    is above the most that the run holds, where that is as little as a display takes.
    """

    measured: Measured
    estimate: Estimate
    expected: FigureRange
    finding: Finding
    explanations: tuple[Explanation, ...] = ()
    other_kind: FigureKind | None = None
    other_unit_bytes: int = 0
    gpu_count: int = 0
    beyond_bytes: int = 0
    savings: tuple[Saving, ...] = ()


def answer(architecture: Architecture, settings: TrainingSettings, measured: Measured) -> Answer:
    """Find what explains a measured figure of a run with these settings."""
    found = estimate(architecture, settings)
    expected = figure_of(found, measured.kind)
    if measured.ran_out:
        return _ran_out(architecture, settings, measured, found, expected)
    if expected.holds(measured.bytes):
        return Answer(measured, found, expected, "agrees")
    above = measured.bytes > expected.likely
    beyond = measured.bytes - expected.high
    return Answer(
        measured,
        found,
        expected,
        "above" if above else "below",
        savings=largest_savings(architecture, settings, limit=2) if above else (),
        explanations=explain(architecture, settings, measured.kind, measured.bytes),
        other_kind=_other_kind(found, measured),
        other_unit_bytes=_other_unit_bytes(expected, measured),
        gpu_count=_gpu_count(expected, measured.bytes),
        beyond_bytes=(
            beyond if measured.kind == "device" and 0 < beyond <= MOST_OF_A_DISPLAY_BYTES else 0
        ),
    )


def _ran_out(
    architecture: Architecture,
    settings: TrainingSettings,
    measured: Measured,
    found: Estimate,
    expected: FigureRange,
) -> Answer:
    fits = verdict(found.device_bytes, measured.bytes) == "fits"
    return Answer(
        measured,
        found,
        expected,
        "ran_out_unexpectedly" if fits else "ran_out_as_expected",
        explanations=(
            explain_out_of_memory(architecture, settings, measured.bytes) if fits else ()
        ),
        savings=largest_savings(architecture, settings),
    )


def _other_kind(found: Estimate, measured: Measured) -> FigureKind | None:
    for kind in FIGURE_KINDS:
        if kind != measured.kind and figure_of(found, kind).holds(measured.bytes):
            return kind
    return None


def _other_unit_bytes(expected: FigureRange, measured: Measured) -> int:
    right, wrong = (GB, GIB) if measured.in_binary_units else (GIB, GB)
    other = measured.bytes * right // wrong
    return other if expected.holds(other) else 0


def _gpu_count(expected: FigureRange, measured_bytes: int) -> int:
    for count in range(2, MOST_GPUS + 1):
        if expected.low <= measured_bytes / count <= expected.high:
            return count
    return 0
