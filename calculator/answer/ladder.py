"""The smallest setup of the ladder that holds a precise estimate, by real sharding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster import setups
from gpus.fitting import Setup
from gpus.specs import TierSpec

MOST_GPUS = 64


@dataclass(frozen=True, slots=True)
class LadderSetup:
    """So many cards of a tier, and how the run is spread over them."""

    setup: Setup
    run: setups.Setup


def smallest_on_ladder(
    architecture: Architecture, settings: TrainingSettings, tiers: Iterable[TierSpec]
) -> LadderSetup | None:
    """The smallest single card of the ladder, else the fewest of a tier that may be multiplied.

    `tiers` by what their cards have for a run (`Catalog.usable_tiers`).

    What every GPU holds by itself is counted on each: a run that takes 100 GB on one card may
    need three of 48 GB, or more. None: not even 64 together hold it.
    """
    ladder = sorted((tier for tier in tiers if tier.is_on_ladder), key=lambda t: t.memory_gb)
    for tier in ladder:
        alone = _run_on(architecture, settings, Setup(tier, 1))
        if alone is not None:
            return LadderSetup(Setup(tier, 1), alone)
    found = [
        several
        for tier in ladder
        if tier.may_be_multiplied
        and (several := _fewest(architecture, settings, tier)) is not None
    ]
    return min(
        found, key=lambda each: (each.setup.gpu_count, each.setup.capacity_bytes), default=None
    )


def holds(architecture: Architecture, settings: TrainingSettings, setup: Setup) -> bool:
    """Whether so many cards of a tier hold the run, shared out as well as can be."""
    return _run_on(architecture, settings, setup) is not None


def _run_on(
    architecture: Architecture, settings: TrainingSettings, setup: Setup
) -> setups.Setup | None:
    """The run on each card of the setup; None: it does not fit."""
    run = setups.best_setup(architecture, settings, setup.tier.capacity_bytes, setup.gpu_count)
    return None if run is None or run.verdict == "too_small" else run


def _fewest(
    architecture: Architecture, settings: TrainingSettings, tier: TierSpec
) -> LadderSetup | None:
    """The fewest GPUs of a tier, from two up; one more of them never holds less."""
    low, high, best = 2, MOST_GPUS, None
    while low <= high:
        middle = (low + high) // 2
        run = _run_on(architecture, settings, Setup(tier, middle))
        if run is not None:
            best, high = LadderSetup(Setup(tier, middle), run), middle - 1
        else:
            low = middle + 1
    return best
