"""Rows of an import that somebody else saved after its preview was made, told side by side.

The preview's page itself carries which version of each row it showed, as two windows may show two;
signed, since it names rows by their keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core import signing
from django.db import models

from calculator.bulk.planning import NotAsShown, Plan, PlannedRow
from calculator.bulk.tables import BulkTable, Children
from calculator.changes.differences import NOTHING, in_words, name_of
from calculator.changes.locking import Conflict, hold_unchanged, version_of
from calculator.editing.side_by_side import Compared, compared

_SALT = "calculator.bulk.clashes"


@dataclass(frozen=True)
class Clash:
    """A row, or a row's child, that changed: `happened` is "saved", "added" or "deleted"."""

    place: int
    name: str
    happened: str
    compared: Compared


@dataclass(frozen=True)
class SeenRow:
    """Which version of a row a preview showed; key is None where there was none yet."""

    place: int
    key: int | None
    version: str
    children: Mapping[int, str]


class OthersSaved(NotAsShown):
    """What the import would change was saved by others after the preview."""

    def __init__(self, plan: Plan, clashes: Sequence[Clash]) -> None:
        super().__init__(plan)
        self.clashes = clashes


def seen_in(table: BulkTable, plan: Plan) -> str:
    """The versions of the rows that a plan was made of, for its preview's page to carry."""
    rows = []
    for row in plan.rows:
        key = None if row.stored is None else row.stored.pk
        version = "" if row.stored is None else version_of(row.stored)
        children = [[each.pk, version_of(each)] for each in _children_of(table, plan, row)]
        rows.append([row.place, key, version, children])
    return signing.dumps(rows, salt=_SALT, compress=True)


def seen_rows(text: str) -> list[SeenRow]:
    """What `seen_in` said; nothing of a text that it did not make."""
    try:
        rows = signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        return []
    return [SeenRow(place, key, version, dict(each)) for place, key, version, each in rows]


def clashes(table: BulkTable, seen: Iterable[SeenRow], plan: Plan) -> list[Clash]:
    """What others did to an import's rows since they were seen, in the order of the import's rows.

    plan is what the import would do now. To be called in a transaction: the rows are locked.
    """
    planned = {row.place: row for row in plan.rows}
    versions: dict[int, str] = {}
    child_versions: dict[int, str] = {}
    row_of: dict[int, tuple[int, PlannedRow | None]] = {}
    row_of_child: dict[int, tuple[int, PlannedRow]] = {}
    for was in seen:
        row = planned.get(was.place)
        stored = None if row is None else row.stored
        key = was.key or (stored.pk if stored else None)
        if key is None:
            continue
        versions[key], row_of[key] = was.version, (was.place, row)
        if row is not None and stored is not None:
            now = {each.pk: "" for each in _children_of(table, plan, row)}
            for child_key, version in {**now, **was.children}.items():
                child_versions[child_key] = version
                row_of_child[child_key] = (was.place, row)
    found = []
    for conflict in hold_unchanged(table.model, versions):
        place, row = row_of[conflict.key]
        brought = _brought(table, plan, row)
        found.append(_clash(place, conflict, brought, was_there=bool(versions[conflict.key])))
    if table.children and child_versions:
        for conflict in hold_unchanged(table.children.model, child_versions):
            place, row = row_of_child[conflict.key]
            was_there = bool(child_versions[conflict.key])
            brought = _brought_to_child(table.children, row, conflict)
            clash = _clash(place, conflict, brought, was_there=was_there)
            found.append(replace(clash, name=f"{name_of(row.wanted)}, {clash.name}"))
    told = (each for each in found if each.compared.fields)
    return sorted(told, key=lambda each: each.place)


def _children_of(table: BulkTable, plan: Plan, row: PlannedRow) -> Iterator[models.Model]:
    """A row's children before the import, where the import says what they are to be."""
    if table.children and row.stored is not None and table.children.column in plan.columns:
        yield from table.children.of(row.stored)


def _clash(
    place: int,
    conflict: Conflict,
    brought: Callable[[models.Field[Any, Any]], str],
    *,
    was_there: bool,
) -> Clash:
    row = conflict.row or conflict.seen
    name = "" if row is None else name_of(row)
    happened = "deleted" if conflict.row is None else "saved" if was_there else "added"
    return Clash(place, name, happened, compared(conflict, brought, was_there=was_there))


def _brought(
    table: BulkTable, plan: Plan, row: PlannedRow | None
) -> Callable[[models.Field[Any, Any]], str]:
    def brought(field: models.Field[Any, Any]) -> str:
        if row is None or table.column_of(field.name) not in plan.columns:
            return ""
        return in_words(field, getattr(row.wanted, field.attname))

    return brought


def _brought_to_child(
    children: Children, row: PlannedRow, conflict: Conflict
) -> Callable[[models.Field[Any, Any]], str]:
    key = getattr(conflict.row or conflict.seen, children.key, None)
    wanted = {
        each[children.key]: each for each in getattr(row.wanted, f"wanted_{children.column}")
    }
    values = wanted.get(key)

    def brought(field: models.Field[Any, Any]) -> str:
        if field.name not in children.columns:
            return ""
        return NOTHING if values is None else in_words(field, values[field.name])

    return brought
