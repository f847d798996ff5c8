"""The catalog as one immutable snapshot, shared by the requests of a process.

Its version is derived from the rows themselves (newest change and number of rows of each
table), so nothing has to remember to announce a change: an edit in the admin, an import or a
script on another machine is seen by the next request of every process.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import connection, models
from django.db.models import Count, Max, Value

from calculator.estimation.rule_of_thumb import MethodSpec
from calculator.language_models import LanguageModelSpec
from calculator.models import FaqEntry, LanguageModel, MethodPreset, ModelSize, PresetPart, Task
from gpus.classes import Platform, UtilisationClass
from gpus.models import Gpu, MemoryTier
from gpus.specs import GpuSpec, TierSpec

Version = tuple[tuple[Any, ...], ...]

TABLES: tuple[type[models.Model], ...] = (
    MemoryTier,
    UtilisationClass,
    Platform,
    Gpu,
    MethodPreset,
    PresetPart,
    ModelSize,
    LanguageModel,
    FaqEntry,
)


@dataclass(frozen=True)
class FaqSpec:
    slug: str
    question: str
    answer_markdown: str
    calculator_query: str


@dataclass(frozen=True)
class Catalog:
    """All published rows that a page may need, as core types."""

    version: Version
    tiers: tuple[TierSpec, ...]
    training_methods: tuple[MethodSpec, ...]
    inference_methods: tuple[MethodSpec, ...]
    sizes_b: tuple[Decimal, ...]
    faq: tuple[FaqSpec, ...]
    language_models: tuple[LanguageModelSpec, ...] = ()

    @cached_property
    def gpus(self) -> tuple[GpuSpec, ...]:
        return tuple(gpu for tier in self.tiers for gpu in tier.gpus)

    @cached_property
    def language_models_by_slug(self) -> dict[str, LanguageModelSpec]:
        return {model.slug: model for model in self.language_models}

    @cached_property
    def usable_tiers(self) -> tuple[TierSpec, ...]:
        """The tiers by what their cards have for a run, which precise figures are fitted into."""
        return tuple(tier.as_usable() for tier in self.tiers)

    @cached_property
    def methods_by_slug(self) -> dict[str, MethodSpec]:
        return {m.slug: m for m in (*self.training_methods, *self.inference_methods)}

    @cached_property
    def tiers_by_gb(self) -> dict[int, TierSpec]:
        return {tier.memory_gb: tier for tier in self.tiers}

    def methods(self, task: str) -> tuple[MethodSpec, ...]:
        return self.training_methods if task == Task.TRAINING else self.inference_methods


_latest: Catalog | None = None


def current_catalog() -> Catalog:
    """Return the snapshot of the catalog as it is now: one query, more only after a change."""
    global _latest
    version = _current_version()
    snapshot = _latest
    if snapshot is None or snapshot.version != version:
        # Two threads may both load; each gets a whole snapshot and the later one is kept.
        snapshot = _latest = _load(version)
    return snapshot


def _current_version() -> Version:
    database = str(connection.settings_dict["NAME"])
    parts = [
        table.objects.order_by()
        .values(table=Value(str(table._meta.label)))
        .annotate(newest=Max("updated_at"), row_count=Count("pk"))
        for table in TABLES
    ]
    rows = parts[0].union(*parts[1:], all=True)
    return ((database,), *sorted(tuple(row.values()) for row in rows))


def _load(version: Version) -> Catalog:
    gpus_by_tier: dict[int, list[GpuSpec]] = defaultdict(list)
    for gpu in Gpu.objects.published().select_related("tier", "utilisation_class", "platform"):
        gpus_by_tier[gpu.tier_id].append(gpu.to_spec())
    presets = MethodPreset.objects.filter(published=True).prefetch_related("parts")
    return Catalog(
        version=version,
        tiers=tuple(
            tier.to_spec(tuple(gpus_by_tier[tier.pk]))
            for tier in MemoryTier.objects.order_by("memory_gb")
        ),
        training_methods=_specs(presets, Task.TRAINING),
        inference_methods=_specs(presets, Task.INFERENCE),
        sizes_b=tuple(ModelSize.objects.filter(published=True).values_list("params_b", flat=True)),
        faq=tuple(
            FaqSpec(entry.slug, entry.question, entry.answer, entry.calculator_query)
            for entry in FaqEntry.objects.filter(published=True)
        ),
        language_models=tuple(
            model.to_spec() for model in LanguageModel.objects.filter(published=True)
        ),
    )


def _specs(presets: Iterable[MethodPreset], task: str) -> tuple[MethodSpec, ...]:
    return tuple(preset.to_spec() for preset in presets if preset.task == task)
