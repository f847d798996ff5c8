"""Whether a run fits on N cards of one kind, and in which way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.cluster.sharded import ShardedEstimate, estimate_sharded
from calculator.estimation.cluster.sharding import Offload, Sharding, Strategy, impossible_reason
from calculator.estimation.device import DeviceBytes
from calculator.estimation.settings import TrainingSettings

Verdict = Literal["fits", "tight", "too_small"]

# From what is fastest and simplest to what spreads most.
_WITHOUT_OFFLOAD: tuple[Strategy, ...] = ("ddp", "zero2", "fsdp", "zero3")
_WITH_OFFLOAD: tuple[tuple[Strategy, Offload], ...] = (
    ("zero2", "optimizer"),
    ("zero3", "optimizer"),
    ("zero3", "parameters"),
)


def verdict(device: DeviceBytes, usable_bytes: int) -> Verdict:
    """Whether a card with so many usable bytes holds it.

    "fits" up to the high end of the range, "tight" when only the likely figure fits, "too_small"
    otherwise.
    """
    if device.likely > usable_bytes:
        return "too_small"
    return "fits" if device.high <= usable_bytes else "tight"


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
    def headroom_bytes(self) -> int:
        """Bytes of each GPU that are likely to stay free; negative: that are missing."""
        return self.usable_bytes - self.estimate.device_bytes.likely


def shardings_for(gpu_count: int, *, offload: bool = False) -> tuple[Sharding, ...]:
    """The ways to run on so many GPUs, in the order in which one would try them."""
    if gpu_count == 1:
        plain = [Sharding()]
    else:
        plain = [Sharding(strategy, gpu_count) for strategy in _WITHOUT_OFFLOAD]
    if offload:
        plain += [Sharding(strategy, gpu_count, moved) for strategy, moved in _WITH_OFFLOAD]
    return tuple(plain)


def best_setup(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    gpu_count: int,
    *,
    offload: bool = False,
) -> Setup | None:
    """The first way that fits or, if none does, the one that misses least. None: none exists."""
    closest: Setup | None = None
    for sharding in shardings_for(gpu_count, offload=offload):
        if impossible_reason(settings, sharding):
            continue
        setup = Setup(estimate_sharded(architecture, settings, sharding), usable_bytes)
        if setup.verdict != "too_small":
            return setup
        if closest is None or setup.headroom_bytes > closest.headroom_bytes:
            closest = setup
    return closest


def smallest_setup(
    architecture: Architecture,
    settings: TrainingSettings,
    usable_bytes: int,
    gpu_counts: Iterable[int],
) -> Setup | None:
    """The setup with the fewest GPUs, of the counts given in rising order, that holds it."""
    for gpu_count in gpu_counts:
        setup = best_setup(architecture, settings, usable_bytes, gpu_count)
        if setup is not None and setup.verdict != "too_small":
            return setup
    return None


def holds(
    architecture: Architecture, settings: TrainingSettings, usable_bytes: int, gpu_count: int = 1
) -> bool:
    """Whether so many cards hold it in some way, without offload."""
    setup = best_setup(architecture, settings, usable_bytes, gpu_count)
    return setup is not None and setup.verdict != "too_small"
