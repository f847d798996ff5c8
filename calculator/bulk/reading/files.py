"""Uploaded files: CSV (comma, semicolon, tab), XLSX and JSON, by what they are, not by their name."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from calculator.bulk.cells import text_of, unguarded
from calculator.bulk.reading.grid import MOST_ROWS, Grid, Unreadable, grid_of

# What nginx lets through is 1 MB; a catalog of 1,000 rows is a third of that.
LARGEST_FILE_BYTES = 900_000
# What a workbook may unfold to.
LARGEST_WORKBOOK_BYTES = 30_000_000


def read_file(content: bytes) -> Grid:
    """The grid of a file.

    Raises:
        Unreadable: in words, where it is too large or no table.
    """
    if len(content) > LARGEST_FILE_BYTES:
        raise Unreadable(
            f"The file has {len(content):,} bytes; {LARGEST_FILE_BYTES:,} go at once. Split it."
        )
    if not content.strip():
        raise Unreadable("The file is empty.")
    if content.startswith(b"PK"):
        return _read_workbook(content)
    text = decoded(content)
    if text.lstrip().startswith(("[", "{")):
        return read_json(text)
    return read_csv(text)


def decoded(content: bytes) -> str:
    """A file's text: UTF-8, or UTF-16 as Excel's “Unicode text” has it.

    Raises:
        Unreadable: it is in another encoding, or no text.
    """
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(
            "The file is not UTF-8. In a spreadsheet: save as “CSV UTF-8”, or as XLSX."
        ) from error
    if "\0" in text:
        raise Unreadable("The file is no text. CSV, XLSX and JSON can be read.")
    return text


def read_csv(text: str, separator: str = "", *, most_rows: int = MOST_ROWS) -> Grid:
    """The grid of a CSV text; the separator is the one that its first row has most of.

    Raises:
        Unreadable: its quotes do not close, or a row has too many cells.
    """
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = separator or max(",;\t", key=first.count)
    csv.field_size_limit(LARGEST_FILE_BYTES)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [
            (number, [unguarded(cell) for cell in cells])
            for number, cells in enumerate(lines, start=1)
            if cells
        ]
    except csv.Error as error:
        raise Unreadable(f"Line {lines.line_num}: {error}. Correct the quotes.") from error
    return grid_of(rows, most_rows=most_rows)


def read_json(text: str) -> Grid:
    """The grid of a JSON list of objects that all have the same names.

    Raises:
        Unreadable: it is not one.
    """
    try:
        found = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"This is no JSON: {error}.") from error
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Unreadable("JSON has to be a list of objects: [{…}, {…}].")
    if not found:
        raise Unreadable("The list is empty.")
    names = list(found[0])
    rows: list[tuple[int, list[str]]] = [(0, names)]
    for number, each in enumerate(found, start=1):
        if set(each) != set(names):
            differing = ", ".join(sorted(set(each) ^ set(names)))
            raise Unreadable(f"Object {number} and the first differ in their names: {differing}.")
        rows.append((number, [_json_text(each[name]) for name in names]))
    return grid_of(rows)


def _json_text(value: object) -> str:
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=text_of)
    return text_of(value)


def _read_workbook(content: bytes) -> Grid:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unfolded = sum(each.file_size for each in archive.infolist())
        if unfolded > LARGEST_WORKBOOK_BYTES:
            raise Unreadable("The workbook is too large once it is unpacked. Split it.")
        values = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        formulas = load_workbook(io.BytesIO(content), read_only=True)
        if len(values.sheetnames) > 1:
            raise Unreadable(
                f"The workbook has {len(values.sheetnames)} sheets. Keep the one to be imported."
            )
        return grid_of(list(_sheet_rows(values.worksheets[0], formulas.worksheets[0])), pads=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, ParseError) as error:
        raise Unreadable("The file is no workbook that can be read. Save it as XLSX.") from error


def _sheet_rows(values: Any, formulas: Any) -> list[tuple[int, list[str]]]:
    rows = []
    both = zip(values.iter_rows(), formulas.iter_rows(), strict=True)
    for number, (row, formula_row) in enumerate(both, start=1):
        if number > MOST_ROWS + 1:
            raise Unreadable(f"The sheet has more than {MOST_ROWS:,} rows. Split it.")
        cells = []
        for cell, formula in zip(row, formula_row, strict=True):
            if cell.value is None and isinstance(formula.value, str) and formula.value[:1] == "=":
                raise Unreadable(
                    f"{formula.coordinate} holds a formula whose value the file lacks: open and "
                    "save it in a spreadsheet, or paste values only."
                )
            cells.append(unguarded(text_of(cell.value)))
        rows.append((number, cells))
    return rows
