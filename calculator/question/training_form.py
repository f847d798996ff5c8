"""Query string ↔ training settings, under the API's names.

The three methods stand side by side, so the method is not part of the query: what is stated holds
for all of them, and what is not has each method's default, or that of the trainer which is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from calculator.estimation import SettingsError, TrainingSettings, settings_from_mapping
from calculator.estimation.settings import CHOICES
from calculator.estimation.spellings import NAMES, TARGETS, understood
from calculator.question.setting_fields import ALL_METHODS, SettingField
from calculator.question.training_fields import FIELDS
from calculator.words.numbers import LENGTHS, LONGEST, read_whole_number

TRAINER = "trainer"
SETTING_NAMES = (*FIELDS, TRAINER)
# The one that a plain size carries in its URL although it is the default: without any setting,
# /?size=7 is the rule of thumb.
NAME_THAT_MAKES_A_SIZE_PRECISE = "sequence_length"

_TOKENS = re.compile(r"\s*tokens?$", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s,]+")
_LONGEST_NUMBER = 30
_SWITCH = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Run:
    """What is stated of a run: a trainer, or none, and values that differ from its defaults."""

    trainer: str = ""
    stated: Mapping[str, Any] = field(default_factory=dict)
    # Each field of the page asks: what a method's settings are is worked out once for all of them.
    _read: dict[str, TrainingSettings] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def settings_for(self, method: str) -> TrainingSettings:
        settings = self._read.get(method)
        if settings is None:
            settings = self._read[method] = settings_from_mapping(
                {TRAINER: self.trainer, **self.stated}, method=method
            )
        return settings

    def query(self) -> dict[str, str]:
        """The shortest query that says the same."""
        trainer = {TRAINER: self.trainer} if self.trainer else {}
        return trainer | {name: as_text(value) for name, value in self.stated.items()}

    def value_of(self, setting: SettingField) -> Any | None:
        """The setting's value, or None where it differs by method."""
        values = {getattr(self.settings_for(method), setting.name) for method in setting.methods}
        return values.pop() if len(values) == 1 else None

    def with_(self, **changes: Any) -> Run:
        return run_of(self.trainer, {**self.stated, **changes})


@dataclass(frozen=True, slots=True)
class TrainingForm:
    """A query's settings. `run` is None while one of them is wrong.

    typed keeps what was typed; is_stated says whether any setting stands in the query at all.
    """

    typed: Mapping[str, str]
    run: Run | None
    errors: Mapping[str, str]

    @property
    def is_stated(self) -> bool:
        return bool(self.typed)

    @property
    def trainer(self) -> str:
        """The trainer that is named, where it is one that is known."""
        typed = self.typed.get(TRAINER, "")
        return typed if typed in CHOICES[TRAINER] else ""


def read_training_form(query: Mapping[str, str]) -> TrainingForm:
    """Read the settings of a query; other parameters and empty values are left alone.

    Trainers' own names and values are understood, and become ours.
    """
    typed = _typed(query)
    values = understood({name: parse(name, text) for name, text in typed.items()})
    trainer = values.pop(TRAINER, "")
    try:
        settings_from_mapping({TRAINER: trainer, **values})
    except SettingsError as error:
        errors = {e.field: _sentence(e.field, e.message) for e in error.errors}
        return TrainingForm(_without_defaults(typed, values, errors), None, errors)
    return TrainingForm(typed, run_of(trainer, values), {})


def _typed(query: Mapping[str, str]) -> dict[str, str]:
    """What stands in the query, under our names; a name of ours goes before a trainer's."""
    given = {name: text for name in query if (text := query[name].strip())}
    for name, ours in NAMES.items():
        if name in given:
            given.setdefault(ours, given[name])
    return {name: given[name] for name in SETTING_NAMES if name in given}


def _without_defaults(
    typed: Mapping[str, str], values: Mapping[str, Any], errors: Mapping[str, str]
) -> dict[str, str]:
    """What was typed, less what says no more than a plain run's default."""
    plain = TrainingSettings()
    return {
        name: text
        for name, text in typed.items()
        if name in errors or name == TRAINER or values[name] != getattr(plain, name)
    }


@lru_cache(maxsize=16)
def default_run(trainer: str) -> Run:
    """The run of a trainer that is known, or of none, with nothing stated."""
    return Run(trainer)


def run_of(trainer: str, values: Mapping[str, Any]) -> Run:
    """A run that states only what differs from the defaults of a method that it concerns."""
    run = default_run(trainer)
    defaults = {method: run.settings_for(method) for method in ALL_METHODS}
    stated = {
        name: values[name]
        for name, setting in FIELDS.items()
        if name in values
        and any(getattr(defaults[method], name) != values[name] for method in setting.methods)
    }
    return Run(trainer, stated)


def precise_query(run: Run, subject_query: Mapping[str, str]) -> dict[str, str]:
    """The run's shortest query; a plain size keeps a setting, or it would be the rule of thumb."""
    query = run.query()
    if not query and "size" in subject_query:
        name = NAME_THAT_MAKES_A_SIZE_PRECISE
        query[name] = as_text(run.value_of(FIELDS[name]))
    return query


def run_of_settings(settings: TrainingSettings) -> Run:
    """The run in which a method has these settings."""
    return run_of(settings.trainer, {name: getattr(settings, name) for name in FIELDS})


def parse(name: str, text: str) -> Any:
    """A value of the setting's type, or the text itself, which the core then refuses."""
    setting = FIELDS.get(name)
    kind = "choice" if setting is None else setting.kind
    if name == "sequence_length":
        return parse_length(text)
    if kind == "count":
        return parse_count(text)
    if kind == "number" and len(text) <= _LONGEST_NUMBER:
        try:
            return float(text)
        except ValueError:
            return text
    if kind == "switch":
        return _SWITCH.get(text.lower(), text)
    if kind == "targets":
        return TARGETS.get(text.lower(), tuple(_SEPARATORS.split(text.strip(", "))))
    if name == "activation_offload":
        return _SWITCH.get(text.lower(), text)
    if name == "modules_to_save" and text not in CHOICES[name]:
        return _SEPARATORS.split(text)
    return text


def parse_count(text: str) -> int | str:
    """A whole number, or the text itself, which the core then refuses: “16”, “4,096”, “1e3”."""
    count = read_whole_number(text)
    return text if count is None else count


def parse_length(text: str) -> int | str:
    """A number of tokens, or the text itself: “4,096”, “4k”, “128K tokens”."""
    number = _TOKENS.sub("", text) if len(text) <= LONGEST else ""
    count = read_whole_number(number, LENGTHS)
    return text if count is None else count


def as_text(value: Any) -> str:
    """The value as it stands in a URL: 4096, false, q_proj,v_proj."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value)


def _sentence(name: str, message: str) -> str:
    label = FIELDS[name].label if name in FIELDS else name.capitalize()
    return f"{label} {message}"
