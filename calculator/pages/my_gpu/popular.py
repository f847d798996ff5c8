"""What a typical run of each popular model takes, worked out once for a snapshot of the catalog."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calculator.catalog import Catalog
from calculator.estimation import estimate
from calculator.estimation.device import DeviceBytes
from calculator.estimation.typical_run import TYPICAL_METHODS, typical_settings
from calculator.estimation.units import BILLION
from calculator.language_models.specs import LanguageModelSpec

MOST_POPULAR = 16
_LONG_AGO = dt.date.min


@dataclass(frozen=True, slots=True)
class PopularModel:
    """A model, and the device bytes of a typical run of it by method."""

    model: LanguageModelSpec
    device_bytes: dict[str, DeviceBytes]


_held: tuple[Catalog, tuple[PopularModel, ...]] | None = None


def popular_models(catalog: Catalog) -> tuple[PopularModel, ...]:
    """The newest models that people call by a short name, smallest first.

    The short names are aliases, which editors keep: “Llama 3.1” stands for its 8B. Models beyond
    the largest size that the calculator offers are left out. Where no model has an alias, the
    first of the catalog stand for them.
    """
    global _held
    held = _held
    if held is None or held[0] is not catalog:
        held = _held = catalog, tuple(_taken(model) for model in _chosen(catalog))
    return held[1]


def _chosen(catalog: Catalog) -> list[LanguageModelSpec]:
    largest_b = max(catalog.sizes_b, default=None)
    possible = [
        model
        for model in catalog.language_models
        if model.architecture is not None
        and (largest_b is None or model.params_total_count <= largest_b * BILLION)
    ]
    named = [model for model in possible if model.aliases] or possible
    newest = sorted(named, key=lambda model: model.released_on or _LONG_AGO, reverse=True)
    return sorted(newest[:MOST_POPULAR], key=lambda model: model.params_total_count)


def _taken(model: LanguageModelSpec) -> PopularModel:
    assert model.architecture is not None
    return PopularModel(
        model,
        {
            method: estimate(model.architecture, typical_settings(method)).device_bytes
            for method in TYPICAL_METHODS
        },
    )
