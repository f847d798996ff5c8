"""The tables that load from files: how a model and its file go together, and how both compare."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from calculator.data.reading import FileRow, read_csv, read_markdown

# A value as JSON can hold it and as two of them can be compared: 0.8500 and 0.85 are both
# "0.85", and a foreign key is the key of the row that it points to.
Plain = str | int | bool | None
Values = dict[str, Plain]


@dataclass(frozen=True)
class Table:
    """A model, the file that it is loaded from, and how the two go together."""

    model: type[models.Model]
    path: str  # a CSV file, or with `body` a folder of Markdown files
    key: tuple[str, ...]  # the fields that tell rows apart
    columns: Mapping[str, str] = field(default_factory=dict)  # column → field, where they differ
    body: str = ""  # the field that takes a Markdown file's text
    together: tuple[tuple[str, ...], ...] = ()  # fields that come all from the file or none
    is_optional: bool = False  # no file is no rows: it came later than other people's folders
    whole_per: str = ""  # the parent whose rows come all from the file or none

    @property
    def name(self) -> str:
        return str(self.model._meta.label)

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The model's fields by column."""
        names = {name: column for column, name in self.columns.items()}
        return {
            names.get(each.name, each.name): each
            for each in self.model._meta.concrete_fields
            if each.editable and not each.primary_key
        }

    def column(self, field_name: str) -> str:
        return next((c for c, each in self.fields.items() if each.name == field_name), field_name)

    def key_of(self, values: Values) -> str:
        return "/".join(str(values[name]) for name in self.key)

    def read(self, root: Path, problems: list[str]) -> list[FileRow]:
        if self.body:
            return read_markdown(root, self.path, self.body, problems)
        return read_csv(root, self.path, problems, may_be_missing=self.is_optional)


class Files:
    """The files of some tables, their rows as values, and what is wrong with them."""

    def __init__(self, root: Path, tables: Sequence[Table]) -> None:
        self.root = root
        self.tables = {table.model: table for table in tables}
        self.keys: dict[type[models.Model], set[Plain]] = defaultdict(set)
        self.problems: list[str] = []

    def read(self, table: Table) -> dict[str, tuple[FileRow, Values]]:
        parsed: dict[str, tuple[FileRow, Values]] = {}
        seen: dict[tuple[str, Plain], FileRow] = {}
        for row in table.read(self.root, self.problems):
            values = self._parse_row(table, row)
            if any(name not in values for name in table.key):
                continue
            key = table.key_of(values)
            self.keys[table.model].add(values[table.key[0]])
            must_differ: dict[str, Plain] = {" and ".join(map(table.column, table.key)): key}
            must_differ |= {
                column: values[each.name]
                for column, each in table.fields.items()
                if each.unique and each.name in values
            }
            for column, value in must_differ.items():
                first = seen.setdefault((column, value), row)
                if first is not row:
                    self.report(row, column, f"“{value}” is in {first.where} too. Keep one.")
            parsed.setdefault(key, (row, values))
        return parsed

    def _parse_row(self, table: Table, row: FileRow) -> Values:
        for name in table.key:
            if table.column(name) not in row.cells:
                self._report_once(f"{table.path}: the column “{table.column(name)}” is missing.")
        values: Values = {}
        for column, text in row.cells.items():
            if column not in table.fields:
                known = ", ".join(table.fields)
                self._report_once(f"{table.path}: no column “{column}” is known. Known: {known}.")
                continue
            each = table.fields[column]
            try:
                is_empty = each.is_relation and each.null and not text.strip()
                values[each.name] = (
                    None if is_empty else plain(_parse_cell(self._target(each), text))
                )
            except ValidationError as error:
                self.report(row, column, " ".join(error.messages))
        return values

    def _target(self, each: Any) -> Any:
        """The field that says what a cell holds: for a foreign key, the parent's key."""
        if not each.is_relation:
            return each
        parent = self.tables[each.related_model]
        return parent.model._meta.get_field(parent.key[0])

    def report_invalid(self, table: Table, row: FileRow, invalid: ValidationError) -> None:
        for name, errors in invalid.error_dict.items():
            for error in errors:
                self.report(row, table.column(name), _in_words(table.model, name, error))

    def report(self, row: FileRow, column: str, message: str) -> None:
        place = row.where if column == NON_FIELD_ERRORS else f"{row.where}, column {column}"
        self._report_once(f"{place}: {message}")

    def _report_once(self, problem: str) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def _parse_cell(target: Any, text: str) -> Any:
    text = text.strip()
    if not text:
        return None if target.null else target.get_default()
    if isinstance(target, models.BooleanField):
        if text.lower() not in ("true", "false"):
            raise ValidationError(f"“{text}” is neither “true” nor “false”.")
        return text.lower() == "true"
    if isinstance(target, models.DateField) and re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"  # known to the month
    return target.to_python(text)


def plain(value: Any) -> Plain:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dt.date):
        return value.isoformat()
    return value  # type: ignore[no-any-return]


def defaults(table: Table) -> Values:
    """What a column that the files have only now holds in rows that were loaded without it."""
    return {each.name: plain(each.get_default()) for each in table.fields.values()}


def _in_words(model: type[models.Model], name: str, error: ValidationError) -> str:
    message = " ".join(error.messages)
    if error.code == "invalid_choice":
        choices: Any = model._meta.get_field(name).choices  # type: ignore[union-attr]
        message += f" Use one of: {', '.join(str(value) for value, _ in choices)}."
    return message
