"""What so many cards can fine-tune: the largest model, and the largest settings of one model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster.my_gpu import Cards, largest_model, largest_value
from calculator.estimation.cluster.setups import Setup, best_setup
from calculator.language_models.specs import LanguageModelSpec

VALUES = ("sequence_length", "micro_batch", "lora_rank")


@dataclass(frozen=True, slots=True)
class LargestModel:
    """A method's answer: the model with the most parameters that fits, or None."""

    method: str
    settings: TrainingSettings
    model: LanguageModelSpec | None
    setup: Setup | None


@dataclass(frozen=True, slots=True)
class LargestValues:
    """A method's answers for one model: its setup, and the largest value of each setting.

    values holds None where not even one step fits, and lacks what the method does not have.
    """

    method: str
    settings: TrainingSettings
    setup: Setup | None
    values: dict[str, int | None]
    value_setups: Mapping[str, Setup | None]
    """The run with each of the values: at the largest it is mostly tight."""


def largest_models(
    models: Iterable[LanguageModelSpec], settings_of: dict[str, TrainingSettings], cards: Cards
) -> tuple[LargestModel, ...]:
    """For each method the largest model of the catalog that the cards hold."""
    candidates = [
        (model, model.architecture) for model in models if model.architecture is not None
    ]
    answers = []
    for method, settings in settings_of.items():
        model = largest_model(candidates, settings, cards)
        setup = None
        if model is not None and model.architecture is not None:
            setup = _setup(model.architecture, settings, cards)
        answers.append(LargestModel(method, settings, model, setup))
    return tuple(answers)


def largest_values(
    architecture: Architecture, settings_of: dict[str, TrainingSettings], cards: Cards
) -> tuple[LargestValues, ...]:
    """For each method the largest length, batch and rank of one model, each by itself."""
    answers = []
    for method, settings in settings_of.items():
        values = {
            name: largest_value(name, architecture, settings, cards)
            for name in VALUES
            if name != "lora_rank" or settings.trains_adapters
        }
        setup = _setup(architecture, settings, cards)
        at_values = {
            name: _setup(architecture, with_value(settings, name, value), cards)
            for name, value in values.items()
            if value is not None
        }
        answers.append(LargestValues(method, settings, setup, values, at_values))
    return tuple(answers)


def with_value(settings: TrainingSettings, name: str, value: int) -> TrainingSettings:
    change: dict[str, Any] = {name: value}
    return replace(settings, **change)


def _setup(architecture: Architecture, settings: TrainingSettings, cards: Cards) -> Setup | None:
    return best_setup(architecture, settings, cards.usable_bytes, cards.gpu_count)
