"""The optimistic lock: a row is saved only by whoever saw it as it stands.

A row's version is the time of its last save, to the microsecond. Forms, lists and imports carry it
along; what was saved in between is found by it, and so is what the editor had seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from calculator.changes.models import ChangeSet


@dataclass(frozen=True)
class Conflict:
    """A row that somebody saved or deleted after the version that was seen."""

    key: Any
    row: models.Model | None  # None: it was deleted
    seen: models.Model | None  # None: what was seen is not recorded
    by: ChangeSet | None


def version_of(row: models.Model) -> str:
    """What changes whenever the row is saved; empty for a row that never was."""
    saved_at = getattr(row, "updated_at", None)
    return "" if row.pk is None or saved_at is None else saved_at.isoformat()


def hold(model: type[models.Model], *keys: Any) -> dict[Any, models.Model]:
    """Lock rows until the transaction ends and return them as they stand, by key.

    SQLite's transactions hold the only write lock from their beginning, so there it just reads.
    """
    return {
        row.pk: row
        for row in model._base_manager.select_for_update().filter(pk__in=keys).order_by("pk")
    }


def hold_unchanged(model: type[models.Model], versions: Mapping[Any, str]) -> list[Conflict]:
    """Lock rows until the transaction ends; return those that changed since they were seen.

    `versions` maps keys to what `version_of` said of each row when somebody looked at it; "" of
    one that was not there.
    """
    rows = hold(model, *versions)
    return [
        conflict_of(model, key, version, rows.get(key))
        for key, version in versions.items()
        if key not in rows or version_of(rows[key]) != version
    ]


def conflict_of(
    model: type[models.Model], key: Any, version: str, row: models.Model | None
) -> Conflict:
    """What happened to a row since a version of it was seen."""
    records: Any = model.history.model  # type: ignore[attr-defined]
    of_row = records.objects.filter(id=key)
    try:
        seen = of_row.filter(updated_at=dt.datetime.fromisoformat(version)).first()
    except ValueError:
        seen = None
    last = of_row.select_related("change_set").order_by("-history_id").first()
    return Conflict(
        key=key,
        row=row,
        seen=None if seen is None else seen.instance,
        by=None if last is None else last.change_set,
    )
