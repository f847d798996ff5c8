"""The changes that would save most memory, each found by running the estimate again.

A saving is the difference of two estimates' device bytes, never a share from a table, so it is
that of this model and these settings: halving the length saves much where activations decide and
nothing where the optimizer step does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.candidates import CANDIDATES, Change
from calculator.estimation.errors import SettingsError
from calculator.estimation.estimate import Estimate, estimate, least_peak_bytes
from calculator.estimation.lora_targets import module_names
from calculator.estimation.settings import TrainingSettings

Estimated = Callable[[Architecture, TrainingSettings], Estimate]
# Less than this is lost in the range of the estimate itself.
SMALLEST_SAVING_FRACTION = 0.01


@dataclass(frozen=True, slots=True)
class Saving:
    """What a change saves: likely device bytes, and bytes allocated at the peak."""

    change: Change
    device_bytes: int
    peak_allocated_bytes: int


def largest_savings(
    architecture: Architecture,
    settings: TrainingSettings,
    *,
    limit: int = 4,
    estimated: Estimated = estimate,
) -> tuple[Saving, ...]:
    """The changes that save most device bytes, most first; none that saves less than 1 %.

    estimated: what a run takes, of one GPU unless it says so. A change that it refuses is none.
    """
    now = estimated(architecture, settings)
    savings = []
    for change in changes(architecture, settings):
        if estimated is estimate and (
            least_peak_bytes(architecture, change.settings) >= now.peak_allocated_bytes
        ):
            # Where the optimizer step decides, few changes matter, and the others need no step.
            continue
        try:
            savings.append(_saving(now, estimated(architecture, change.settings), change))
        except SettingsError:
            continue
    worthwhile = [
        saving
        for saving in savings
        if saving.device_bytes >= SMALLEST_SAVING_FRACTION * now.device_bytes.likely
        and saving.peak_allocated_bytes > 0
    ]
    worthwhile.sort(key=lambda saving: -saving.device_bytes)
    return tuple(worthwhile[:limit])


def _saving(now: Estimate, then: Estimate, change: Change) -> Saving:
    return Saving(
        change,
        now.device_bytes.likely - then.device_bytes.likely,
        now.peak_allocated_bytes - then.peak_allocated_bytes,
    )


def changes(architecture: Architecture, settings: TrainingSettings) -> Iterator[Change]:
    """Every single change that may save memory with these settings."""
    modules = set(module_names(architecture))
    for candidate in CANDIDATES:
        if candidate.needs_experts and not architecture.is_moe:
            continue
        if candidate.applies(settings) and modules.issuperset(candidate.needs_modules):
            yield candidate.change_of(settings)
