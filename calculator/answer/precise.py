"""From a model and its training settings to what a method takes and what holds it.

The precise counterpart of `rule_of_thumb.py`, for pages and the API alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from calculator.answer.ladder import LadderSetup, holds, smallest_on_ladder, tight_below
from calculator.answer.timing import timed
from calculator.catalog import Catalog
from calculator.estimation import Architecture, Estimate, TrainingSettings, estimate
from calculator.estimation import rule_of_thumb as by_rule_of_thumb
from calculator.estimation.cluster.sharded import ShardedEstimate
from calculator.estimation.cluster.sharding import MAXIMUM_GPUS, STRATEGY_NAMES
from calculator.estimation.cluster.words import STRATEGY_WORDS
from calculator.estimation.settings import CHOICES
from calculator.models import Task
from calculator.question.subjects import Subject
from gpus.fitting import GpuSetup, Setup, alternatives

# The methods that the core estimates; an editor's further presets have the rule of thumb alone.
PRECISE_METHODS = CHOICES["method"]
MOST_ALTERNATIVES = 3
NO_COUNT_HOLDS_IT = (
    f"No GPU count holds it: not even {MAXIMUM_GPUS:,} GPUs, as each holds its own micro-batch's"
    " activations and logits. A shorter sequence or a smaller micro-batch would."
)


@dataclass(frozen=True, slots=True)
class PreciseResult:
    """One method's estimate and the smallest setup that holds its likely device bytes.

    tight is a smaller card of the ladder that holds the low end of the range alone.

    rule_of_thumb_bytes is None where the editors have not published the method's preset.
    """

    slug: str
    name: str
    settings: TrainingSettings
    architecture: Architecture
    estimate: Estimate
    rule_of_thumb_bytes: int | None
    smallest: LadderSetup | None
    tight: LadderSetup | None
    alternatives: tuple[GpuSetup, ...]
    notes: tuple[str, ...] = ()
    cluster: ShardedEstimate | None = None
    """The run on a stated cluster, of which all figures are one GPU's; None: the usual question."""

    @property
    def mark(self) -> LadderSetup | None:
        """What the ruler rings: of a stated cluster one card, as the figures are one GPU's."""
        return self._on_ruler(self.smallest)

    @property
    def tight_mark(self) -> LadderSetup | None:
        """A smaller card on which it is tight."""
        return self._on_ruler(self.tight)

    def _on_ruler(self, found: LadderSetup | None) -> LadderSetup | None:
        if found is None or self.cluster is None:
            return found
        return replace(found, setup=Setup(found.setup.tier, 1))

    @property
    def minimum(self) -> Setup | None:
        return None if self.smallest is None else self.smallest.setup

    @property
    def memory_bytes(self) -> int:
        return self.estimate.device_bytes.likely

    @property
    def range_bytes(self) -> tuple[int, int]:
        return (self.estimate.device_bytes.low, self.estimate.device_bytes.high)

    @property
    def assumptions(self) -> tuple[str, ...]:
        return (*self.notes, *self.estimate.assumptions, *self._sharding_assumptions())

    def _sharding_assumptions(self) -> tuple[str, ...]:
        """How the smallest setup shares the run out, where it is more than one GPU."""
        if self.cluster is not None:
            return ()
        if self.smallest is None and self.tight is None:
            return (NO_COUNT_HOLDS_IT,)
        if self.smallest is None or self.smallest.setup.gpu_count == 1:
            return ()
        strategy = self.smallest.run.sharding.strategy
        return (
            f"The minimum of {self.smallest.setup.gpu_count} GPUs is for"
            f" {STRATEGY_NAMES[strategy]}, each with its own micro-batch. {STRATEGY_WORDS[strategy]}",
        )


def precise_methods_of(catalog: Catalog) -> tuple[str, ...]:
    """The published methods that the core estimates, in the editors' order."""
    published = (method.slug for method in catalog.methods(Task.TRAINING))
    return tuple(slug for slug in published if slug in PRECISE_METHODS)


@timed
def precise_result(
    catalog: Catalog, subject: Subject, architecture: Architecture, settings: TrainingSettings
) -> PreciseResult:
    """Estimate one run and fit it into the catalog's ladder by its likely device bytes."""
    found = estimate(architecture, settings)
    smallest = smallest_on_ladder(architecture, settings, catalog.usable_tiers)
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
        smallest=smallest,
        tight=tight_below(architecture, settings, catalog.usable_tiers, smallest),
        alternatives=tuple(
            each
            for each in alternatives(
                found.device_bytes.high,
                None if smallest is None else smallest.setup,
                catalog.usable_tiers,
                limit=2 * MOST_ALTERNATIVES,
            )
            if smallest is not None
            and each.setup.tier.memory_gb != smallest.setup.tier.memory_gb
            and holds(architecture, settings, each.setup)
        )[:MOST_ALTERNATIVES],
        notes=subject.notes,
    )


def _whole(memory_bytes: Decimal) -> int:
    return int(memory_bytes.to_integral_value(ROUND_HALF_UP))
