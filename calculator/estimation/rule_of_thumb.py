"""The rule of thumb: bytes per parameter × parameters.

Figures are exact decimals, so that 24 GB into a 24 GB tier fits and 5.95 GB shows as 6 GB:
binary fractions would get some of these wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from calculator.estimation.units import BILLION


@dataclass(frozen=True, slots=True)
class PartSpec:
    """One part of a method's bytes per parameter."""

    slug: str
    label: str
    bytes_per_parameter: Decimal
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method and the parts that its bytes per parameter are the sum of."""

    slug: str
    name: str
    summary: str
    audience_note: str
    parts: tuple[PartSpec, ...]

    @property
    def bytes_per_parameter(self) -> Decimal:
        return sum((part.bytes_per_parameter for part in self.parts), Decimal(0))


@dataclass(frozen=True, slots=True)
class PartEstimate:
    part: PartSpec
    memory_bytes: Decimal


@dataclass(frozen=True, slots=True)
class RuleOfThumbEstimate:
    """What one method takes for one size; the parts sum to the total exactly."""

    method: MethodSpec
    params_b: Decimal
    parts: tuple[PartEstimate, ...]

    @property
    def memory_bytes(self) -> Decimal:
        return sum((part.memory_bytes for part in self.parts), Decimal(0))


def estimate(method: MethodSpec, params_b: Decimal) -> RuleOfThumbEstimate:
    """Estimate the memory of `method` for a model of `params_b` billion parameters."""
    params_count = params_b * BILLION
    return RuleOfThumbEstimate(
        method=method,
        params_b=params_b,
        parts=tuple(
            PartEstimate(part, part.bytes_per_parameter * params_count) for part in method.parts
        ),
    )


def estimate_all(
    methods: Iterable[MethodSpec], params_b: Decimal
) -> tuple[RuleOfThumbEstimate, ...]:
    """Estimate every method for one size, in the order given."""
    return tuple(estimate(method, params_b) for method in methods)
