"""Predicted against measured: `python -m validation.measured.report` prints it.

Also recomputes what device.py states of the published runs: where device bytes lie between the
allocated bytes and those without reuse, and how far above they go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.device import CONTEXT_BYTES, GAPS_FRACTION, LIKELY_FRACTION
from calculator.estimation.errors import SettingsError
from calculator.estimation.estimate import Estimate, estimate
from calculator.estimation.units import GIB
from validation.measured.mapping import Comparable, NotComparable, comparison_of
from validation.measured.runs import read_runs

# What nvidia-smi shows as the whole of the cards in the runs, in GiB.
CARD_GIB = {"A100-80GB": 79.3, "T4": 14.7}


@dataclass(frozen=True, slots=True)
class Prediction:
    """Our figure for a run, of the kind that it is compared with, in bytes per GPU."""

    comparable: Comparable
    estimate: Estimate
    low_bytes: int
    bytes: int
    high_bytes: int

    @property
    def error_fraction(self) -> float:
        """How much more (or, negative, less) than measured."""
        return self.bytes / self.comparable.measured_bytes - 1

    @property
    def is_within_range(self) -> bool:
        """Whether the measured figure, or a part of its range, lies in ours."""
        return (
            self.low_bytes <= self.comparable.high_bytes
            and self.high_bytes >= self.comparable.low_bytes
        )


def prediction_of(comparable: Comparable) -> Prediction | NotComparable:
    """Our figure, or why there is none."""
    try:
        found = _estimate(comparable)
    except SettingsError as error:
        return NotComparable(comparable.run, f"Cannot be sharded so: {error}")
    if comparable.figure == "allocated":
        peak = found.peak_allocated_bytes
        return Prediction(comparable, found, peak, peak, peak)
    device = found.device_bytes
    context = CONTEXT_BYTES if comparable.figure == "reserved" else (0, 0, 0)
    return Prediction(
        comparable,
        found,
        device.low - context[0],
        device.likely - context[1],
        device.high - context[2],
    )


def _estimate(comparable: Comparable) -> Estimate:
    if comparable.gpu_count == 1:
        return estimate(comparable.architecture, comparable.settings)
    return estimate_sharded(
        comparable.architecture, comparable.settings, comparable.sharding
    ).per_gpu


def predictions() -> tuple[list[Prediction], list[NotComparable]]:
    """All measured runs: those with a prediction, and those left out."""
    made: list[Prediction] = []
    left_out: list[NotComparable] = []
    for run in read_runs():
        result = comparison_of(run)
        if isinstance(result, Comparable):
            prediction = prediction_of(result)
            if isinstance(prediction, Prediction):
                made.append(prediction)
                continue
            result = prediction
        left_out.append(result)
    return made, left_out


def percentile(values: Sequence[float], fraction: float) -> float:
    """The value at that fraction of the sorted values, interpolated between neighbours."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * fraction
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def reuse_of(items: Iterable[Prediction]) -> tuple[list[float], list[float]]:
    """Where measured device bytes lie between the allocated and those without reuse.

    First list: 0 where all memory was used again, 1 where none was, of the runs that left room on
    their card (on a full one the allocator gives blocks back). Second: measured over none, less 1.
    Both without the context, as in `device_bytes`.
    """
    places, above = [], []
    for item in items:
        allocated = item.estimate.peak_allocated_bytes
        device = item.estimate.device_bytes
        spread = (device.likely - CONTEXT_BYTES[1] - allocated) / LIKELY_FRACTION
        held = item.comparable.measured_bytes
        held -= 0 if item.comparable.figure == "reserved" else CONTEXT_BYTES[1]
        card = next(size for name, size in CARD_GIB.items() if name in item.comparable.run.gpu)
        has_room = allocated + spread + CONTEXT_BYTES[1] < card * GIB
        if has_room and spread > 0.02 * allocated:
            places.append((held - allocated) / spread)
        above.append(held / (allocated + spread) - 1)
    return places, above


def _print(title: str, items: list[Prediction]) -> None:
    errors = [abs(item.error_fraction) for item in items]
    inside = sum(item.is_within_range for item in items) / len(items)
    print(  # noqa: T201
        f"{title:34} {len(items):4} runs  median {median(errors):6.1%}"
        f"  p90 {percentile(errors, 0.9):6.1%}  in range {inside:4.0%}"
    )


def main() -> None:
    made, left_out = predictions()
    best = [item for item in made if item.comparable.is_best_evidence]
    for figure in ("allocated", "device", "reserved"):
        of_figure = [item for item in best if item.comparable.figure == figure]
        _print(f"best evidence, {figure}", of_figure)
        for method in ("full", "lora", "qlora"):
            chosen = [item for item in of_figure if item.comparable.settings.method == method]
            _print(f"  {method}", chosen)
    places, above = reuse_of(item for item in best if item.comparable.figure == "device")
    print(  # noqa: T201
        f"between reuse and none: median {median(places):.2f} (stated {LIKELY_FRACTION});"
        f" above none: p90 {percentile(above, 0.9):.1%} (stated {GAPS_FRACTION:.0%})"
    )
    for item in sorted(best, key=lambda item: -abs(item.error_fraction))[:20]:
        run = item.comparable.run
        print(  # noqa: T201
            f"{run.id:12} {item.comparable.figure:9} {item.error_fraction:+7.1%}"
            f" {item.comparable.architecture.name}; {'; '.join(item.comparable.remarks)}"
        )
    print(f"{len(left_out)} runs are left out.")  # noqa: T201


if __name__ == "__main__":
    main()
