"""What a method takes on each GPU of a stated cluster, and the cards that hold it."""

from __future__ import annotations

from calculator.answer.ladder import LadderSetup
from calculator.answer.precise import MOST_ALTERNATIVES, PreciseResult
from calculator.catalog import Catalog
from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster import setups
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import Sharding
from calculator.question.subjects import Subject
from gpus.fitting import LARGEST_ALTERNATIVE_RATIO, GpuSetup, Setup


def result_on_cluster(
    catalog: Catalog,
    subject: Subject,
    architecture: Architecture,
    settings: TrainingSettings,
    sharding: Sharding,
) -> PreciseResult:
    """Estimate one GPU of the cluster and find the smallest tier whose cards hold that.

    The number of GPUs is as stated, so no other one is looked for.

    Raises:
        SettingsError: the settings cannot be run with that strategy.
    """
    run = estimate_sharded(architecture, settings, sharding)
    tiers = sorted(catalog.usable_tiers, key=lambda tier: tier.capacity_bytes)
    each = [
        LadderSetup(
            Setup(tier, sharding.gpu_count), setups.Setup(run, usable_bytes=tier.capacity_bytes)
        )
        for tier in tiers
    ]
    ladder = [found for found in each if found.setup.tier.is_on_ladder]
    held = next((found for found in ladder if found.run.is_likely_to_fit), None)
    below = ladder if held is None else ladder[: ladder.index(held)]
    # Where no size of the ladder will do, the smallest beyond it is the minimum.
    beyond = (found for found in each if found.run.is_likely_to_fit and found.setup.tier.examples)
    smallest = held or next(beyond, None)
    preset = catalog.methods_by_slug.get(settings.method)
    return PreciseResult(
        slug=settings.method,
        name=settings.method if preset is None else preset.name,
        settings=settings,
        architecture=architecture,
        estimate=run.per_gpu,
        rule_of_thumb_bytes=None,
        smallest=smallest,
        tight=next((found for found in below if found.run.verdict == "tight"), None),
        alternatives=_alternatives(each, smallest),
        notes=subject.notes,
        cluster=run,
    )


def _alternatives(each: list[LadderSetup], smallest: LadderSetup | None) -> tuple[GpuSetup, ...]:
    """As many cards of sizes beyond the ladder, where they are not far larger than needed."""
    found = [
        GpuSetup(held.setup.tier.examples[0], held.setup)
        for held in each
        if held is not smallest
        and not held.setup.tier.is_on_ladder
        and held.setup.tier.examples
        and held.run.is_likely_to_fit
        and (
            smallest is None
            or held.setup.capacity_bytes
            <= smallest.setup.capacity_bytes * LARGEST_ALTERNATIVE_RATIO
        )
    ]
    return tuple(found[:MOST_ALTERNATIVES])
