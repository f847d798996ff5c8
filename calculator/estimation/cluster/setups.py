"""Whether a run fits on N cards of one kind, and in which way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.cluster.counts import fewest
from calculator.estimation.cluster.least import (
    least_device_bytes,
    least_states_bytes,
    least_step_bytes,
    least_token_bytes,
)
from calculator.estimation.cluster.sharded import ShardedEstimate, estimate_sharded
from calculator.estimation.cluster.sharding import (
    GPUS_PER_NODE,
    MAXIMUM_GPUS,
    Offload,
    Sharding,
    Strategy,
    impossible_reason,
)
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.verdict import Verdict, verdict, verdict_sentence

AtLeast = Literal["tight", "likely", "fits"]

__all__ = [
    "AtLeast",
    "Setup",
    "Verdict",
    "best_setup",
    "fewest_gpus",
    "holds",
    "room_bytes",
    "setups_on",
    "shardings_for",
    "smallest_setup",
    "verdict",
]

# From what is fastest and simplest to what spreads most.
_WITHOUT_OFFLOAD: tuple[Strategy, ...] = ("ddp", "zero2", "fsdp", "zero3")
# Within a node, over its fast links: as good as "fsdp" up to one node, ahead of it beyond.
_ON_SEVERAL_NODES: tuple[Strategy, ...] = ("ddp", "zero2", "hybrid", "fsdp", "zero3")
_WITH_OFFLOAD: tuple[tuple[Strategy, Offload], ...] = (
    ("zero2", "optimizer"),
    ("zero3", "optimizer"),
    ("zero3", "parameters"),
)
_WITH_OFFLOAD_ON_SEVERAL: tuple[tuple[Strategy, Offload], ...] = (
    ("zero2", "optimizer"),
    ("zero3", "optimizer"),
    ("fsdp", "parameters"),
    ("zero3", "parameters"),
)


@dataclass(frozen=True, slots=True)
class Setup:
    """A way of running on so many GPUs, with its estimate and whether each GPU holds it."""

    estimate: ShardedEstimate
    usable_bytes: int

    @property
    def sharding(self) -> Sharding:
        return self.estimate.sharding

    @property
    def verdict(self) -> Verdict:
        return verdict(self.estimate.device_bytes, self.usable_bytes)

    @property
    def verdict_sentence(self) -> str:
        """What the verdict means, in a sentence or two."""
        return verdict_sentence(
            self.estimate.device_bytes, self.usable_bytes, self.sharding.gpu_count
        )

    @property
    def is_likely_to_fit(self) -> bool:
        """Whether the likely figure fits, and so nothing has to be given back."""
        return self.headroom_bytes >= 0

    @property
    def headroom_bytes(self) -> int:
        """Bytes of each GPU that are likely to stay free; negative: that are missing."""
        return self.usable_bytes - self.estimate.device_bytes.likely


@lru_cache(maxsize=1024)
def shardings_for(gpu_count: int, *, offload: bool = False) -> tuple[Sharding, ...]:
    """The ways to run on so many GPUs, in the order in which one would try them."""
    if gpu_count == 1:
        plain, moved = [Sharding()], _WITH_OFFLOAD
    else:
        whole_nodes = gpu_count > GPUS_PER_NODE and gpu_count % GPUS_PER_NODE == 0
        names = _ON_SEVERAL_NODES if whole_nodes else _WITHOUT_OFFLOAD
        plain = [Sharding(strategy, gpu_count) for strategy in names]
        moved = _WITH_OFFLOAD_ON_SEVERAL
    if offload:
        plain += [Sharding(strategy, gpu_count, what) for strategy, what in moved]
    return tuple(plain)


def setups_on(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    gpu_count: int,
    *,
    offload: bool = True,
) -> tuple[Setup, ...]:
    """All ways on so many cards that hold it, in the order in which one would try them."""
    return tuple(
        setup
        for setup in _setups(architecture, settings, usable_bytes, gpu_count, offload)
        if setup.verdict != "too_small"
    )


def best_setup(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    gpu_count: int,
    *,
    offload: bool = False,
) -> Setup | None:
    """The first way that fits; else the first tight one that is likely to; else the closest.

    None: these settings cannot be run on so many cards in any way. Where some way holds it, those
    that a floor rules out are never worked through: none of them can be the answer.
    """
    shardings = [
        sharding
        for sharding in shardings_for(gpu_count, offload=offload)
        if not impossible_reason(settings, sharding)
    ]
    possible = [
        sharding
        for sharding in shardings
        if _floor_bytes(architecture, settings, sharding, usable_bytes) <= usable_bytes
    ]
    best = _best(architecture, settings, usable_bytes, possible)
    if best is not None and best.verdict != "too_small":
        return best
    return _best(architecture, settings, usable_bytes, shardings)


def _best(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    shardings: Iterable[Sharding],
) -> Setup | None:
    likely: Setup | None = None
    closest: Setup | None = None
    for sharding in shardings:
        setup = Setup(estimate_sharded(architecture, settings, sharding), usable_bytes)
        if setup.verdict == "fits":
            return setup
        if likely is None and setup.is_likely_to_fit:
            likely = setup
        if closest is None or _nearness(setup) > _nearness(closest):
            closest = setup
    return likely or closest


def _nearness(setup: Setup) -> tuple[bool, int]:
    return setup.verdict != "too_small", setup.headroom_bytes


def _setups(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    gpu_count: int,
    offload: bool,
) -> Iterator[Setup]:
    for sharding in shardings_for(gpu_count, offload=offload):
        if not impossible_reason(settings, sharding):
            yield Setup(estimate_sharded(architecture, settings, sharding), usable_bytes)


def smallest_setup(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    gpu_counts: Iterable[int],
    *,
    offload: bool = False,
    at_least: AtLeast = "tight",
) -> Setup | None:
    """The setup with the fewest GPUs, of the counts given in rising order, that holds it.

    at_least: "likely" where the likely figure has to fit, "fits" where the high one has.
    """
    for gpu_count in gpu_counts:
        if not holds(architecture, settings, usable_bytes, gpu_count, offload=offload):
            continue
        setup = best_setup(architecture, settings, usable_bytes, gpu_count, offload=offload)
        if setup is not None and _is_at_least(setup, at_least):
            return setup
    return None


def _is_at_least(setup: Setup, at_least: AtLeast) -> bool:
    if at_least == "likely":
        return setup.is_likely_to_fit
    return at_least in (setup.verdict, "tight")


def fewest_gpus(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    *,
    most: int = MAXIMUM_GPUS,
    offload: bool = False,
    at_least: AtLeast = "tight",
) -> Setup | None:
    """The setup with the fewest GPUs that can be had and hold it; None: not even `most` do.

    Whole nodes are found by doubling and halving, so that no answer takes more than some 20
    questions. at_least: as for `smallest_setup`.
    """
    return fewest(
        lambda gpu_count: smallest_setup(
            architecture,
            settings,
            usable_bytes,
            (gpu_count,),
            offload=offload,
            at_least=at_least,
        ),
        most,
    )


def holds(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    gpu_count: int = 1,
    *,
    offload: bool = False,
) -> bool:
    """Whether so many cards hold it in some way, if only just.

    What cannot be is ruled out before its step is worked through; then what spreads most comes
    first, since it holds if anything does.
    """
    if least_token_bytes(architecture, settings) > usable_bytes:
        return False
    return any(
        room_bytes(architecture, settings, sharding, usable_bytes) >= 0
        for sharding in reversed(shardings_for(gpu_count, offload=offload))
        if least_states_bytes(architecture, settings, sharding) <= usable_bytes
        and not impossible_reason(settings, sharding)
    )


def room_bytes(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding, usable_bytes: int
) -> int:
    """Bytes that a card has above the low figure; negative: at least so many are missing."""
    least = _floor_bytes(architecture, settings, sharding, usable_bytes)
    if least > usable_bytes:
        return usable_bytes - least
    return usable_bytes - estimate_sharded(architecture, settings, sharding).device_bytes.low


def _floor_bytes(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding, usable_bytes: int
) -> int:
    """Bytes that the low figure is not below: the cheaper floor where that rules the run out."""
    least = least_device_bytes(architecture, settings, sharding)
    if least > usable_bytes:
        return least
    return least_step_bytes(architecture, settings, sharding)
