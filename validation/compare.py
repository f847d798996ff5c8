"""Holds the estimate to the committed traces: errors by method, without PyTorch.

    python -m validation.compare            summary, and the ten rows that are furthest off
    python -m validation.compare --rows 50  more of them

Exits with 1 if a method misses its bar.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from calculator.estimation.estimate import estimate
from validation.traced import TracedStep, read_traces

METHODS = ("full", "lora", "qlora")
# What the estimate must keep to, for each method: fractions of the traced bytes.
MEDIAN_BAR, P90_BAR, WORST_BAR = 0.02, 0.05, 0.10


@dataclass(frozen=True, slots=True)
class Comparison:
    """A traced step beside the estimate of it."""

    step: TracedStep
    estimated_bytes: int

    @property
    def error_fraction(self) -> float:
        """Of the traced bytes; positive where the estimate is above."""
        return self.estimated_bytes / self.step.peak_bytes - 1


@dataclass(frozen=True, slots=True)
class ErrorSummary:
    """Absolute errors of one method, as fractions of the traced bytes."""

    method: str
    step_count: int
    median_fraction: float
    p90_fraction: float
    worst_fraction: float

    @property
    def meets_bars(self) -> bool:
        return (
            self.median_fraction <= MEDIAN_BAR
            and self.p90_fraction <= P90_BAR
            and self.worst_fraction <= WORST_BAR
        )


def comparisons() -> tuple[Comparison, ...]:
    """Every committed trace beside the estimate of it."""
    return tuple(
        Comparison(step, estimate(step.architecture, step.settings).peak_allocated_bytes)
        for step in read_traces()
    )


def summary_of(method: str, items: Iterable[Comparison]) -> ErrorSummary:
    """The errors of a method's steps. The 90th percentile is that of the nearest rank."""
    errors = sorted(
        abs(item.error_fraction) for item in items if item.step.settings.method == method
    )
    rank = -(-len(errors) * 9 // 10)
    return ErrorSummary(method, len(errors), median(errors), errors[rank - 1], errors[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10, help="how many of the worst to show")
    shown = parser.parse_args().rows
    items = comparisons()
    summaries = [summary_of(method, items) for method in METHODS]
    for item in summaries:
        print(
            f"{item.method:6} {item.step_count:4} steps"
            f"  median {item.median_fraction:.3%}  90th percentile {item.p90_fraction:.3%}"
            f"  worst {item.worst_fraction:.3%}{'' if item.meets_bars else '  misses its bar'}"
        )
    for item in sorted(items, key=lambda item: -abs(item.error_fraction))[:shown]:
        step = item.step
        print(f"{item.error_fraction:+8.2%}  {step.id}  {step.architecture.name}  {step.settings}")
    return 0 if all(item.meets_bars for item in summaries) else 1


if __name__ == "__main__":
    sys.exit(main())
