"""django-import-export's resources of the tables: one engine for files, pastes, feeds, commands.

The library reads rows, checks each as a whole, leaves out what is unchanged and rolls a preview
back. Ours are the words of its complaints, its keys, rows' children and how a change is shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Diff, ModelResource
from import_export.widgets import Widget

from calculator.bulk.cells import shown, value_of
from calculator.bulk.tables import BULK_TABLES, BulkTable, Children


class _CellWidget(Widget):
    def __init__(self, field: models.Field[Any, Any]) -> None:
        super().__init__()
        self.field = field

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> Any:
        return value_of(self.field, value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return shown(value)


class _ParentWidget(Widget):
    """A row of another table, by its key; all of them are read once."""

    def __init__(self, field: Any, key: str) -> None:
        super().__init__()
        self.field, self.key = field, key
        self._rows: dict[str, models.Model] = {}

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> models.Model | None:
        if not self._rows:
            parents = self.field.related_model._base_manager.all()
            self._rows = {shown(getattr(each, self.key)): each for each in parents}
        text = value.strip()
        if not text and self.field.null:
            return None
        found = self._rows.get(text)
        if found is None:
            names = self.field.related_model._meta.verbose_name_plural
            raise ValueError(f"“{text}” is not among the {names}: add it there first.")
        return found

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else shown(getattr(value, self.key))


class _RowField(Field):
    """A field that keeps the stored text where only white space around it differs."""

    def save(self, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        before = self.get_value(instance)
        super().save(instance, row, is_m2m, **kwargs)
        now = self.get_value(instance)
        if isinstance(before, str) and isinstance(now, str) and before.strip() == now:
            setattr(instance, self.attribute, before)


class _ChildrenWidget(Widget):
    """Lines of “key | … | …”, or JSON's list of objects."""

    def __init__(self, children: Children) -> None:
        super().__init__()
        self.children = children

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> list[dict[str, Any]]:
        names = self.children.columns
        rows = []
        for number, texts in enumerate(self._texts(value), start=1):
            values = {}
            for name, text in texts.items():
                field: Any = self.children.model._meta.get_field(name)
                try:
                    values[name] = value_of(field, text)
                except ValueError as error:
                    raise ValueError(f"line {number}, {name}: {error}") from error
            rows.append({name: values[name] for name in names})
        keys = [each[self.children.key] for each in rows]
        if twice := {str(key) for key in keys if keys.count(key) > 1}:
            raise ValueError(f"“{sorted(twice)[0]}” is there twice. Keep one.")
        return sorted(rows, key=lambda each: str(each[self.children.key]))

    def _texts(self, value: str) -> list[dict[str, str]]:
        names = self.children.columns
        if value.lstrip().startswith("["):
            return self._texts_of_json(value)
        found = []
        for number, line in enumerate(filter(str.strip, value.splitlines()), start=1):
            cells = [each.strip() for each in _split(line)]
            if len(cells) != len(names):
                raise ValueError(
                    f"line {number} has {len(cells)} parts between “|”, not {len(names)}: "
                    f"{' | '.join(names)}."
                )
            found.append(dict(zip(names, cells, strict=True)))
        return found

    def _texts_of_json(self, value: str) -> list[dict[str, str]]:
        names = self.children.columns
        try:
            rows = json.loads(value)
        except ValueError as error:
            raise ValueError(f"This is no list in JSON: {error}.") from error
        for number, each in enumerate(rows, start=1):
            if not isinstance(each, dict) or set(each) != set(names):
                raise ValueError(f"number {number} has to have {', '.join(names)}, and no more.")
        return [{name: shown(text) for name, text in each.items()} for each in rows]

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        lines = (
            " | ".join(
                shown(each[name]).replace("\\", "\\\\").replace("|", "\\|") for name in each
            )
            for each in value or ()
        )
        return "\n".join(lines)


def _split(line: str) -> list[str]:
    """A line's parts; “\\|” is a bar within one."""
    parts, escaped = [""], False
    for letter in line:
        if escaped or letter not in "\\|":
            parts[-1] += letter
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            parts.append("")
    return parts


class _ChildrenField(Field):
    """All children of a row as one value; they are saved after the row itself."""

    widget: _ChildrenWidget

    def get_value(self, instance: Any) -> list[dict[str, Any]]:
        wanted = getattr(instance, self.attribute, None)
        if wanted is not None:
            return list(wanted)
        children = self.widget.children
        rows = (
            {name: getattr(each, name) for name in children.columns}
            for each in children.of(instance)
        )
        return sorted(rows, key=lambda each: str(each[children.key]))


