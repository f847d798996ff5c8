"""The trainers' defaults as the methodology page lists them."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.trainers import METHODS, TRAINERS, Default, TrainerDefaults
from calculator.pages.calculator.settings_panel import METHOD_WORDS
from calculator.question.training_fields import FIELDS
from calculator.question.training_form import as_text


@dataclass(frozen=True, slots=True)
class DefaultView:
    """`methods` is empty where the value holds for all of them."""

    label: str
    value: str
    methods: str
    source: str


@dataclass(frozen=True, slots=True)
class TrainerView:
    """`essence` is what a reader compares trainers by, and how many defaults there are."""

    name: str
    essence: str
    rows: tuple[DefaultView, ...]
    remarks: tuple[str, ...]


def trainer_views() -> tuple[TrainerView, ...]:
    return tuple(_view(trainer) for trainer in TRAINERS.values())


def _view(trainer: TrainerDefaults) -> TrainerView:
    return TrainerView(
        f"{trainer.name} {trainer.version}",
        _essence(trainer),
        tuple(_row(each) for each in trainer.defaults),
        trainer.remarks,
    )


def _essence(trainer: TrainerDefaults) -> str:
    """“Micro-batch 8, sequence length 1,024; 12 defaults in all”"""
    values = {
        FIELDS[each.setting].label: _value(each)
        for each in trainer.defaults
        if each.setting in ("micro_batch", "sequence_length")
    }
    first = ", ".join(f"{label} {value}" for label, value in values.items()).capitalize()
    return f"{first}; {len(trainer.defaults)} defaults in all"


def _row(default: Default) -> DefaultView:
    field = FIELDS[default.setting]
    holds_for_all = set(default.methods) >= set(field.methods) or default.methods == METHODS
    return DefaultView(
        field.label,
        _value(default),
        "" if holds_for_all else ", ".join(METHOD_WORDS[method] for method in default.methods),
        default.source,
    )


def _value(default: Default) -> str:
    value = default.value
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = as_text(value)
    return dict(FIELDS[default.setting].choices).get(text, text)
