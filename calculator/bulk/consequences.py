"""What an import would do to the site: what guards say to it, and the figures that it would move.

An import is looked at as a form is, by the same guards and the same comparison of two catalogs, all
of its rows together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from calculator.bulk.planning import Plan, PlannedRow
from calculator.bulk.tables import BulkTable, Children
from calculator.looking_ahead.changes import (
    Change,
    Findings,
    HeldBack,
    findings_of,
    with_children,
)
from calculator.models import LanguageModel
from calculator.previews import guards  # noqa: F401 (they say what they are to be asked)
from calculator.previews.effects import Effects, FigureChange
from calculator.previews.figures import effects_of
from calculator.previews.shapes import figure_changes

# A model's figures take 30 ms; of more models than these one looks at a few anyway.
MOST_SHAPES = 10


@dataclass(frozen=True)
class Shape:
    """A language model and what follows from its shape, as it is and as it would be."""

    name: str
    figures: tuple[FigureChange, ...]


@dataclass(frozen=True)
class Consequences:
    """What the preview of an import says beside its rows."""

    effects: Effects
    shapes: tuple[Shape, ...]
    shapes_beyond_count: int

    def __bool__(self) -> bool:
        return bool(self.effects or self.shapes)


def findings(table: BulkTable, plan: Plan, confirmed: str = "") -> Findings:
    """What guards say to an import, with the editor's answer to it."""
    return findings_of(_changes(table, plan), confirmed)


def asking(table: BulkTable, confirmed: str = "") -> Callable[[Plan], None]:
    """What looks at an import before it is made, and lets it pass or raises `HeldBack`."""

    def look(plan: Plan) -> None:
        found = findings(table, plan, confirmed)
        if found.hold_back:
            raise HeldBack(found)

    return look


def consequences(table: BulkTable, plan: Plan) -> Consequences:
    """What visitors would read otherwise."""
    changes = _changes(table, plan)
    models = [each for each in changes if isinstance(each.row, LanguageModel)]
    shapes = (Shape(str(each.row), tuple(figure_changes(each))) for each in models[:MOST_SHAPES])
    return Consequences(
        effects_of(changes),
        tuple(shape for shape in shapes if shape.figures),
        max(0, len(models) - MOST_SHAPES),
    )


def _changes(table: BulkTable, plan: Plan) -> list[Change]:
    if plan.problems:
        return []
    return [_change(table, row) for row in plan.rows if row.is_changed]


def _change(table: BulkTable, row: PlannedRow) -> Change:
    children = table.children
    if children is None:
        return Change(row.wanted, row.stored)
    wanted = {children.accessor: list(_children(children, row))}
    return Change(with_children(row.wanted, wanted), row.stored)


def _children(children: Children, row: PlannedRow) -> Iterator[Any]:
    """A row's children as they would be; those that the import does not mention stay."""
    stored = [] if row.stored is None else children.of(row.stored)
    wanted = getattr(row.wanted, f"wanted_{children.column}", None)
    if wanted is None:
        yield from stored
        return
    keys = {getattr(each, children.key): each.pk for each in stored}
    for values in wanted:
        parent = {children.parent: row.wanted}
        yield children.model(pk=keys.get(values[children.key]), **parent, **values)
