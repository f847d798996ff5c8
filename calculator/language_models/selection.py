"""Which models a visitor asked for: specs in, specs out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from calculator.answer.precise import PRECISE_METHODS
from calculator.catalog import Catalog
from calculator.estimation import Architecture, TrainingSettings, estimate
from calculator.estimation.device import DeviceBytes
from calculator.estimation.units import BILLION
from calculator.language_models.search import search_models
from calculator.language_models.specs import LanguageModelSpec
from calculator.words.query_forms import Criteria


@dataclass(frozen=True, slots=True)
class ModelFilter(Criteria):
    """What a model has to be. A criterion that is empty holds for all of them."""

    text: str = ""
    kind: str = ""
    most_params_b: Decimal | None = None


def select_models(catalog: Catalog, wanted: ModelFilter) -> tuple[LanguageModelSpec, ...]:
    """The catalog's models that fit, in the catalog's order."""
    models: Iterable[LanguageModelSpec] = catalog.language_models
    if wanted.text:
        limit = len(catalog.language_models)
        found = {model.slug for model in search_models(catalog, wanted.text, limit=limit).found}
        models = (model for model in models if model.slug in found)
    return tuple(model for model in models if _is_wanted(model, wanted))


def _is_wanted(model: LanguageModelSpec, wanted: ModelFilter) -> bool:
    most = wanted.most_params_b
    if most is not None and model.params_total_count > most * BILLION:
        return False
    return not wanted.kind or (wanted.kind == "moe") == is_mixture(model)


def is_mixture(model: LanguageModelSpec) -> bool:
    """Whether a token uses a part of the parameters only."""
    return model.params_active_count < model.params_total_count and (
        model.architecture is None or model.architecture.is_moe
    )


def default_bytes(model: LanguageModelSpec) -> dict[str, DeviceBytes]:
    """What a GPU has to hold by each method with default settings; empty if not computed."""
    if model.architecture is None:
        return {}
    return {method: _device_bytes(model.architecture, method) for method in PRECISE_METHODS}


@lru_cache(maxsize=4096)
def _device_bytes(architecture: Architecture, method: str) -> DeviceBytes:
    settings = TrainingSettings(method=method)  # type: ignore[arg-type]
    return estimate(architecture, settings).device_bytes
