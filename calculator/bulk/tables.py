"""Which tables go in and out in bulk: those that load_catalog loads, with their own rows' rows.

A preset's parts and a model's aliases stand in one cell of their parent's row, one a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import models

from calculator.data.loading import TABLES
from calculator.data.tables import Table


@dataclass(frozen=True)
class Children:
    """Rows that belong to a row: all of them stand in one of its cells."""

    model: type[models.Model]
    column: str
    parent: str  # the foreign key to the row
    key: str  # what tells a row's children apart
    columns: tuple[str, ...]  # parted by “|” in a line

    @property
    def accessor(self) -> str:
        """The name by which a row leads to its children."""
        field: Any = self.model._meta.get_field(self.parent)
        return str(field.remote_field.get_accessor_name())

    def of(self, row: models.Model) -> models.QuerySet[Any]:
        """A row's children: none of one that is not saved yet."""
        if row.pk is None:
            return self.model._base_manager.none()
        children: models.QuerySet[Any] = getattr(row, self.accessor).all()
        return children


@dataclass(frozen=True)
class BulkTable:
    """One kind of row: where it is stored, which column is which field, whose children it holds."""

    name: str  # as it stands in addresses and files' names
    title: str
    stored: Table
    children: Children | None = None

    @property
    def editors_publish(self) -> bool:
        """Whether a row counts once an editor has checked it, as a price does."""
        return self.name == "prices"

    @property
    def model(self) -> type[models.Model]:
        return self.stored.model

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The model's fields by column, in the file's order."""
        return self.stored.fields

    @cached_property
    def key(self) -> tuple[str, ...]:
        """The columns that tell rows apart."""
        return tuple(self.stored.column(name) for name in self.stored.key)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        own = sorted(self.fields, key=lambda column: column not in self.key)
        return (*own, *([self.children.column] if self.children else []))

    def column_of(self, field_name: str) -> str:
        return self.stored.column(field_name)

    def verbose_name(self, column: str) -> str:
        field = self.fields.get(column)
        return str(field.verbose_name) if field is not None else column

    def models(self) -> Iterator[type[models.Model]]:
        """What an import of this table may change."""
        yield self.model
        if self.children:
            yield self.children.model


_CHILDREN = (
    ("calculator.PresetPart", "parts", "preset", "slug"),
    ("calculator.ModelAlias", "aliases", "language_model", "alias"),
)
_NAMES = {
    "gpus.Gpu": ("gpus", "GPUs"),
    "gpus.PriceObservation": ("prices", "Prices"),
    "gpus.MemoryTier": ("tiers", "Memory tiers"),
    "calculator.MethodPreset": ("presets", "Method presets, with their parts"),
    "calculator.ModelSize": ("sizes", "Model sizes"),
    "calculator.LanguageModel": ("models", "Language models, with their aliases"),
    "calculator.FaqEntry": ("answers", "FAQ answers"),
    "gpus.UtilisationClass": ("utilisation-classes", "Utilisation classes"),
    "gpus.Platform": ("platforms", "Platforms"),
}


def _children() -> dict[type[models.Model], Children]:
    by_name = {table.name: table for table in TABLES}
    found = {}
    for name, column, parent, key in _CHILDREN:
        stored = by_name[name]
        own = [each.name for each in stored.fields.values() if each.name != parent]
        of: Any = stored.model._meta.get_field(parent)
        found[of.related_model] = Children(
            stored.model, column, parent, key, tuple(sorted(own, key=lambda each: each != key))
        )
    return found


def _bulk_tables() -> Mapping[str, BulkTable]:
    by_name = {table.name: table for table in TABLES}
    children = _children()
    tables = (
        BulkTable(name, title, by_name[label], children.get(by_name[label].model))
        for label, (name, title) in _NAMES.items()
        if label in by_name
    )
    return {table.name: table for table in tables}


BULK_TABLES = _bulk_tables()
