"""Rows as a form has them, before they are saved: what previews and guards look at.

What an unsaved row would do to the site is known on higher floors; they register it here, so that
the admin of every app can ask.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from django.db import models
from django.http import HttpRequest


@dataclass(frozen=True)
class Change:
    """A row as it would be, and as it is; `was` is None for a new one.

    The row's children (a preset's parts) are those of the form: `row.parts.all()` gives them.
    """

    row: Any
    was: Any = None
    is_removed: bool = False

    @property
    def is_public(self) -> bool:
        """Whether visitors would see the row."""
        return not self.is_removed and bool(getattr(self.row, "published", True))

    @property
    def was_public(self) -> bool:
        return self.was is not None and bool(getattr(self.was, "published", True))


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a change should not be saved, or not without a second thought."""

    message: str
    is_refused: bool = False
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What guards have to say to one change, and whether an editor has said yes to it."""

    found: tuple[Finding, ...] = ()
    confirmed: str = ""

    @property
    def token(self) -> str:
        """Stands for exactly these findings: a yes to one question is none to another."""
        text = "\n".join("\t".join((each.message, *each.details)) for each in self.found)
        return blake2b(text.encode(), digest_size=8).hexdigest()

    @property
    def is_refused(self) -> bool:
        return any(each.is_refused for each in self.found)

    @property
    def lines(self) -> tuple[str, ...]:
        """Each finding in words, what it names below it: for a terminal."""
        return tuple(
            line
            for each in self.found
            for line in (each.message, *(f"  {detail}" for detail in each.details))
        )

    @property
    def hold_back(self) -> bool:
        """Whether the change has to wait."""
        return bool(self.found) and (self.is_refused or self.confirmed != self.token)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do, ready to be drawn."""

    template: str
    view: Any = None


class HeldBack(Exception):
    """Guards refuse a change, or ask about it and nobody said yes. Nothing was changed."""

    def __init__(self, findings: Findings) -> None:
        super().__init__("Nothing was changed.")
        self.findings = findings


def held_back_words(nothing_was_done: str, findings: Findings) -> str:
    """What guards say, for a terminal, and how to say yes to it there."""
    lines = "\n".join(f"  {line}" for line in findings.lines)
    if findings.is_refused:
        return f"{nothing_was_done} This cannot be done:\n{lines}"
    return (
        f"{nothing_was_done} Read what this would do:\n{lines}\n"
        f"Where it is meant, say --confirmed {findings.token}."
    )


Guard = Callable[[Sequence[Change]], Iterable[Finding]]
Previewer = Callable[[HttpRequest, Change, bool], Preview]
"""Draws a change; the last argument says whether it could be saved."""

CONFIRMED = "_confirmed"
_guards: list[Guard] = []
_parents: dict[type[models.Model], str] = {}
_previewers: dict[type[models.Model], tuple[str, Previewer]] = {}


def guard(function: Guard) -> Guard:
    """Have a function look at every change before it is saved."""
    _guards.append(function)
    return function


def previews(model: type[models.Model], title: str) -> Callable[[Previewer], Previewer]:
    """Have a function show what a change of one kind of row does."""

    def register(function: Previewer) -> Previewer:
        _previewers[model] = title, function
        return function

    return register


def previewer_of(model: type[models.Model]) -> tuple[str, Previewer] | None:
    """The title of the preview and what draws it, or None."""
    return _previewers.get(model)


def findings_of(changes: Sequence[Change], confirmed: str = "") -> Findings:
    """Everything that guards say to changes that would be saved together."""
    if not changes:
        return Findings()
    return Findings(tuple(each for look in _guards for each in look(changes)), confirmed)


def seen_with(child: type[models.Model], parent: str) -> None:
    """Have a change of one kind of row looked at as one of its parent, by its foreign key's name."""
    _parents[child] = parent


Key = tuple[type[models.Model], Any]


def rows_that_stand(rows: Iterable[models.Model]) -> dict[Key, models.Model]:
    """These rows, or what they belong to, as the database has them, each with its children."""
    keys: dict[type[models.Model], set[Any]] = {}
    for row in rows:
        model, key = type(row), row.pk
        if (name := _parents.get(model)) is not None:
            field: Any = model._meta.get_field(name)
            model, key = field.related_model, getattr(row, field.attname)
        keys.setdefault(model, set()).add(key)
    return {
        (model, row.pk): row
        for model, wanted in keys.items()
        for row in model._base_manager.filter(pk__in=wanted).prefetch_related(*_children_of(model))
    }


def _children_of(model: type[models.Model]) -> list[str]:
    fields: Iterable[Any] = (child._meta.get_field(name) for child, name in _parents.items())
    return [
        field.remote_field.get_accessor_name() for field in fields if field.related_model is model
    ]


def changes_between(
    before: Mapping[Key, models.Model], after: Mapping[Key, models.Model]
) -> list[Change]:
    """What became of rows, from two looks at the database."""
    return [
        Change(row=after[key], was=before.get(key))
        if key in after
        else Change(row=before[key], was=before[key], is_removed=True)
        for key in dict.fromkeys((*before, *after))
    ]


def as_it_is(row: models.Model) -> models.Model | None:
    """The row as the database has it."""
    return None if row.pk is None else type(row)._default_manager.filter(pk=row.pk).first()


def with_children(row: Any, children: dict[str, list[Any]]) -> Any:
    """A copy of the row whose children are those given, by the name under which it knows them."""
    whole = copy.copy(row)
    if whole.pk is None:
        whole.pk = 0  # Django gives no children to a row without a key.
    whole._prefetched_objects_cache = {name: _in_order(rows) for name, rows in children.items()}
    return whole


def _in_order(rows: list[Any]) -> list[Any]:
    """As the database would return them: by the fields of `ordering`."""
    ordering = [name for name in rows[0]._meta.ordering if isinstance(name, str)] if rows else []
    for name in reversed(ordering):
        plain = name.removeprefix("-")
        rows = sorted(
            rows,
            key=lambda row: ((value := getattr(row, plain)) is None, value),
            reverse=name != plain,
        )
    return rows
