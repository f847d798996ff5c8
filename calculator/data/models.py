"""What load_catalog remembers of what it loaded."""

from __future__ import annotations

from django.db import models


class LoadedRow(models.Model):
    """What `load_catalog` last wrote for one row, so that it can tell an editor's change.

    A field that still holds what was loaded may be updated by the next load; one that differs
    was edited and is left alone. A row that was loaded and is gone was deleted, and stays so.
    """

    table = models.CharField(max_length=60)
    key = models.CharField(max_length=160)
    values = models.JSONField()
    loaded_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("table", "key"), name="loaded_row_is_unique")
        ]

    def __str__(self) -> str:
        return f"{self.table}: {self.key}"
