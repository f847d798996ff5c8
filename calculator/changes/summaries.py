"""What change sets did, in a line each, for a list of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import models

from calculator.changes.differences import name_of
from calculator.changes.models import ChangeSet
from calculator.changes.row_changes import as_row, histories

NAMES_IN_A_LINE = 3
WHAT = {"+": "added", "~": "changed", "-": "deleted"}


def summaries(sets: Iterable[ChangeSet]) -> dict[int, str]:
    """One line for each change set, by its key; one query a table for all of them."""
    keys = [each.pk for each in sets]
    lines: dict[int, list[str]] = defaultdict(list)
    for history in histories():
        by_set: dict[int, dict[Any, Any]] = defaultdict(dict)
        records = history.objects.filter(change_set__in=keys).order_by("history_id")
        for record in records:
            rows = by_set[record.change_set_id]
            was_added = record.id in rows and rows[record.id].history_type == "+"
            if not (was_added and record.history_type == "~"):
                rows[record.id] = record
        for key, rows in by_set.items():
            lines[key] += _of_table(history.instance_type, list(rows.values()))
    return {key: "; ".join(lines[key]) for key in keys}


def _of_table(model: type[models.Model], records: list[Any]) -> list[str]:
    said = []
    counts = Counter(record.history_type for record in records)
    for kind, count in counts.items():
        names = [name_of(as_row(record)) for record in records if record.history_type == kind][
            :NAMES_IN_A_LINE
        ]
        more = f" and {count - len(names)} more" if count > len(names) else ""
        table = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
        number = "" if count == 1 else f"{count} "
        said.append(f"{WHAT[kind]} {number}{table}: {', '.join(names)}{more}")
    return said
