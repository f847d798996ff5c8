"""From a size to what each method takes and the smallest setup that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from calculator.catalog import Catalog
from calculator.estimation import rule_of_thumb
from calculator.estimation.rule_of_thumb import RuleOfThumbEstimate
from gpus.fitting import GpuSetup, Setup, alternatives, minimum_setup


@dataclass(frozen=True, slots=True)
class MethodResult:
    estimate: RuleOfThumbEstimate
    memory_bytes: Decimal
    minimum: Setup | None
    alternatives: tuple[GpuSetup, ...]

    @property
    def name(self) -> str:
        return self.estimate.method.name

    @property
    def slug(self) -> str:
        return self.estimate.method.slug


def estimate_methods(catalog: Catalog, task: str, params_b: Decimal) -> tuple[MethodResult, ...]:
    """Estimate every published method of `task` and fit each, in the editors' order."""
    return tuple(
        _fit(catalog, estimate)
        for estimate in rule_of_thumb.estimate_all(catalog.methods(task), params_b)
    )


def _fit(catalog: Catalog, estimate: RuleOfThumbEstimate) -> MethodResult:
    memory_bytes = estimate.memory_bytes
    minimum = minimum_setup(memory_bytes, catalog.tiers)
    return MethodResult(
        estimate=estimate,
        memory_bytes=memory_bytes,
        minimum=minimum,
        alternatives=alternatives(memory_bytes, minimum, catalog.tiers),
    )
