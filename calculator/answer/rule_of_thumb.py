"""From a size to what each method takes and the smallest setup that holds it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from calculator.catalog import Catalog
from calculator.estimation import rule_of_thumb
from calculator.estimation.device import DeviceBytes
from calculator.estimation.rule_of_thumb import RuleOfThumbEstimate
from calculator.estimation.typical_run import TYPICAL_METHODS, typical_device_bytes
from calculator.models import Task
from gpus.fitting import GpuSetup, Setup, alternatives, minimum_setup
from gpus.specs import TierSpec


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
class TypicalRun:
    """What a typical run takes of one GPU; `tier` is the smallest that has room for it alone."""

    device: DeviceBytes
    tier: TierSpec | None


@dataclass(frozen=True, slots=True)
class MethodResult:
    """By the rule of thumb, which knows nothing of length and batch: `typical` stands beside it.

    typical_tiers are the sizes with what a run may take of them; none where no run is typical.
    """

    estimate: RuleOfThumbEstimate
    memory_bytes: Decimal
    minimum: Setup | None
    alternatives: tuple[GpuSetup, ...]
    typical_tiers: tuple[TierSpec, ...] = ()
    range_bytes: None = None

    @property
    def typical(self) -> TypicalRun | None:
        """Worked out where it is printed."""
        if not self.typical_tiers or self.slug not in TYPICAL_METHODS:
            return None
        device = typical_device_bytes(self.estimate.params_b, self.slug)
        setup = minimum_setup(device.likely, self.typical_tiers)
        return TypicalRun(device, setup.tier if setup and setup.gpu_count == 1 else None)

    @property
    def name(self) -> str:
        return self.estimate.method.name

    @property
    def slug(self) -> str:
        return self.estimate.method.slug


def estimate_methods(
    catalog: Catalog, task: str, params_b: Decimal, *, has_typical: bool = True
) -> tuple[MethodResult, ...]:
    """Estimate every published method of `task` and fit each, in the editors' order.

    has_typical: of a model whose architecture nobody has told, no run is typical.
    """
    tiers = catalog.usable_tiers if has_typical and task == Task.TRAINING else ()
    return tuple(
        _fit(catalog, estimate, tiers)
        for estimate in rule_of_thumb.estimate_all(catalog.methods(task), params_b)
    )


def _fit(
    catalog: Catalog, estimate: RuleOfThumbEstimate, typical_tiers: tuple[TierSpec, ...]
) -> MethodResult:
    memory_bytes = estimate.memory_bytes
    minimum = minimum_setup(memory_bytes, catalog.tiers)
    others = alternatives(memory_bytes, minimum, catalog.tiers)
    if minimum is None and others:
        # No size of the ladder will do: the smallest beyond it is the minimum.
        minimum, others = others[0].setup, others[1:]
    return MethodResult(estimate, memory_bytes, minimum, others, typical_tiers)
