"""Reads the project's data files: CSV tables, and Markdown files with a head of `name: value`.

What is wrong with a file is collected, not raised, so that one run names every mistake.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row as it stands in its file: texts by column, and where to find it."""

    where: str
    cells: dict[str, str]


def read_csv(
    root: Path, name: str, problems: list[str], *, may_be_missing: bool = False
) -> list[FileRow]:
    if may_be_missing and not (root / name).exists():
        return []
    text = _text(root, name, problems)
    if text is None:
        return []
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return list(_csv_rows(name, lines, problems))
    except csv.Error as error:
        problems.append(f"{name}, line {lines.line_num}: {error}. Correct the quotes.")
        return []


def _csv_rows(name: str, lines: Iterator[list[str]], problems: list[str]) -> Iterator[FileRow]:
    columns = next(lines, [])
    # Numbered as a spreadsheet numbers them: the header is row 1.
    for number, cells in enumerate(lines, start=2):
        where = f"{name}, row {number}"
        if len(cells) == len(columns):
            yield FileRow(where, dict(zip(columns, cells, strict=True)))
        elif cells:
            problems.append(
                f"{where}: {len(cells)} cells under {len(columns)} columns. "
                "Put a cell that has a comma in it between double quotes."
            )


def read_markdown(root: Path, name: str, body: str, problems: list[str]) -> list[FileRow]:
    """Read the `*.md` files of a folder; what follows the head becomes the column `body`."""
    paths = sorted((root / name).glob("*.md"))
    if not paths:
        problems.append(f"{name}: no Markdown file there. Restore the folder.")
    rows = []
    for path in paths:
        where = f"{name}/{path.name}"
        text = _text(root, where, problems)
        if text is None:
            continue
        opening, _, rest = text.partition("---\n")
        head, closing, answer = rest.partition("\n---\n")
        if opening.strip() or not closing:
            problems.append(f"{where}: begin with “name: value” lines between two lines of “---”.")
            continue
        cells = {body: answer.strip()}
        for line in filter(str.strip, head.splitlines()):
            column, colon, value = line.partition(":")
            if not colon:
                problems.append(f"{where}: “{line}” is not “name: value”.")
            cells[column.strip()] = value.strip()
        rows.append(FileRow(where, cells))
    return rows


def _text(root: Path, name: str, problems: list[str]) -> str | None:
    try:
        return (root / name).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problems.append(f"{name}: the file is missing. Restore it.")
    except UnicodeDecodeError:
        problems.append(f"{name}: not UTF-8. Save it as UTF-8.")
    return None
