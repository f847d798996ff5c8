"""From a grid to what would change, and to the change itself: all of it or nothing.

A plan is made by importing and rolling back, so a preview says what an import will do, row by row,
with every rule of the tables and the database. An import makes the plan once more inside its own
transaction and goes on only if it is the one that was shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import DatabaseError, models
from import_export.results import RowResult
from tablib import Dataset

from calculator.bulk.oddities import price_oddities
from calculator.bulk.reading.grid import Grid
from calculator.bulk.resources import resource_of
from calculator.bulk.source_rows import Problem, SourceRow, source_rows
from calculator.bulk.tables import BulkTable
from calculator.changes.locking import version_of
from calculator.changes.models import ChangeSet, Kind
from calculator.changes.recording import change_set
from calculator.data.loading import one_at_a_time
from calculator.serving.row_versions import snapshots_held


@dataclass(frozen=True)
class CellChange:
    """A field's value before and after, as texts; `before` of a new row is empty."""

    column: str
    before: str
    after: str


@dataclass(frozen=True)
class RowChange:
    """What one row adds or changes. warnings says what an editor should confirm, in words."""

    place: int
    name: str
    is_new: bool
    cells: tuple[CellChange, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedRow:
    """A row that is read, as it is stored before the import (None: it is new) and after it."""

    place: int
    stored: models.Model | None
    wanted: models.Model
    is_changed: bool = False


@dataclass(frozen=True)
class Plan:
    """What an import would do. With a problem it does nothing at all.

    rows are those without a problem, unchanged ones too, with what the import's `columns` say.
    change_set is what it was recorded as, once it is done.
    """

    changes: tuple[RowChange, ...] = ()
    unchanged_count: int = 0
    problems: tuple[Problem, ...] = ()
    left_out: tuple[Problem, ...] = ()
    fingerprint: str = field(default="", compare=False)
    rows: tuple[PlannedRow, ...] = field(default=(), compare=False, repr=False)
    columns: tuple[str, ...] = field(default=(), compare=False, repr=False)
    change_set: ChangeSet | None = field(default=None, compare=False, repr=False)

    @property
    def new_count(self) -> int:
        return sum(change.is_new for change in self.changes)

    @property
    def warned_count(self) -> int:
        return sum(bool(change.warnings) for change in self.changes)

    @property
    def can_be_applied(self) -> bool:
        return bool(self.changes) and not self.problems

    @property
    def in_words(self) -> str:
        changed = len(self.changes) - self.new_count
        words = (
            f"{self.new_count:,} added, {changed:,} changed, {self.unchanged_count:,} unchanged"
        )
        return f"{words}, {len(self.left_out):,} left out" if self.left_out else words


class NotAsShown(Exception):
    """Between preview and confirmation somebody changed what would be changed."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("Rows changed since the preview. Look at it once more.")
        self.plan = plan


class IsOdd(Exception):
    """Some of it is odd, and nobody said that it is right."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("Some prices are odd.")
        self.plan = plan


class HasProblems(Exception):
    """The import has mistakes: nothing was changed."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("Nothing was changed.")
        self.plan = plan


@dataclass(frozen=True)
class Reading:
    """How a grid is read: what each column holds, and what holds for all rows that do not say so."""

    columns: Sequence[str]
    everywhere: Mapping[str, str] = field(default_factory=dict)
    leaves_out_unknown: bool = False

    def leaving_out_unknown(self, leaves_out: bool) -> Reading:
        """The same, with or without the rows whose GPU is not known."""
        return replace(self, leaves_out_unknown=leaves_out)


def plan_import(
    table: BulkTable, grid: Grid, reading: Reading, *, may_publish: bool = True
) -> Plan:
    """What an import would change now. Nothing is changed."""
    return _run(table, grid, reading, may_publish=may_publish)


def apply_import(
    table: BulkTable,
    grid: Grid,
    reading: Reading,
    *,
    editor: Any,
    fingerprint: str | None,
    source: str,
    look: Callable[[Plan], None],
    accepts_odd: bool = False,
    may_publish: bool = True,
) -> Plan:
    """Import it, all or nothing, and return what was done.

    fingerprint is that of the plan that was confirmed; None takes it as it is now, unseen. source is
    what history says of where it came from. look sees what is about to be done, and raises where it
    should not be.

    Raises:
        HasProblems: it has mistakes.
        IsOdd: some prices are odd, and `accepts_odd` does not say that they are right.
        NotAsShown: the plan is another by now.
    """
    with (
        snapshots_held(),
        one_at_a_time(),
        change_set(kind=Kind.IMPORT, who=editor, why=f"{table.title} from {source}") as done,
    ):
        plan = _run(table, grid, reading, may_publish=may_publish, editor=editor, is_preview=False)
        if plan.problems:
            raise HasProblems(plan)
        if fingerprint is not None and plan.fingerprint != fingerprint:
            raise NotAsShown(plan)
        if plan.warned_count and not accepts_odd:
            raise IsOdd(plan)
        look(plan)
    # One in which nothing changed is not stored.
    return replace(plan, change_set=done if done.pk else None)


def _run(
    table: BulkTable,
    grid: Grid,
    reading: Reading,
    *,
    may_publish: bool,
    editor: Any = None,
    is_preview: bool = True,
) -> Plan:
    may_publish = may_publish or table.editors_publish
    rows = source_rows(table, grid, reading.columns, reading.everywhere)
    taken, problems, left_out = rows.sorted_out(leaves_out_unknown=reading.leaves_out_unknown)
    if problems and not taken:
        return Plan(problems=tuple(dict.fromkeys(problems)), left_out=tuple(left_out))
    resource = resource_of(table)
    resource.editor = editor
    resource.is_preview = is_preview
    resource.publishes = may_publish
    headers = list(rows.columns)
    dataset = Dataset(*([row.cells[name] for name in headers] for row in taken), headers=headers)
    oddities = price_oddities() if table.name == "prices" else None
    result = resource.import_data(
        dataset, dry_run=is_preview, rollback_on_validation_errors=True, use_transactions=True
    )
    if result.base_errors:
        raise result.base_errors[0].error
    changes, versions, planned = [], [], []
    for row, found in zip(taken, result.rows, strict=True):
        problems += _problems_of(table, row, found)
        if found.instance is not None:
            stored = None if found.is_new() else found.original
            is_changed = found.is_new() or found.is_update()
            planned.append(PlannedRow(row.place, stored, found.instance, is_changed))
        if found.is_new() or found.is_update():
            cells = tuple(CellChange(*each) for each in found.diff)
            warnings = oddities(found.instance) if oddities else ()
            if not may_publish:
                problems += _publishes(table, row, found, cells)
            versions.append("" if found.is_new() else version_of(found.original))
            changes.append(
                RowChange(row.place, found.object_repr, found.is_new(), cells, warnings)
            )
    # A row with two prices has a mistake in its GPU's name once.
    problems = sorted(dict.fromkeys(problems), key=lambda each: each.place)
    plan = Plan(
        tuple(changes),
        sum(each.is_skip() for each in result.rows),
        tuple(problems),
        tuple(left_out),
        rows=tuple(planned),
        columns=rows.columns,
    )
    return replace(plan, fingerprint=_fingerprint(plan, versions))


def _publishes(
    table: BulkTable, row: SourceRow, found: RowResult, cells: Iterable[CellChange]
) -> Iterable[Problem]:
    """What of a row is a publisher's to decide."""
    if "published" not in table.fields:
        if found.is_new():
            words = "A row of this table is public at once: a publisher has to add it."
            yield row.problem(table.key[0], words)
        return
    said = next((cell for cell in cells if cell.column == "published"), None)
    if said is not None and (said.after == "true" or not found.is_new()):
        words = "What is public is a publisher's to decide: leave the column out."
        yield row.problem("published", words)


def _problems_of(table: BulkTable, row: SourceRow, found: RowResult) -> Iterable[Problem]:
    if found.validation_error is not None:
        for name, errors in _by_field(found.validation_error).items():
            column = "" if name == NON_FIELD_ERRORS else table.column_of(name)
            column = column.removeprefix("wanted_")
            words = " ".join(_words(table, name, error) for error in errors)
            yield row.problem(column, words)
    for error in found.errors:
        if not isinstance(error.error, DatabaseError):
            raise error.error
        yield row.problem("", f"The database refuses it: {error.error}")


def _by_field(invalid: ValidationError) -> dict[str, list[ValidationError]]:
    if hasattr(invalid, "error_dict"):
        return dict(invalid.error_dict)
    return {NON_FIELD_ERRORS: invalid.error_list}


def _words(table: BulkTable, name: str, error: ValidationError) -> str:
    if error.code in ("null", "blank"):
        return "This is empty, and has to be given."
    if error.code == "invalid_choice":
        choices: Any = table.model._meta.get_field(name).choices  # type: ignore[union-attr]
        known = ", ".join(str(value) for value, _ in choices)
        return f"{' '.join(error.messages)} Use one of: {known}."
    return " ".join(error.messages)


def _fingerprint(plan: Plan, versions: Sequence[str]) -> str:
    """Of every change, old and new, and of the version that each row has before it."""
    said = [
        [*astuple(change)[:-1], version]
        for change, version in zip(plan.changes, versions, strict=True)
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
