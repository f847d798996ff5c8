"""A table as a file: CSV, XLSX or JSON, which imported again changes nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from tablib import Dataset

from calculator.bulk.cells import guarded, shown
from calculator.bulk.resources import resource_of
from calculator.bulk.tables import BulkTable

# Excel takes a CSV file for UTF-8 by this mark alone.
_BYTE_ORDER_MARK = "\ufeff"


def export(table: BulkTable, file_format: str) -> bytes:
    """All rows of a table, published or not, as a file of one of FORMATS."""
    return FORMATS[file_format][1](table)


def _rows(table: BulkTable) -> Iterator[dict[str, Any]]:
    """Each row's values by column, in the key's order: files of one state are the same."""
    resource = resource_of(table)
    rows = resource.export_rows()
    fields = [resource.fields[column] for column in table.columns]
    for row in sorted(rows, key=lambda each: [shown(getattr(each, n)) for n in table.stored.key]):
        values = {}
        for field in fields:
            value = field.get_value(row)
            is_typed = isinstance(value, bool | int | Decimal | list) or hasattr(
                value, "isoformat"
            )
            values[field.column_name] = value if is_typed else field.widget.render(value)
        yield values


def _csv(table: BulkTable) -> bytes:
    resource = resource_of(table)
    rows = [
        [guarded(_text(resource, column, value)) for column, value in row.items()]
        for row in _rows(table)
    ]
    text: str = Dataset(*rows, headers=table.columns).export("csv")
    return (_BYTE_ORDER_MARK + text).encode()


def _xlsx(table: BulkTable) -> bytes:
    """Numbers, days and yes or no are a workbook's own; a text is never a formula."""
    resource = resource_of(table)
    rows = []
    for row in _rows(table):
        cells: list[Any] = []
        for column, value in row.items():
            if isinstance(value, list | str):
                cells.append(guarded(_text(resource, column, value)))
            else:
                cells.append(float(value) if isinstance(value, Decimal) else value)
        rows.append(cells)
    file = io.BytesIO(Dataset(*rows, headers=table.columns, title=table.name).export("xlsx"))
    return file.getvalue()


def _json(table: BulkTable) -> bytes:
    rows = [{name: _json_value(value) for name, value in row.items()} for row in _rows(table)]
    return json.dumps(rows, ensure_ascii=False, indent=1, cls=DjangoJSONEncoder).encode()


def _json_value(value: Any) -> Any:
    if isinstance(value, list):
        return [{name: _json_value(each) for name, each in child.items()} for child in value]
    if isinstance(value, Decimal):
        # The database pads with zeros; 0.85 is a number, exact in the digits that are kept here.
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _text(resource: Any, column: str, value: Any) -> str:
    return value if isinstance(value, str) else resource.fields[column].widget.render(value)


FORMATS: Mapping[str, tuple[str, Callable[[BulkTable], bytes]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "json": ("application/json", _json),
}
