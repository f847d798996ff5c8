"""The whole catalog as one immutable snapshot, shared by the requests of a process.

It is loaded anew when the version of its rows has changed (`calculator/serving/row_versions.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from calculator.faq.models import FaqSpec
from calculator.language_models.specs import LanguageModelSpec
from calculator.models import (
    FaqEntry,
    FormerSlug,
    LanguageModel,
    MethodPreset,
    ModelAlias,
    ModelSize,
    PresetPart,
)
from calculator.presets.figures import Figures, published_figures
from calculator.serving.row_versions import ROW_VERSION, Snapshot

ROW_VERSION.watch(
    MethodPreset, PresetPart, ModelSize, LanguageModel, ModelAlias, FaqEntry, FormerSlug
)


@dataclass(frozen=True, kw_only=True)
class Catalog(Figures):
    """All published rows that a page may need, as core types."""

    version: str
    sizes_b: tuple[Decimal, ...]
    faq: tuple[FaqSpec, ...]
    former_faq_slugs: Mapping[str, str] = field(default_factory=dict)
    """Slugs that published answers had → those that they have."""
    language_models: tuple[LanguageModelSpec, ...] = ()

    @cached_property
    def language_models_by_slug(self) -> dict[str, LanguageModelSpec]:
        return {model.slug: model for model in self.language_models}


def _load(version: str) -> Catalog:
    figures = published_figures()
    return Catalog(
        version=version,
        tiers=figures.tiers,
        training_methods=figures.training_methods,
        inference_methods=figures.inference_methods,
        sizes_b=tuple(ModelSize.objects.filter(published=True).values_list("params_b", flat=True)),
        faq=tuple(entry.to_spec() for entry in FaqEntry.objects.filter(published=True)),
        former_faq_slugs=dict(
            FormerSlug.objects.filter(entry__published=True).values_list("slug", "entry__slug")
        ),
        language_models=tuple(
            model.to_spec()
            for model in LanguageModel.objects.filter(published=True).prefetch_related("aliases")
        ),
    )


_snapshot = Snapshot(_load)


def current_catalog() -> Catalog:
    """Return the snapshot of the catalog as it is, at most `CATALOG_CHECK_SECONDS` ago."""
    return _snapshot.current()
