"""What a change did to a row, field by field, as an editor reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.utils import formats
from django.utils.text import capfirst

NOTHING = "empty"
# Shorter texts are read at a glance; of longer ones the changed words are what one looks for.
LONG_TEXT_CHARACTERS = 80
# Around a changed word, so many unchanged ones stay.
WORDS_AROUND = 8


@dataclass(frozen=True)
class Piece:
    """Some words of a text: `kind` is "same", "gone" or "new"."""

    kind: str
    text: str


@dataclass(frozen=True)
class Difference:
    """One field of a row before and after a change, both in words."""

    field: str
    label: str
    old: str
    new: str

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The words of a long text that went and came; nothing for a short one."""
        if min(len(self.old), len(self.new)) < LONG_TEXT_CHARACTERS:
            return ()
        return tuple(_word_difference(self.old, self.new))


def differences(before: models.Model | None, after: models.Model | None) -> tuple[Difference, ...]:
    """The fields that two states of a row differ in; None is a row that is not there."""
    row = after or before
    if row is None:
        return ()
    found = []
    for field in kept_fields(type(row)):
        old, new = (
            NOTHING if state is None else in_words(field, getattr(state, field.attname))
            for state in (before, after)
        )
        if old != new:
            found.append(Difference(field.name, _label(field), old, new))
    return tuple(found)


def kept_fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The fields that people keep: all but the key and the time of the last save."""
    return [
        field
        for field in model._meta.concrete_fields
        if not field.primary_key and field.name not in ("updated_at", "password", "last_login")
    ]


def in_words(field: models.Field[Any, Any], value: Any) -> str:
    """A stored value as an editor reads it."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.related_model is not None:
        return _name_of_another(field.related_model, value)  # type: ignore[arg-type]
    if field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    if isinstance(value, int) and not isinstance(field, models.SlugField):
        return f"{value:,}"
    if isinstance(field, models.DateField):
        return formats.date_format(value, "j M Y H:i" if hasattr(value, "hour") else "j M Y")
    return str(value)


def name_of(row: models.Model) -> str:
    """A row as its table calls it, also where what its name is made of is gone."""
    try:
        return str(row)
    except ObjectDoesNotExist:
        return f"{row._meta.verbose_name} {row.pk}"


def _name_of_another(model: type[models.Model], key: Any) -> str:
    row = model._base_manager.filter(pk=key).first()
    return f"one that is gone ({key})" if row is None else name_of(row)


def _label(field: models.Field[Any, Any]) -> str:
    return capfirst(str(field.verbose_name))


def _word_difference(old: str, new: str) -> Iterator[Piece]:
    before, after = (re.findall(r"\s+|[^\s]+", text) for text in (old, new))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    steps = matcher.get_opcodes()
    for at, (kind, i1, i2, j1, j2) in enumerate(steps):
        if kind == "equal":
            yield Piece(
                "same",
                _shortened(before[i1:i2], starts=at == 0, ends=at == len(steps) - 1),
            )
            continue
        if i2 > i1:
            yield Piece("gone", "".join(before[i1:i2]))
        if j2 > j1:
            yield Piece("new", "".join(after[j1:j2]))


def _shortened(words: list[str], *, starts: bool, ends: bool) -> str:
    """Unchanged words, without those far from the changed ones. A space counts as a word."""
    keep = 2 * WORDS_AROUND
    if len(words) <= 2 * keep:
        return "".join(words)
    head = "" if starts else "".join(words[:keep])
    tail = "" if ends else "".join(words[-keep:])
    return f"{head} … {tail}"
