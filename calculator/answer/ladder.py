"""The smallest setup of the ladder that holds a precise estimate, by real sharding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster import setups
from gpus.fitting import Setup
from gpus.specs import TierSpec


@dataclass(frozen=True, slots=True)
class LadderSetup:
    """So many cards of a tier, and how the run is spread over them."""

    setup: Setup
    run: setups.Setup

    @property
    def is_tight(self) -> bool:
        return self.run.verdict == "tight"


def smallest_on_ladder(
    architecture: Architecture, settings: TrainingSettings, tiers: Iterable[TierSpec]
) -> LadderSetup | None:
    """The smallest single card of the ladder, else the fewest of a tier that may be multiplied.

    `tiers` by what their cards have for a run (`Catalog.usable_tiers`). A setup has to have room
    for the likely figure; what is tight below it is `tight_below`'s.

    What every GPU holds by itself is counted on each: a run that takes 100 GB on one card may
    need four of 48 GB, or more. Counts are those that can be had: one node's, then whole nodes of
    eight. Where none of the ladder holds it, the smallest of larger sizes is the minimum: nothing
    may be said to have none that also fits something. None: no count of any GPUs holds it.
    """
    tiers = tuple(tiers)
    ladder = _ladder(tiers)
    return _smallest_of(architecture, settings, ladder) or _smallest_of(
        architecture, settings, _beyond(tiers, ladder)
    )


def _smallest_of(
    architecture: Architecture, settings: TrainingSettings, ladder: list[TierSpec]
) -> LadderSetup | None:
    """Of sizes in rising order the smallest single card, else the fewest of one."""
    for tier in ladder:
        alone = _likely_on(architecture, settings, Setup(tier, 1))
        if alone is not None:
            return LadderSetup(Setup(tier, 1), alone)
    found = []
    for tier in ladder:
        if not tier.may_be_multiplied:
            continue
        usable = tier.capacity_bytes
        run = setups.fewest_gpus(architecture, settings, usable, at_least="likely")
        if run is not None:
            found.append(LadderSetup(Setup(tier, run.sharding.gpu_count), run))
    return min(
        found, key=lambda each: (each.setup.gpu_count, each.setup.capacity_bytes), default=None
    )


def tight_below(
    architecture: Architecture,
    settings: TrainingSettings,
    tiers: Iterable[TierSpec],
    smallest: LadderSetup | None,
) -> LadderSetup | None:
    """The smallest single card of the ladder, below the smallest setup, on which it is tight."""
    for tier in _ladder(tiers):
        one = Setup(tier, 1)
        if smallest is not None and one.capacity_bytes >= smallest.setup.capacity_bytes:
            return None
        run = setups.best_setup(architecture, settings, tier.capacity_bytes, 1)
        if run is not None and run.verdict == "tight":
            return LadderSetup(one, run)
    return None


def tight_with_fewer(
    architecture: Architecture, settings: TrainingSettings, smallest: LadderSetup | None
) -> LadderSetup | None:
    """Where the smallest setup is of several cards, the fewest of them on which it is tight."""
    if smallest is None or smallest.setup.gpu_count == 1:
        return None
    tier, most = smallest.setup.tier, smallest.setup.gpu_count - 1
    run = setups.fewest_gpus(architecture, settings, tier.capacity_bytes, most=most)
    return None if run is None else LadderSetup(Setup(tier, run.sharding.gpu_count), run)


def holds(architecture: Architecture, settings: TrainingSettings, setup: Setup) -> bool:
    """Whether so many cards of a tier have room for the likely figure, shared out at best."""
    return _likely_on(architecture, settings, setup) is not None


def _ladder(tiers: Iterable[TierSpec]) -> list[TierSpec]:
    return sorted((tier for tier in tiers if tier.is_on_ladder), key=lambda t: t.memory_gb)


def _beyond(tiers: Iterable[TierSpec], ladder: list[TierSpec]) -> list[TierSpec]:
    """Sizes that are larger than all of the ladder: what no count of its cards holds, no count of
    smaller ones does.
    """
    largest_gb = ladder[-1].memory_gb if ladder else 0
    beyond = (t for t in tiers if t.examples and not t.is_on_ladder and t.memory_gb > largest_gb)
    return sorted(beyond, key=lambda t: t.memory_gb)


def _likely_on(
    architecture: Architecture, settings: TrainingSettings, setup: Setup
) -> setups.Setup | None:
    """The run on each card of the setup; None: its likely figure does not fit."""
    return setups.smallest_setup(
        architecture,
        settings,
        setup.tier.capacity_bytes,
        (setup.gpu_count,),
        at_least="likely",
    )
