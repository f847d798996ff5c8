"""The tiers with their GPUs as one immutable snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from calculator.serving.row_versions import ROW_VERSION, Snapshot
from gpus.classes import Platform, UtilisationClass
from gpus.models import Gpu
from gpus.prices.choosing import gpu_prices
from gpus.prices.models import PriceObservation
from gpus.specs import GpuSpec, TierSpec
from gpus.tiers import MemoryTier

ROW_VERSION.watch(MemoryTier, UtilisationClass, Platform, Gpu, PriceObservation)


@dataclass(frozen=True)
class GpuCatalog:
    """All tiers, each with its published GPUs."""

    version: str
    tiers: tuple[TierSpec, ...]

    @cached_property
    def gpus(self) -> tuple[GpuSpec, ...]:
        return gpus_of(self.tiers)


_snapshot = Snapshot(lambda version: GpuCatalog(version, load_tiers()))


def current_gpus() -> GpuCatalog:
    """Return the snapshot of the GPUs as they are, at most `CATALOG_CHECK_SECONDS` ago."""
    return _snapshot.current()


def load_tiers() -> tuple[TierSpec, ...]:
    """All tiers, smallest first, each with its published GPUs in the editors' order."""
    gpus_by_tier: dict[int, list[GpuSpec]] = defaultdict(list)
    seen = PriceObservation.objects.filter(gpu__published=True).published().specs_by_gpu()
    for gpu in Gpu.objects.published().select_related("tier", "utilisation_class", "platform"):
        gpus_by_tier[gpu.tier_id].append(gpu.to_spec(gpu_prices(seen[gpu.pk])))
    return tuple(
        tier.to_spec(tuple(gpus_by_tier[tier.pk]))
        for tier in MemoryTier.objects.order_by("memory_gb")
    )


def gpus_of(tiers: Iterable[TierSpec]) -> tuple[GpuSpec, ...]:
    """The tiers' GPUs, smallest memory first."""
    return tuple(gpu for tier in tiers for gpu in tier.gpus)
