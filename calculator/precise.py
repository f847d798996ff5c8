"""From a model and its training settings to what a method takes and what holds it.

The precise counterpart of `results.py`, for pages and the API alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from calculator.catalog import Catalog
from calculator.estimation import Architecture, Estimate, TrainingSettings, estimate
from calculator.estimation import rule_of_thumb as by_rule_of_thumb
from calculator.estimation.settings import CHOICES
from calculator.subjects import Subject
from gpus.fitting import GpuSetup, Setup, alternatives, minimum_setup

# The methods that the core estimates; an editor's further presets have the rule of thumb alone.
PRECISE_METHODS = CHOICES["method"]
SHARDED = (
    "More than one GPU: weights, gradients and optimizer states are spread evenly over them"
    " (ZeRO-3 or FSDP). What every GPU holds a copy of is not added."
)


@dataclass(frozen=True, slots=True)
class PreciseResult:
    """One method's estimate and the smallest setup that holds its likely device bytes.

    rule_of_thumb_bytes is None where the editors have not published the method's preset.
    """

    slug: str
    name: str
    settings: TrainingSettings
    architecture: Architecture
    estimate: Estimate
    rule_of_thumb_bytes: int | None
    minimum: Setup | None
    alternatives: tuple[GpuSetup, ...]

    @property
    def memory_bytes(self) -> int:
        return self.estimate.device_bytes.likely

    @property
    def range_bytes(self) -> tuple[int, int]:
        return (self.estimate.device_bytes.low, self.estimate.device_bytes.high)

    @property
    def assumptions(self) -> tuple[str, ...]:
        is_sharded = self.minimum is not None and self.minimum.gpu_count > 1
        return (*self.estimate.assumptions, *([SHARDED] if is_sharded else []))


def precise_result(
    catalog: Catalog, subject: Subject, architecture: Architecture, settings: TrainingSettings
) -> PreciseResult:
    """Estimate one run and fit it into the catalog's ladder by its likely device bytes."""
    found = estimate(architecture, settings)
    device_bytes = found.device_bytes.likely
    minimum = minimum_setup(device_bytes, catalog.usable_tiers)
    preset = catalog.methods_by_slug.get(settings.method)
    return PreciseResult(
        slug=settings.method,
        name=settings.method if preset is None else preset.name,
        settings=settings,
        architecture=architecture,
        estimate=found,
        rule_of_thumb_bytes=(
            None
            if preset is None
            else _whole(by_rule_of_thumb.estimate(preset, subject.params_b).memory_bytes)
        ),
        minimum=minimum,
        alternatives=alternatives(device_bytes, minimum, catalog.usable_tiers),
    )


def _whole(memory_bytes: Decimal) -> int:
    return int(memory_bytes.to_integral_value(ROUND_HALF_UP))
