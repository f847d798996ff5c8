"""Imports that wait for somebody's look: handed in, read another way, confirmed once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from calculator.bulk.clashes import OthersSaved, clashes, seen_rows
from calculator.bulk.consequences import asking
from calculator.bulk.models import BulkImport, PriceFeed
from calculator.bulk.planning import (
    HasProblems,
    NotAsShown,
    Plan,
    Reading,
    apply_import,
    plan_import,
)
from calculator.bulk.reading.columns import names_columns, recognised
from calculator.bulk.reading.gpuhunt import is_gpuhunt, observations
from calculator.bulk.reading.grid import Grid, with_header, without_header
from calculator.bulk.source_rows import gpu_names
from calculator.bulk.tables import BULK_TABLES, BulkTable
from calculator.data.loading import one_at_a_time
from calculator.serving.row_versions import snapshots_held
from gpus.prices.models import PriceObservation

# What nobody confirmed by then is thrown away: it was read against other rows.
KEPT_FOR = dt.timedelta(days=14)


class AlreadyDone(Exception):
    """The import was confirmed before, or thrown away: a second click does nothing."""


@dataclass(frozen=True)
class Waiting:
    """An import that waits, as its parts."""

    row: BulkImport
    table: BulkTable
    grid: Grid
    reading: Reading

    @classmethod
    def of(cls, row: BulkImport) -> Waiting:
        reading = Reading(row.columns, row.everywhere, row.leaves_out_unknown)
        return cls(row, BULK_TABLES[row.table], Grid.from_json(row.grid), reading)

    def plan(self, *, may_publish: bool = True) -> Plan:
        return plan_import(self.table, self.grid, self.reading, may_publish=may_publish)


def read(table: BulkTable, grid: Grid, everywhere: Mapping[str, str]) -> tuple[Grid, Reading]:
    """A grid with what its columns hold; a gpuhunt catalog becomes prices of one GPU each."""
    if table.name != "prices":
        return grid, Reading(recognised(table, grid, gpu_names(), ()))
    if is_gpuhunt(grid):
        grid = observations(grid)
    names = gpu_names()
    if not names_columns(table, grid, names):
        grid = without_header(grid)
    providers = PriceObservation.objects.values_list("provider", flat=True).distinct()
    return grid, Reading(recognised(table, grid, names, filter(None, providers)), everywhere)


def hand_in(
    table: BulkTable,
    grid: Grid,
    *,
    source: str,
    editor: Any = None,
    text: str = "",
    everywhere: Mapping[str, str] | None = None,
    leaves_out_unknown: bool = False,
    feed: PriceFeed | None = None,
) -> BulkImport:
    """Keep a table until somebody has looked at what it would change."""
    BulkImport.objects.filter(created_at__lt=timezone.now() - KEPT_FOR, applied_at=None).delete()
    grid, reading = read(table, grid, everywhere or {})
    return BulkImport.objects.create(
        table=table.name,
        source=source[:200],
        text=text,
        grid=grid.to_json(),
        columns=list(reading.columns),
        everywhere=dict(reading.everywhere),
        leaves_out_unknown=leaves_out_unknown,
        feed=feed,
        editor=editor,
    )


def read_anew(
    row: BulkImport,
    *,
    columns: list[str],
    everywhere: Mapping[str, str],
    has_header: bool,
    leaves_out_unknown: bool,
) -> None:
    """Read a waiting import in the way that an editor says."""
    grid = Grid.from_json(row.grid)
    if has_header and not grid.has_header:
        grid = with_header(grid)
    elif not has_header and grid.has_header:
        grid = without_header(grid)
    row.grid, row.columns, row.everywhere = grid.to_json(), columns, dict(everywhere)
    row.leaves_out_unknown = leaves_out_unknown
    row.save(update_fields=("grid", "columns", "everywhere", "leaves_out_unknown"))


def confirm(
    pk: Any,
    *,
    editor: Any,
    fingerprint: str,
    seen: str = "",
    accepts_odd: bool = False,
    confirmed: str = "",
    may_publish: bool = True,
) -> Plan:
    """Do what the preview with this fingerprint said, once.

    seen is what `clashes.seen_in` said of the rows in that preview.

    Raises:
        AlreadyDone: it was done before, or is gone.
        OthersSaved: somebody else saved rows of it that were seen. It changes nothing.
        HasProblems: it has mistakes, and changes nothing.
        NotAsShown: it would do something else by now, and changes nothing.
        IsOdd: some prices are odd, and nobody said that they are right.
        HeldBack: guards refuse it, or ask what `confirmed` is no answer to.
    """
    with snapshots_held(), one_at_a_time():
        row = BulkImport.objects.select_for_update().filter(pk=pk, applied_at=None).first()
        if row is None:
            raise AlreadyDone
        waiting = Waiting.of(row)
        try:
            plan = apply_import(
                waiting.table,
                waiting.grid,
                waiting.reading,
                editor=editor,
                fingerprint=fingerprint,
                source=row.source,
                look=asking(waiting.table, confirmed),
                accepts_odd=accepts_odd,
                may_publish=may_publish,
            )
        except (HasProblems, NotAsShown) as refused:
            # What it did is rolled back by now: the rows are as the others left them.
            if found := clashes(waiting.table, seen_rows(seen), refused.plan):
                raise OthersSaved(refused.plan, found) from refused
            raise
        row.applied_at, row.outcome, row.editor = timezone.now(), plan.in_words, editor
        row.grid, row.text, row.change_set = {}, "", plan.change_set
        row.save()
    return plan
