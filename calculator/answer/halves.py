"""Why two cards are not one of twice the size: what is shared out, and what each holds itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calculator.estimation import Architecture, TrainingSettings, estimate
from calculator.estimation.cluster.setups import Setup, best_setup
from calculator.estimation.usable_memory import usable_bytes
from gpus.specs import TierSpec

SHARED_COMPONENTS = frozenset({"weights", "adapters", "optimizer_states", "gradients"})


@dataclass(frozen=True, slots=True)
class Halves:
    """One card of a size, and two of half that size."""

    whole_gb: int
    half_gb: int
    whole_bytes: int
    """Device bytes on the one card."""
    pair: Setup
    shared_bytes: int
    """Of one half's peak: its part of what is shared out."""
    own_bytes: int
    """Of one half's peak: what it holds by itself."""


def halves(
    architecture: Architecture, settings: TrainingSettings, tiers: Iterable[TierSpec]
) -> Halves | None:
    """The smallest pair of tiers, one twice the other, of which the larger holds the run."""
    whole = estimate(architecture, settings).device_bytes.likely
    sizes = {tier.memory_gb for tier in tiers}
    for size in sorted(sizes):
        if size % 2 or size // 2 not in sizes or usable_bytes(size, None) < whole:
            continue
        pair = best_setup(architecture, settings, usable_bytes(size // 2, None), 2)
        if pair is None:
            return None
        parts = pair.estimate.per_gpu.breakdown
        shares = SHARED_COMPONENTS if pair.sharding.shards_optimizer else frozenset()
        shared = sum(part.bytes for part in parts if part.component in shares)
        return Halves(
            whole_gb=size,
            half_gb=size // 2,
            whole_bytes=whole,
            pair=pair,
            shared_bytes=shared,
            own_bytes=pair.estimate.peak_allocated_bytes - shared,
        )
    return None
