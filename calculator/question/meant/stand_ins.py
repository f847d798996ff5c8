"""What is answered while something asked is wrong: the rest, with defaults for what is wrong.

A page that is opened with a mistake marks it at its field and has an answer all the same; what
stands in for the mistake is said above the answer (`StandIn.words`). The API refuses instead, and
while one types the last answer stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.utils.text import get_text_list

from calculator.estimation.spellings import NAMES
from calculator.language_models.names import readings_of
from calculator.language_models.search import ModelMatches
from calculator.question.cluster import CLUSTER_FIELDS, cluster_values
from calculator.question.reading import SUBJECT_NAMES, Question, precise_question
from calculator.question.setting_fields import SettingField
from calculator.question.training_fields import FIELDS
from calculator.question.training_form import TRAINER, as_text

Q = TypeVar("Q", bound=Question)
Q_co = TypeVar("Q_co", bound=Question, covariant=True)

_BILLIONS = re.compile(r"\d+(?:\.\d+)?b")
_CLUSTER_FIELDS = {field.name: field for field in CLUSTER_FIELDS.fields}


@dataclass(frozen=True, slots=True)
class StandIn(Generic[Q_co]):
    """The question that is answered instead, and the names of what has its default in it."""

    question: Q_co
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InsteadView:
    """What a page says above an answer to less than was asked.

    words: “with sequence length 2,048”; field_id: the first field that is marked, where it stands
    on the page; elsewhere: what is wrong with something that has no field there, and elsewhere_url
    where it has one.
    """

    words: str
    field_id: str = ""
    elsewhere: str = ""
    elsewhere_url: str = ""


def stand_in(
    question: Q, query: Mapping[str, str], read: Callable[[Mapping[str, str]], Q]
) -> StandIn[Q] | None:
    """A question that `read` understood of a query, without its mistakes.

    None where there is none, or where leaving the wrong parts out does not help.
    """
    rest: dict[str, str] = dict(query)
    names: list[str] = []
    while question.errors:
        left_out = {name: _spellings(name) & rest.keys() for name in question.errors}
        if not any(left_out.values()):
            return None
        for name, spellings in left_out.items():
            typed = rest.get(name, "")
            for spelling in spellings:
                del rest[spelling]
            names.append(name)
            if name == "model":
                rest.update(_meant_by(typed, question.matches, rest))
        question = read(rest)
    if not names:
        return None
    if not set(SUBJECT_NAMES).issuperset(names):
        # Its settings were stated: the rule of thumb would answer another question.
        question = precise_question(question)
    return StandIn(question, tuple(dict.fromkeys(names)))


def stand_in_words(
    found: StandIn[Question] | None,
    *more: str,
    defaults: Mapping[str, str] | None = None,
) -> str:
    """“for a 7B model, with sequence length 2,048 and rank 16”.

    more: the words of a form's own fields; defaults: those of what is no training setting.
    """
    about, settings = "", []
    if found is not None:
        question = found.question
        if question.subject is not None and not set(SUBJECT_NAMES).isdisjoint(found.names):
            about = f"for {question.subject.name}"
        settings = [
            (defaults or {}).get(name) or _setting_words(question, name)
            for name in found.names
            if name not in SUBJECT_NAMES
        ]
    settings += more
    listed = f"with {get_text_list(settings, 'and')}" if settings else ""
    return ", ".join(filter(None, [about, listed]))


def label_words(label: str) -> str:
    """A field's label within a sentence: “sequence length”, “LoRA dropout”."""
    first = label.partition(" ")[0]
    return label[:1].lower() + label[1:] if first[1:].islower() or len(first) == 1 else label


def first_of(names: Iterable[str], present: Iterable[str], prefix: str = "") -> str:
    """The id of the first field of the page that is among the wrong ones; empty if none is."""
    wrong = set(names)
    return next((prefix + name for name in present if name in wrong), "")


def _spellings(name: str) -> set[str]:
    return {name, *(theirs for theirs, ours in NAMES.items() if ours == name)}


def _meant_by(typed: str, matches: ModelMatches, rest: Mapping[str, str]) -> dict[str, str]:
    """What a name without a model of its own comes nearest to: the first that has its words, or
    a model of the size that it states.
    """
    if matches.found:
        first_word = typed.split()[0].casefold()
        known = [model for model in matches.found if model.architecture is not None]
        begins = [model for model in known if model.name.casefold().startswith(first_word)]
        return {"model": (begins or known or matches.found)[0].slug}
    sizes = {size for reading in readings_of(typed) for size in reading.sizes}
    stated = [size[:-1] for size in sizes if _BILLIONS.fullmatch(size)]
    return {"size": stated[0]} if len(stated) == 1 and "size" not in rest else {}


def _setting_words(question: Question, name: str) -> str:
    """“sequence length 2,048”, “optimizer at its default”."""
    if name == TRAINER:
        return "the defaults of transformers"
    if name in _CLUSTER_FIELDS:
        return setting_words(_CLUSTER_FIELDS[name], cluster_values(question.sharding)[name])
    field = FIELDS[name]
    value = None if question.run is None else question.run.value_of(field)
    if value is None:
        return f"{label_words(field.label)} at its default"
    return setting_words(field, as_text(value))


def setting_words(field: SettingField, text: str) -> str:
    """A field with its value: “sequence length 2,048”, “gradient checkpointing on”."""
    shown = dict(field.choices).get(text, f"{int(text):,}" if text.isdigit() else text)
    return f"{label_words(field.label)} {label_words(shown)}"
