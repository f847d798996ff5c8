"""Merges the project's files into the database without undoing what editors did.

Every field is merged three ways: the file as it is, the file as it was loaded last
(`LoadedRow`), and the database. What still holds the value that was loaded follows the file;
what differs is an editor's and stays. A row that was loaded and is gone was deleted by an
editor and stays gone; a row that was never loaded is an editor's own. A row that leaves its
file stays in the database, for an editor to unpublish.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from calculator.data.reading import FileRow
from calculator.data.tables import Files, Plain, Table, Values, defaults, plain
from calculator.models import LoadedRow


@dataclass(frozen=True)
class Summary:
    """What became of each of a table's rows."""

    table: Table
    rows: Counter[str]

    def __str__(self) -> str:
        rows = self.rows
        return (
            f"{self.table.model._meta.verbose_name_plural}: {rows['added']} added, "
            f"{rows['updated']} updated, {rows['unchanged']} unchanged, "
            f"{rows['kept']} kept as edited, {rows['deleted']} deleted by an editor"
        )


@dataclass
class _TableMerge:
    """One table while it is merged: the file's rows, the database's, and whose is what."""

    table: Table
    wanted: dict[str, tuple[FileRow, Values]]
    existing: dict[str, tuple[models.Model, Values]]
    edited_parents: set[Plain]

    def is_taken(self, name: str, value: Plain, *, but_by: str = "") -> bool:
        """Has another row of the database this value, where each must have its own?"""
        return self.table.model._meta.get_field(name).unique and any(  # type: ignore[union-attr]
            values[name] == value for key, (_, values) in self.existing.items() if key != but_by
        )


