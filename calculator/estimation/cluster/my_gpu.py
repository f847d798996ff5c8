"""The question the other way round: what can this card, or so many of them, fine-tune?

Memory never falls when a model, a batch, a length or a rank grows, so the largest that fits is
found by bisection, and for models by trying them from the largest down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.device import sharded_device_bytes
from calculator.estimation.cluster.setups import holds, shardings_for
from calculator.estimation.cluster.sharding import impossible_reason
from calculator.estimation.cluster.states import states_of
from calculator.estimation.settings import MAXIMUM_OF_FIELD, TrainingSettings

T = TypeVar("T")

# What one step more is: lengths in multiples of 128 tokens, ranks of 8, batches of one sequence.
STEP_OF_FIELD: dict[str, int] = {"sequence_length": 128, "micro_batch": 1, "lora_rank": 8}


@dataclass(frozen=True, slots=True)
class Cards:
    """So many cards of one kind, each with so many bytes to use."""

    usable_bytes: int
    gpu_count: int = 1

    def hold(self, architecture: Architecture, settings: TrainingSettings) -> bool:
        return holds(architecture, settings, self.usable_bytes, self.gpu_count)


def largest_model(
    candidates: Iterable[tuple[T, Architecture]], settings: TrainingSettings, cards: Cards
) -> T | None:
    """Of models with their architectures, the one with the most parameters that fits, or None."""
    by_size = sorted(
        candidates, key=lambda pair: count_parameters(pair[1]).total_count, reverse=True
    )
    for item, architecture in by_size:
        if _states_fit(architecture, settings, cards) and cards.hold(architecture, settings):
            return item
    return None


def _states_fit(architecture: Architecture, settings: TrainingSettings, cards: Cards) -> bool:
    """Whether at least the states fit: what decides about most models, without their step."""
    for sharding in shardings_for(cards.gpu_count):
        if impossible_reason(settings, sharding):
            continue
        states = states_of(architecture, settings, sharding)
        least = states.at_optimizer_step_bytes
        device = sharded_device_bytes(least, least, settings, sharding, states.paged_bytes)
        if device.likely <= cards.usable_bytes:
            return True
    return False


def largest_value(
    field: str, architecture: Architecture, settings: TrainingSettings, cards: Cards
) -> int | None:
    """The largest value of a setting that fits, in its steps (`STEP_OF_FIELD`), or None.

    The value is bounded by the setting's own maximum.
    """
    step = STEP_OF_FIELD[field]

    def fits(steps: int) -> bool:
        change: dict[str, Any] = {field: steps * step}
        return cards.hold(architecture, replace(settings, **change))

    found = _largest(fits, MAXIMUM_OF_FIELD[field] // step)
    return found * step or None


def _largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number from 1 to `most` for which `fits` holds; 0 if it does not for 1.

    Doubles until it does not fit, then halves the gap: few calls where the answer is small.
    """
    if not fits(1):
        return 0
    low, high = 1, 2
    while high <= most and fits(high):
        low, high = high, high * 2
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def fitting_models(
    candidates: Sequence[tuple[T, Architecture]], settings: TrainingSettings, cards: Cards
) -> list[T]:
    """All of the models that fit, in the order given."""
    return [
        item
        for item, architecture in candidates
        if _states_fit(architecture, settings, cards) and cards.hold(architecture, settings)
    ]
