"""From a size to what each method takes and the smallest setup that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from calculator.catalog import Catalog
from calculator.estimation import rule_of_thumb
from calculator.estimation.rule_of_thumb import RuleOfThumbEstimate
from gpus.fitting import GpuSetup, Setup, alternatives, minimum_setup


class Fitted(Protocol):
    """What the headline and the ruler need of a method, estimated either way.

    range_bytes is the low and the high end of a precise estimate, None for the rule of thumb.
    """

    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def memory_bytes(self) -> Decimal | int: ...
    @property
    def range_bytes(self) -> tuple[int, int] | None: ...
    @property
    def minimum(self) -> Setup | None: ...
    @property
    def alternatives(self) -> tuple[GpuSetup, ...]: ...


@dataclass(frozen=True, slots=True)
class MethodResult:
    estimate: RuleOfThumbEstimate
    memory_bytes: Decimal
    minimum: Setup | None
    alternatives: tuple[GpuSetup, ...]
    range_bytes: None = None

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
    others = alternatives(memory_bytes, minimum, catalog.tiers)
    if minimum is None and others:
        # No size of the ladder will do: the smallest beyond it is the minimum.
        minimum, others = others[0].setup, others[1:]
    return MethodResult(estimate, memory_bytes, minimum, others)
