"""The smallest setups of the ladder for a precise estimate: one that fits, one that is tight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster import setups
from calculator.estimation.cluster.sharding import MAXIMUM_GPUS
from calculator.estimation.verdict import Verdict
from gpus.fitting import Setup
from gpus.specs import TierSpec


@dataclass(frozen=True, slots=True)
class LadderSetup:
    """So many cards of a tier, and how the run is spread over them."""

    setup: Setup
    run: setups.Setup


def smallest_on_ladder(
    architecture: Architecture,
    settings: TrainingSettings,
    tiers: Iterable[TierSpec],
    *,
    at_least: Verdict = "fits",
) -> LadderSetup | None:
    """The smallest single card of the ladder, else the fewest of a tier that may be multiplied.

    `tiers` by what their cards have for a run (`Catalog.usable_tiers`). at_least: "tight" where
    one that holds it only just will do.

    What every GPU holds by itself is counted on each, and counts are those that can be had. None:
    no number of GPUs holds it.
    """
    ladder = sorted((tier for tier in tiers if tier.is_on_ladder), key=lambda t: t.memory_gb)
    for tier in ladder:
        alone = setups.smallest_setup(
            architecture, settings, tier.capacity_bytes, (1,), at_least=at_least
        )
        if alone is not None:
            return LadderSetup(Setup(tier, 1), alone)
    found = []
    for tier in ladder:
        if not tier.may_be_multiplied:
            continue
        run = setups.fewest_gpus(architecture, settings, tier.capacity_bytes, at_least=at_least)
        if run is not None:
            found.append(LadderSetup(Setup(tier, run.sharding.gpu_count), run))
    return min(
        found, key=lambda each: (each.setup.gpu_count, each.setup.capacity_bytes), default=None
    )


def fits(architecture: Architecture, settings: TrainingSettings, setup: Setup) -> bool:
    """Whether the run fits on so many cards of a tier, shared out as well as can be."""
    if setup.gpu_count > MAXIMUM_GPUS:
        return False
    run = setups.smallest_setup(
        architecture, settings, setup.tier.capacity_bytes, (setup.gpu_count,), at_least="fits"
    )
    return run is not None