class _Change(Diff):
    """What a row becomes, column by column: (column, before, after)."""

    left: list[str]
    right: list[str]

    def __init__(self, resource: Any, instance: Any, new: bool) -> None:
        super().__init__(resource, instance, new)
        self.columns = [field.column_name for field in resource.get_import_fields()]

    def as_html(self) -> Any:
        """Not HTML: the templates make that, under the site's own policy."""
        both = zip(self.columns, self.left, self.right, strict=True)
        return [
            (column, "" if self.new else before, after)
            for column, before, after in both
            if (self.new and after) or before != after
        ]


class _KeyLoader(BaseInstanceLoader):
    """Finds rows by their whole key; all that the file may mean are read at once, and locked."""

    def __init__(self, resource: RowResource, dataset: Any = None) -> None:
        super().__init__(resource, dataset)
        self._rows: dict[tuple[str, ...], models.Model] | None = None

    def get_instance(self, row: Mapping[str, str]) -> models.Model | None:
        fields = [self.resource.fields[name] for name in self.resource.get_import_id_fields()]
        if self._rows is None:
            self._rows = {
                tuple(field.export(each) for field in fields): each
                for each in self.resource.get_queryset()
            }
        try:
            key = tuple(field.widget.render(field.clean(row)) for field in fields)
        except ValueError:
            return None  # the row says itself what is wrong with its key
        return self._rows.get(key)


class RowResource(ModelResource):
    """The resource of a table; `resource_of` makes one."""

    table: BulkTable
    editor: Any = None
    is_preview = False
    publishes = True

    @classmethod
    def get_diff_class(cls) -> type[Diff]:
        return _Change

    def get_queryset(self) -> models.QuerySet[Any]:
        """The rows as an import reads them: locked, so that nobody changes them halfway."""
        return self.export_rows().select_for_update(of=("self",))

    def export_rows(self) -> models.QuerySet[Any]:
        """All rows, without a lock on them."""
        parents = [each.name for each in self.table.fields.values() if each.is_relation]
        rows = self.table.model._base_manager.select_related(*parents)
        children = self.table.children
        return rows.prefetch_related(children.accessor) if children else rows

    def after_init_instance(self, instance: Any, new: bool, row: Any, **kwargs: Any) -> None:
        if new and not self.publishes and "published" in self.fields:
            instance.published = False  # until a publisher has seen it

    def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        if hasattr(instance, "editor_id"):
            instance.editor = self.editor
        if self.is_preview:
            instance.skip_history_when_saving = True  # it is rolled back, too

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        children = self.table.children
        wanted = getattr(instance, f"wanted_{children.column}", None) if children else None
        if children is None or wanted is None:
            return
        existing = {getattr(each, children.key): each for each in children.of(instance)}
        kept = {values[children.key] for values in wanted}
        for key, child in existing.items():
            if key not in kept:
                child.delete()
        for values in wanted:
            child = existing.get(values[children.key]) or children.model(
                **{children.parent: instance}
            )
            if child.pk and all(getattr(child, name) == value for name, value in values.items()):
                continue
            for name, value in values.items():
                setattr(child, name, value)
            try:
                child.full_clean()
            except ValidationError as invalid:
                words = f"“{values[children.key]}”: {' '.join(invalid.messages)}"
                raise ValidationError({children.column: words}) from invalid
            if self.is_preview:
                child.skip_history_when_saving = True  # type: ignore[union-attr]
            child.save()


def resource_of(table: BulkTable) -> RowResource:
    """A new resource of a table: it remembers the rows of other tables that it has read."""
    fields: dict[str, Any] = {}
    for column, field in table.fields.items():
        widget = _widget(field)
        fields[column] = _RowField(attribute=field.name, column_name=column, widget=widget)
    if table.children:
        column = table.children.column
        fields[column] = _ChildrenField(
            attribute=f"wanted_{column}",
            column_name=column,
            widget=_ChildrenWidget(table.children),
        )
    meta = type(
        "Meta",
        (),
        {
            "model": table.model,
            "fields": list(fields),
            "import_order": list(table.columns),
            "export_order": list(table.columns),
            "import_id_fields": list(table.key),
            "instance_loader_class": _KeyLoader,
            "skip_unchanged": True,
            "report_skipped": True,
            "clean_model_instances": True,
            "store_instance": True,
            "use_transactions": True,
        },
    )
    made = type(f"{table.name}Resource", (RowResource,), {"Meta": meta, "table": table, **fields})
    return made()  # type: ignore[no-any-return]


def _widget(field: Any) -> Widget:
    if not field.is_relation:
        return _CellWidget(field)
    parents = {each.model: each.stored.key[0] for each in BULK_TABLES.values()}
    return _ParentWidget(field, parents[field.related_model])
