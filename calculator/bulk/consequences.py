"""What an import would do to the site, looked at as a form is: all of its rows together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from calculator.bulk.planning import Plan, PlannedRow
from calculator.bulk.tables import BulkTable, Children
from calculator.looking_ahead.changes import (
    Change,
    Changes,
    Findings,
    HeldBack,
    findings_of,
    with_children,
)
from calculator.previews import guards  # noqa: F401 (they say what they are to be asked)


def changes_of(table: BulkTable, plan: Plan) -> Changes:
    """The rows that an import would add or change; none where it has mistakes."""
    if plan.problems:
        return Changes([])
    return Changes(_change(table, row) for row in plan.rows if row.is_changed)


def findings(table: BulkTable, plan: Plan, confirmed: str = "") -> Findings:
    """What guards say to an import, with the editor's answer to it."""
    return findings_of(changes_of(table, plan), confirmed)


def asking(table: BulkTable, confirmed: str = "") -> Callable[[Plan], None]:
    """What looks at an import before it is made, and lets it pass or raises `HeldBack`."""

    def look(plan: Plan) -> None:
        found = findings(table, plan, confirmed)
        if found.hold_back:
            raise HeldBack(found)

    return look


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
