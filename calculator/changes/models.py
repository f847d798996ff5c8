"""Change sets, and the history that every row of the catalog keeps of itself."""

from __future__ import annotations

import datetime as dt
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from simple_history.models import HistoricalRecords

_OPEN: ContextVar[ChangeSet | None] = ContextVar("open change set", default=None)


class Kind(models.TextChoices):
    """How a change came about."""

    EDIT = "edit", "edited"
    LIST = "list", "edited in the list"
    IMPORT = "import", "imported"
    LOAD = "load", "loaded from the project's files"
    UNDO = "undo", "undone"
    COMMAND = "command", "changed by a command"
    # No change: rows as they stood when somebody first changed them.
    START = "start", "as it stood before"


class ChangeSet(models.Model):
    """What somebody changed in one go: one form, one list, one import."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    who = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    # Stays when the account goes.
    who_name = models.CharField("by", max_length=150, blank=True)
    why = models.TextField(blank=True)
    kind = models.CharField(max_length=8, choices=Kind)
    undoes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by"
    )

    class Meta:
        verbose_name = "change"
        ordering = ("-id",)
        default_permissions = ("view",)
        permissions = [("publish_catalog", "Can publish and unpublish rows of the catalog")]

    def __str__(self) -> str:
        return f"change {self.pk}"


class Recorded(models.Model):
    """A row of a historical table: part of a change set."""

    change_set = models.ForeignKey(ChangeSet, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        """Save under the change set that is open, or under one of its own."""
        if self.change_set_id is None:
            opened = _OPEN.get() or ChangeSet(kind=Kind.COMMAND)
            if opened.pk is None:
                opened.save()
            self.change_set = opened
        super().save(*args, **options)


class RowHistory(HistoricalRecords):  # type: ignore[misc]
    """The history of a table, without permissions of its own: they are the table's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(bases=[Recorded], **options)

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        return {**super().get_meta_options(model), "default_permissions": ()}

    def get_history_user(self, instance: models.Model) -> Any:
        opened = _OPEN.get()
        return None if opened is None else opened.who


def record_what_stood(row: models.Model) -> None:
    """Record a stored row as it stands, unless its history ends with just that.

    Rows that were loaded when the site was new have no history, and an older release that runs
    beside this one writes none; without this the first change after that could not be undone.
    """
    stood = type(row)._base_manager.filter(pk=row.pk).first()
    if stood is None:
        return
    records: Any = type(row).history.model  # type: ignore[attr-defined]
    recorded_at: dt.datetime | None = (
        records.objects.filter(id=row.pk)
        .order_by("-history_id")
        .values_list("updated_at", flat=True)
        .first()
    )
    if recorded_at == stood.updated_at:  # type: ignore[attr-defined]
        return
    start = ChangeSet.objects.filter(kind=Kind.START).first()
    records.objects.create(
        change_set=start or ChangeSet.objects.create(kind=Kind.START),
        history_type="~",
        history_date=stood.updated_at,  # type: ignore[attr-defined]
        **{each.attname: getattr(stood, each.attname) for each in records.tracked_fields},
    )
