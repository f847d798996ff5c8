"""Every setup of the catalog's GPUs that holds a run, with its price and its time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster.counts import counts_that_can_be_had
from calculator.estimation.cluster.run_time import Range, RunTime, estimate_run_time
from calculator.estimation.cluster.setups import Setup, shardings_for, smallest_setup
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import (
    OFFLOADS_OF,
    Offload,
    Sharding,
    Strategy,
    impossible_reason,
)
from gpus.presenters import MAY_BE_OUT_OF_DATE_AFTER
from gpus.specs import GpuSpec, Price
from gpus.tiers import Audience

MOST_GPUS = 64
"""Of data-center cards: eight whole nodes. Others stay within one machine."""
MOST_GPUS_OF_ONE_MACHINE = 8
# A computer's own graphics do not come in several.
PLATFORMS_OF_ONE = frozenset({"metal"})


@dataclass(frozen=True, slots=True)
class Workload:
    """What is trained on, and a price that a visitor states for one GPU."""

    dataset_tokens: int
    own_price_gpu: str = ""
    own_price_usd_per_hour: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """What a visitor states of the cluster; None: every one is looked at."""

    gpu_count: int | None = None
    strategy: Strategy | None = None
    offload: Offload | None = None

    def allows(self, sharding: Sharding) -> bool:
        return (self.strategy is None or sharding.strategy == self.strategy) and (
            self.offload is None or sharding.offload == self.offload
        )


@dataclass(frozen=True, slots=True)
class FitRow:
    """So many GPUs of one model that hold the run.

    usd_per_hour and retail_usd are for all of the GPUs. A stale price is known, but not taken
    for “cheapest”. cost_usd is None without a price or a time.
    """

    gpu: GpuSpec
    setup: Setup
    usd_per_hour: Decimal | None
    is_own_price: bool
    is_rent_stale: bool
    retail_usd: Decimal | None
    is_retail_stale: bool
    run_time: RunTime | None
    cost_usd: Range | None

    @property
    def gpu_count(self) -> int:
        return self.setup.sharding.gpu_count

    @property
    def is_offloaded(self) -> bool:
        return self.setup.sharding.offload != "none"


def fit_rows(
    gpus: Iterable[GpuSpec],
    architecture: Architecture,
    settings: TrainingSettings,
    workload: Workload,
    *,
    today: dt.date,
    stated: Stated | None = None,
) -> tuple[FitRow, ...]:
    """For each GPU the fewest that hold the run, and fewer where it is tight or offloaded."""
    rows = []
    stated = stated or Stated()
    for gpu in gpus:
        if not runs_on(gpu, settings.method):
            continue
        for setup in _setups(gpu, architecture, settings, stated):
            rows.append(_row(gpu, setup, architecture, settings, workload, today))
    return tuple(rows)


def runs_on(gpu: GpuSpec, method: str) -> bool:
    """Whether the method runs on the GPU's software at all, at least in part."""
    return gpu.platform is None or getattr(gpu.platform.support, method) != "no"


def counts_of(gpu: GpuSpec) -> tuple[int, ...]:
    """How many of a GPU may be set up together."""
    if gpu.platform is not None and gpu.platform.slug in PLATFORMS_OF_ONE:
        return (1,)
    is_in_nodes = gpu.audience == Audience.DATACENTER
    return counts_that_can_be_had(MOST_GPUS if is_in_nodes else MOST_GPUS_OF_ONE_MACHINE)


def _setups(
    gpu: GpuSpec, architecture: Architecture, settings: TrainingSettings, stated: Stated
) -> Iterable[Setup]:
    if stated != Stated():
        yield from _stated_setups(gpu, architecture, settings, stated)
        return
    counts, usable = counts_of(gpu), gpu.usable_bytes
    # What is tight with fewer GPUs, the fewest that are likely to do, and fewer with offload.
    tight = smallest_setup(architecture, settings, usable, counts)
    found = tight
    if tight is not None and not tight.is_likely_to_fit:
        yield tight
        more = [count for count in counts if count > tight.sharding.gpu_count]
        found = smallest_setup(architecture, settings, usable, more, at_least="likely")
    if found is not None:
        yield found
    if tight is None or tight.sharding.gpu_count > 1:
        fewer = [c for c in counts if tight is None or c < tight.sharding.gpu_count]
        moved = smallest_setup(architecture, settings, usable, fewer, offload=True)
        if moved is not None and moved.sharding.offload != "none":
            yield moved


def _stated_setups(
    gpu: GpuSpec, architecture: Architecture, settings: TrainingSettings, stated: Stated
) -> Iterable[Setup]:
    """The first way on the fewest cards that is as stated and holds the run."""
    for gpu_count in counts_of(gpu):
        if stated.gpu_count is not None and gpu_count != stated.gpu_count:
            continue
        for sharding in _shardings_as(stated, gpu_count):
            if impossible_reason(settings, sharding):
                continue
            run = estimate_sharded(architecture, settings, sharding)
            setup = Setup(run, gpu.usable_bytes)
            if setup.verdict != "too_small":
                yield setup
                return


@lru_cache(maxsize=1024)
def _shardings_as(stated: Stated, gpu_count: int) -> tuple[Sharding, ...]:
    if stated.strategy is None:
        return tuple(
            each for each in shardings_for(gpu_count, offload=True) if stated.allows(each)
        )
    if (stated.strategy == "none") != (gpu_count == 1):
        return ()
    return tuple(
        Sharding(stated.strategy, gpu_count, offload)
        for offload in OFFLOADS_OF[stated.strategy]
        if stated.offload in (None, offload)
    )


def _row(
    gpu: GpuSpec,
    setup: Setup,
    architecture: Architecture,
    settings: TrainingSettings,
    workload: Workload,
    today: dt.date,
) -> FitRow:
    is_own = workload.own_price_usd_per_hour is not None and workload.own_price_gpu == gpu.slug
    rent = workload.own_price_usd_per_hour if is_own else _usd(gpu.cloud_price_per_hour)
    run_time = None
    # A recipe in fp32 does not run at the dense 16-bit speed.
    if gpu.speed is not None and settings.recipe != "fp32":
        run_time = estimate_run_time(
            architecture,
            settings,
            setup.sharding,
            gpu.speed,
            dataset_tokens=workload.dataset_tokens,
        )
    gpu_count = setup.sharding.gpu_count
    retail = _usd(gpu.retail_price)
    return FitRow(
        gpu=gpu,
        setup=setup,
        usd_per_hour=None if rent is None else rent * gpu_count,
        is_own_price=is_own,
        is_rent_stale=not is_own and is_stale(gpu.cloud_price_per_hour, today),
        retail_usd=None if retail is None else retail * gpu_count,
        is_retail_stale=is_stale(gpu.retail_price, today),
        run_time=run_time,
        cost_usd=(None if run_time is None or rent is None else run_time.cost_usd(float(rent))),
    )


def is_stale(price: Price | None, today: dt.date) -> bool:
    """Whether nobody has looked at the price for longer than the site states."""
    return price is not None and today - price.checked_on > MAY_BE_OUT_OF_DATE_AFTER


def _usd(price: Price | None) -> Decimal | None:
    return None if price is None else price.usd
