"""Which memory tier holds an estimate: the rule that every card's “Minimum” follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from gpus.specs import GpuSpec, TierSpec

LARGEST_ALTERNATIVE_RATIO = 2


@dataclass(frozen=True, slots=True)
class Setup:
    """`gpu_count` GPUs of one tier."""

    tier: TierSpec
    gpu_count: int

    @property
    def capacity_bytes(self) -> int:
        return self.tier.capacity_bytes * self.gpu_count


@dataclass(frozen=True, slots=True)
class GpuSetup:
    """`gpu_count` GPUs of one model."""

    gpu: GpuSpec
    setup: Setup

    @property
    def gpu_count(self) -> int:
        return self.setup.gpu_count

    @property
    def price_usd_per_hour(self) -> Decimal | None:
        price = self.gpu.cloud_price_per_hour
        return None if price is None else price.usd * self.gpu_count


def minimum_setup(memory_bytes: Decimal | int, tiers: Iterable[TierSpec]) -> Setup | None:
    """Return the smallest setup of the ladder that holds the estimate, or None.

    The smallest single tier that holds it wins; exactly full counts as holding. Above the
    largest one, tiers that may be multiplied are, with as few GPUs as possible and then as
    little memory as possible. None: nothing on the ladder may be multiplied far enough.
    """
    ladder = sorted((tier for tier in tiers if tier.is_on_ladder), key=lambda t: t.memory_gb)
    for tier in ladder:
        if memory_bytes <= tier.capacity_bytes:
            return Setup(tier, 1)
    multiples = [
        Setup(tier, gpus_needed(memory_bytes, tier)) for tier in ladder if tier.may_be_multiplied
    ]
    return min(multiples, key=lambda s: (s.gpu_count, s.capacity_bytes), default=None)


def gpus_needed(memory_bytes: Decimal | int, tier: TierSpec) -> int:
    """How many GPUs of `tier` together have the estimate's memory."""
    # Exact decimals: as a float, 16.8 GB × 10 into 8 GB cards is 21 or 22 by luck of rounding.
    gpu_count = (Decimal(memory_bytes) / tier.capacity_bytes).to_integral_value(ROUND_CEILING)
    return max(1, int(gpu_count))


def alternatives(
    memory_bytes: Decimal | int,
    minimum: Setup | None,
    tiers: Iterable[TierSpec],
    *,
    limit: int = 3,
) -> tuple[GpuSetup, ...]:
    """Setups of tiers beyond the ladder that also hold the estimate, least memory first.

    One GPU model stands for each tier: its first example. A setup has to spare a GPU against
    the minimum or, for a single GPU, stay a single one; more cards are no alternative. Neither
    is a card more than twice as large as the minimum: a 141 GB card for 6 GB helps nobody.
    """
    most_bytes = None if minimum is None else minimum.capacity_bytes * LARGEST_ALTERNATIVE_RATIO
    found = []
    for tier in tiers:
        if tier.is_on_ladder or not tier.examples:
            continue
        gpu_count = gpus_needed(memory_bytes, tier)
        if gpu_count > 1 and not tier.may_be_multiplied:
            continue
        if minimum is not None and gpu_count > max(1, minimum.gpu_count - 1):
            continue
        setup = Setup(tier, gpu_count)
        if most_bytes is None or setup.capacity_bytes <= most_bytes:
            found.append(GpuSetup(tier.examples[0], setup))
    found.sort(key=lambda s: (s.setup.capacity_bytes, s.gpu_count))
    return tuple(found[:limit])