class Merge:
    """One load: the files, what was loaded before, and what to remember of this one."""

    def __init__(self, files: Files, loaded: dict[tuple[str, str], LoadedRow]) -> None:
        self.files = files
        self.loaded = loaded
        self._to_remember: list[LoadedRow] = []
        self._pk_by_key: dict[type[models.Model], dict[Plain, int]] = {}
        self._key_by_pk: dict[type[models.Model], dict[int, Plain]] = {}

    def load(self, table: Table) -> Summary:
        wanted = self.files.read(table)
        existing = {}
        for obj in table.model._base_manager.all():
            values = self._values(table, obj)
            existing[table.key_of(values)] = (obj, values)
        state = _TableMerge(table, wanted, existing, set())
        if table.whole_per:
            state.edited_parents = self._edited_parents(state)
        outcomes = Counter(self._merge_row(state, key) for key in wanted)
        if table.whole_per:
            self._delete_rows_that_left_the_file(state)
        self._pk_by_key[table.model] = {
            values[table.key[0]]: obj.pk for obj, values in existing.values()
        }
        self._key_by_pk[table.model] = {
            pk: key for key, pk in self._pk_by_key[table.model].items()
        }
        return Summary(table, outcomes)

    def remember(self) -> None:
        LoadedRow.objects.bulk_create(
            self._to_remember,
            update_conflicts=True,
            unique_fields=("table", "key"),
            update_fields=("values", "loaded_at"),
        )

    def _values(self, table: Table, obj: models.Model) -> Values:
        return {
            each.name: self._key_by_pk[each.related_model].get(getattr(obj, each.attname))
            if each.is_relation
            else plain(getattr(obj, each.attname))
            for each in table.fields.values()
        }

    # Merging ----------------------------------------------------------------------------------

    def _merge_row(self, state: _TableMerge, key: str) -> str:
        table = state.table
        row, new = state.wanted[key]
        for column, each in table.fields.items():
            if each.is_relation and not self._parent_exists(each, new.get(each.name)):
                if new.get(each.name) in self.files.keys[each.related_model]:
                    return "deleted"  # together with its parent
                path = self.files.tables[each.related_model].path
                self.files.report(
                    row, column, f"“{new.get(each.name)}” is not in {path}. Add it there."
                )
                return "broken"
        was_loaded = (table.name, key) in self.loaded
        if key not in state.existing and was_loaded:
            return "deleted"
        if new.get(table.whole_per) in state.edited_parents:
            return "kept"
        if key in state.existing:
            return self._update(state, key) if was_loaded else "kept"
        if any(state.is_taken(name, value) for name, value in new.items()):
            return "kept"  # an editor entered the same thing under another slug
        return self._add(state, key)

    def _parent_exists(self, each: Any, key: Plain) -> bool:
        return key is None or key in self._pk_by_key[each.related_model]

    def _add(self, state: _TableMerge, key: str) -> str:
        row, new = state.wanted[key]
        obj = state.table.model()
        if not self._save(state.table, row, obj, new):
            return "broken"
        state.existing[key] = (obj, self._values(state.table, obj))
        self._remember(state.table, key, new)
        return "added"

    def _update(self, state: _TableMerge, key: str) -> str:
        table = state.table
        row, new = state.wanted[key]
        obj, current = state.existing[key]
        base = defaults(table) | self.loaded[table.name, key].values
        edited = {
            name
            for name, value in new.items()
            if current[name] not in (base[name], value)
            or (current[name] != value and state.is_taken(name, value, but_by=key))
        }
        for fields in table.together:
            if edited.intersection(fields):
                edited.update(fields)
        changed = {
            name: value
            for name, value in new.items()
            if name not in edited and current[name] != value
        }
        if changed:
            if not self._save(table, row, obj, changed):
                return "broken"
            state.existing[key] = (obj, current | changed)
        self._remember(
            table, key, {name: base[name] if name in edited else new[name] for name in new}
        )
        return "updated" if changed else "kept" if edited else "unchanged"

    def _save(self, table: Table, row: FileRow, obj: models.Model, values: Values) -> bool:
        for name, value in values.items():
            each = obj._meta.get_field(name)
            if each.is_relation:
                pk = self._pk_by_key[each.related_model].get(value)  # type: ignore[index]
                setattr(obj, each.attname, pk)  # type: ignore[union-attr]
            else:
                setattr(obj, name, each.to_python(value))  # type: ignore[union-attr]
        if not self.loaded:
            # A new site's rows have no past; the history begins with the first change of them.
            obj.skip_history_when_saving = True  # type: ignore[attr-defined]
        try:
            # The database holds every constraint itself. To ask it about each beforehand, as Django
            # does, is a query for each and half of a whole load's time; for words it is asked then.
            obj.full_clean(validate_constraints=False)
            with transaction.atomic():
                obj.save()
        except ValidationError as invalid:
            self.files.report_invalid(table, row, invalid)
            return False
        except IntegrityError:
            try:
                obj.full_clean()
            except ValidationError as invalid:
                self.files.report_invalid(table, row, invalid)
                return False
            raise
        return True

    def _remember(self, table: Table, key: str, values: Values) -> None:
        before = self.loaded.get((table.name, key))
        if before is None or before.values != values:
            self._to_remember.append(LoadedRow(table=table.name, key=key, values=values))

    def _edited_parents(self, state: _TableMerge) -> set[Plain]:
        """The parents of which an editor added, changed or deleted a row."""
        table, parents = state.table, set()
        for key, (_, current) in state.existing.items():
            was_loaded = self.loaded.get((table.name, key))
            _, new = state.wanted.get(key, (None, {}))
            if was_loaded is None or any(
                current[name] not in (value, new.get(name))
                for name, value in was_loaded.values.items()
            ):
                parents.add(current[table.whole_per])
        for (name, key), was_loaded in self.loaded.items():
            if name == table.name and key not in state.existing:
                parents.add(was_loaded.values[table.whole_per])
        return parents

    def _delete_rows_that_left_the_file(self, state: _TableMerge) -> None:
        parent = state.table.whole_per
        in_file = {new[parent] for _, new in state.wanted.values()}
        for key, (obj, current) in list(state.existing.items()):
            if key not in state.wanted and current[parent] in in_file - state.edited_parents:
                del state.existing[key]
                obj.delete()
                self.loaded[state.table.name, key].delete()
