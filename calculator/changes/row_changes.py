"""What a change set did to each of its rows: as it was before, and as it was left."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import OuterRef, Subquery

from calculator.changes.differences import Difference, differences, name_of
from calculator.changes.models import ChangeSet, Recorded


@dataclass(frozen=True)
class RowChange:
    """One row of a change set; None stands for a row that is not there."""

    model: type[models.Model]
    key: Any
    before: models.Model | None
    after: models.Model | None

    @property
    def row(self) -> models.Model:
        row = self.after or self.before
        assert row is not None
        return row

    @property
    def name(self) -> str:
        return name_of(self.row)

    @property
    def table(self) -> str:
        return str(self.model._meta.verbose_name)

    @property
    def what(self) -> str:
        if self.before is None:
            return "added"
        return "deleted" if self.after is None else "changed"

    @property
    def differences(self) -> tuple[Difference, ...]:
        return differences(self.before, self.after)

    @property
    def moves_what_is_public(self) -> bool:
        """Does the row appear on the site, or leave it?"""
        before, after = (
            state is not None and getattr(state, "published", True)
            for state in (self.before, self.after)
        )
        return before != after


def histories() -> list[Any]:
    """The historical tables of the catalog, those first that others refer to."""
    tables = {
        model.instance_type: model  # type: ignore[attr-defined]
        for model in apps.get_models()
        if issubclass(model, Recorded)
    }
    return sorted(tables.values(), key=lambda each: _depth(each.instance_type, tables))


def row_changes(changes: ChangeSet) -> list[RowChange]:
    """The rows of a change set, those first that others refer to. Two queries a table."""
    return row_changes_of([changes.pk])[changes.pk]


def row_changes_of(keys: Collection[int]) -> dict[int, list[RowChange]]:
    """The rows of each change set, by its key. Two queries a table for all of them."""
    found: dict[int, list[RowChange]] = {key: [] for key in keys}
    for history in histories():
        earlier = history.objects.filter(
            id=OuterRef("id"), history_id__lt=OuterRef("history_id")
        ).order_by("-history_id")
        records = list(
            history.objects.filter(change_set__in=keys)
            .annotate(earlier_id=Subquery(earlier.values("history_id")[:1]))
            .order_by("history_id")
        )
        if not records:
            continue
        first = {(each.change_set_id, each.id): each for each in reversed(records)}
        last = {(each.change_set_id, each.id): each for each in records}
        earlier_ids = {each.earlier_id for each in first.values() if each.history_type == "~"}
        before = {
            each.history_id: each for each in history.objects.filter(history_id__in=earlier_ids)
        }
        for (set_key, key), record in first.items():
            stood = record if record.history_type == "-" else None
            if record.history_type == "~":
                stood = before.get(record.earlier_id)
            left = last[set_key, key]
            found[set_key].append(
                RowChange(
                    model=history.instance_type,
                    key=key,
                    before=None if stood is None else as_row(stood),
                    after=None if left.history_type == "-" else as_row(left),
                )
            )
    return found


def as_row(record: Any) -> models.Model:
    """A recorded row as one of its table, not yet saved."""
    return record.instance_type(  # type: ignore[no-any-return]
        **{field.attname: getattr(record, field.attname) for field in record.tracked_fields}
    )


def _depth(model: type[models.Model], tables: Iterable[type[models.Model]]) -> int:
    parents = {field.related_model for field in model._meta.concrete_fields if field.is_relation}
    return max((1 + _depth(each, tables) for each in parents & set(tables) - {model}), default=0)  # type: ignore[arg-type]
