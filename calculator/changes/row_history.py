"""The history of one row, newest first, each change with its differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models

from calculator.changes.differences import Difference, differences
from calculator.changes.models import ChangeSet, Kind
from calculator.changes.row_changes import as_row


@dataclass(frozen=True)
class Entry:
    """One change of a row."""

    changes: ChangeSet
    differences: tuple[Difference, ...]


def history_of(model: type[models.Model], key: Any, *, at_most: int) -> list[Entry]:
    """The newest changes of a row; a row as it stood before the first is none of them."""
    records = list(
        model.history.filter(id=key)  # type: ignore[attr-defined]
        .select_related("change_set")
        .order_by("-history_id")[: at_most + 1]
    )
    entries = []
    for at, record in enumerate(records[:at_most]):
        if record.change_set.kind == Kind.START:
            continue
        earlier = as_row(records[at + 1]) if at + 1 < len(records) else None
        if record.history_type == "-":
            before: models.Model | None = as_row(record)
            after: models.Model | None = None
        else:
            before, after = None if record.history_type == "+" else earlier, as_row(record)
        entries.append(Entry(record.change_set, differences(before, after)))
    return entries
