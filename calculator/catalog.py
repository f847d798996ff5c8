"""The whole catalog as one immutable snapshot, shared by the requests of a process.

It is loaded anew when the version of its rows has changed (`gpus.catalog.current_version`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db import models

from calculator.faq.models import FaqSpec
from calculator.language_models.specs import LanguageModelSpec
from calculator.models import (
    FaqEntry,
    LanguageModel,
    MethodPreset,
    ModelAlias,
    ModelSize,
    PresetPart,
)
from calculator.presets.figures import Figures, published_figures
from gpus.catalog import TABLES as GPU_TABLES
from gpus.catalog import Version, current_version

TABLES: tuple[type[models.Model], ...] = (
    *GPU_TABLES,
    MethodPreset,
    PresetPart,
    ModelSize,
    LanguageModel,
    ModelAlias,
    FaqEntry,
)


@dataclass(frozen=True, kw_only=True)
class Catalog(Figures):
    """All published rows that a page may need, as core types."""

    version: Version
    sizes_b: tuple[Decimal, ...]
    faq: tuple[FaqSpec, ...]
    language_models: tuple[LanguageModelSpec, ...] = ()

    @cached_property
    def language_models_by_slug(self) -> dict[str, LanguageModelSpec]:
        return {model.slug: model for model in self.language_models}


_latest: Catalog | None = None


def current_catalog() -> Catalog:
    """Return the snapshot of the catalog as it is now: one query, more only after a change."""
    global _latest
    version = current_version(TABLES)
    snapshot = _latest
    if snapshot is None or snapshot.version != version:
        # Two threads may both load; each gets a whole snapshot and the later one is kept.
        snapshot = _latest = _load(version)
    return snapshot


def _load(version: Version) -> Catalog:
    figures = published_figures()
    return Catalog(
        version=version,
        tiers=figures.tiers,
        training_methods=figures.training_methods,
        inference_methods=figures.inference_methods,
        sizes_b=tuple(ModelSize.objects.filter(published=True).values_list("params_b", flat=True)),
        faq=tuple(entry.to_spec() for entry in FaqEntry.objects.filter(published=True)),
        language_models=tuple(
            model.to_spec()
            for model in LanguageModel.objects.filter(published=True).prefetch_related("aliases")
        ),
    )
