"""The question the other way round: what can this card, or so many of them, fine-tune?

Memory never falls when a model, a batch, a length or a rank grows, so the largest that fits is
found in a handful of guesses, and for models by trying them from the largest down. "Fits" is to
be held at all here: it may be tight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.setups import holds, room_bytes, shardings_for
from calculator.estimation.cluster.sharding import Sharding, impossible_reason
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
        if cards.hold(architecture, settings):
            return item
    return None


def largest_value(
    field: str, architecture: Architecture, settings: TrainingSettings, cards: Cards
) -> int | None:
    """The largest value of a setting that fits, in its steps (`STEP_OF_FIELD`), or None.

    The value is bounded by the setting's own maximum. The ways to spread the run are taken one
    after the other, and each is only asked whether it holds more than those before it. First comes
    what the settings say, which the page has asked about already.
    """
    step = STEP_OF_FIELD[field]
    most = MAXIMUM_OF_FIELD[field] // step
    first = min(max(getattr(settings, field) // step, 1), most)
    best = 0
    for sharding in reversed(shardings_for(cards.gpu_count)):
        if impossible_reason(settings, sharding):
            continue

        def room(steps: int, sharding: Sharding = sharding) -> int:
            change: dict[str, Any] = {field: steps * step}
            changed = replace(settings, **change)
            return room_bytes(architecture, changed, sharding, cards.usable_bytes)

        if best < most:
            best = _largest(room, best, most, max(first, best + 1))
    return best * step or None


def _largest(room: Callable[[int], int], held: int, most: int, first: int) -> int:
    """The largest number up to `most` that leaves room, or `held` if the next one does not.

    Room shrinks as the number grows, nearly in a line: the next guess is where the line through
    both ends of the gap meets zero. Where three such guesses do not halve the gap it is halved: by
    the line alone one end could stay where it is. first: a number above `held` to begin with.
    """
    low, low_room = first, room(first)
    if low_room < 0:
        if first == held + 1:
            return held
        high, high_room = first, low_room
        low, low_room = held + 1, room(held + 1)
        if low_room < 0:
            return held
    else:
        high = most
        high_room = room(high) if high > low else low_room
        if high_room >= 0:
            return high
    while high - low > 1:
        gap = high - low
        for by_line in (True, True, True, False):
            guess = (low + high) // 2
            if by_line:
                guess = low + low_room * (high - low) // (low_room - high_room)
            guess = min(max(guess, low + 1), high - 1)
            guess_room = room(guess)
            if guess_room >= 0:
                low, low_room = guess, guess_room
            else:
                high, high_room = guess, guess_room
            if 2 * (high - low) <= gap:
                break
    return low


def fitting_models(
    candidates: Sequence[tuple[T, Architecture]], settings: TrainingSettings, cards: Cards
) -> list[T]:
    """All of the models that fit, in the order given."""
    return [item for item, architecture in candidates if cards.hold(architecture, settings)]
