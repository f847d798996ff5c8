"""Rows as a form has them, before they are saved: what previews and guards look at.

What an unsaved row would do to the site is known on higher floors; they register it here, so that
the admin of every app can ask.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar, overload

from django.db import models
from django.http import HttpRequest

Found = TypeVar("Found")


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


class Changes(Sequence[Change]):
    """Rows that would be saved together. What is found out about all of them is found out once."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = tuple(changes)
        self._found: dict[Any, Any] = {}

    @overload
    def __getitem__(self, place: int) -> Change: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Change, ...]: ...

    def __getitem__(self, place: int | slice) -> Change | tuple[Change, ...]:
        return self._changes[place]

    def __len__(self) -> int:
        return len(self._changes)

    def once(self, find: Callable[[Changes], Found]) -> Found:
        """What `find` says of them; it is asked the first time only."""
        if find not in self._found:
            self._found[find] = find(self)
        found: Found = self._found[find]
        return found


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


Guard = Callable[[Changes], Iterable[Finding]]
Previewer = Callable[[HttpRequest, Changes, bool], Preview]
"""Draws the one change of a row's form; the last argument says whether it could be saved."""

CONFIRMED = "_confirmed"
_guards: list[Guard] = []
_of_many: list[Callable[[Changes], Preview]] = []
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


def shows_consequences(function: Callable[[Changes], Preview]) -> Callable[[Changes], Preview]:
    """Have a function show what changes of many rows, of any kinds, do together."""
    _of_many.append(function)
    return function


def consequences_of(changes: Changes) -> Preview | None:
    """What changes of many rows do, ready to be drawn; None where nothing of it is known."""
    return _of_many[-1](changes) if _of_many and changes else None


def findings_of(changes: Changes, confirmed: str = "") -> Findings:
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
) -> Changes:
    """What becomes of rows, from two looks at them."""
    return Changes(
        Change(row=after[key], was=before.get(key))
        if key in after
        else Change(row=before[key], was=before[key], is_removed=True)
        for key in dict.fromkeys((*before, *after))
    )


def rows_put_back(
    stand: Mapping[Key, models.Model], back: Iterable[tuple[models.Model, models.Model | None]]
) -> dict[Key, models.Model]:
    """The rows of `rows_that_stand` with some of them, or of their children, as they were before.

    Each of `back` is a row and what it was: None is one that was not there.
    """
    made = dict(stand)
    children: dict[Key, dict[str, dict[Any, models.Model]]] = {}
    for row, was in back:
        own: dict[Any, models.Model] = made
        key: Any = type(row), row.pk
        if (name := _parents.get(type(row))) is not None:
            field: Any = type(row)._meta.get_field(name)
            parent = field.related_model, getattr(row, field.attname)
            accessor = field.remote_field.get_accessor_name()
            if (kept := children.setdefault(parent, {}).get(accessor)) is None:
                standing = getattr(stand[parent], accessor).all() if parent in stand else ()
                kept = children[parent][accessor] = {each.pk: each for each in standing}
            own, key = kept, row.pk
        if was is None:
            own.pop(key, None)
        else:
            own[key] = was
    for parent, kinds in children.items():
        if parent in made:
            rows = {accessor: list(kept.values()) for accessor, kept in kinds.items()}
            made[parent] = with_children(made[parent], rows)
    return made


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
