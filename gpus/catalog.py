"""The tiers with their GPUs as one immutable snapshot, and how a snapshot's age is known.

A version is derived from the rows themselves (newest change and number of rows of each table), so
nothing has to remember to announce a change: an edit in the admin, an import or a script on another
machine is seen by the next request of every process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection, models
from django.db.models import Count, Max, Value

from gpus.classes import Platform, UtilisationClass
from gpus.models import Gpu
from gpus.specs import GpuSpec, TierSpec
from gpus.tiers import MemoryTier

Version = tuple[tuple[Any, ...], ...]

TABLES: tuple[type[models.Model], ...] = (MemoryTier, UtilisationClass, Platform, Gpu)


@dataclass(frozen=True)
class GpuCatalog:
    """All tiers, each with its published GPUs."""

    version: Version
    tiers: tuple[TierSpec, ...]

    @cached_property
    def gpus(self) -> tuple[GpuSpec, ...]:
        return gpus_of(self.tiers)


_latest: GpuCatalog | None = None


def current_gpus() -> GpuCatalog:
    """Return the snapshot as it is now: one query, more only after a change."""
    global _latest
    version = current_version(TABLES)
    snapshot = _latest
    if snapshot is None or snapshot.version != version:
        snapshot = _latest = GpuCatalog(version, load_tiers())
    return snapshot


def current_version(tables: Iterable[type[models.Model]]) -> Version:
    """What changes whenever a row of the tables does; one query."""
    database = str(connection.settings_dict["NAME"])
    parts = [
        table._default_manager.order_by()
        .values(table=Value(str(table._meta.label)))
        .annotate(newest=Max("updated_at"), row_count=Count("pk"))
        for table in tables
    ]
    rows = parts[0].union(*parts[1:], all=True)
    return ((database,), *sorted(tuple(row.values()) for row in rows))


def load_tiers() -> tuple[TierSpec, ...]:
    """All tiers, smallest first, each with its published GPUs in the editors' order."""
    gpus_by_tier: dict[int, list[GpuSpec]] = defaultdict(list)
    for gpu in Gpu.objects.published().select_related("tier", "utilisation_class", "platform"):
        gpus_by_tier[gpu.tier_id].append(gpu.to_spec())
    return tuple(
        tier.to_spec(tuple(gpus_by_tier[tier.pk]))
        for tier in MemoryTier.objects.order_by("memory_gb")
    )


def gpus_of(tiers: Iterable[TierSpec]) -> tuple[GpuSpec, ...]:
    """The tiers' GPUs, smallest memory first."""
    return tuple(gpu for tier in tiers for gpu in tier.gpus)
