"""A pasted text: cells of a spreadsheet, a provider's page, CSV, JSON or a Markdown table."""

from __future__ import annotations

import re

from calculator.bulk.reading.files import LARGEST_FILE_BYTES, read_csv, read_json
from calculator.bulk.reading.grid import Grid, Unreadable, grid_of

_MARKDOWN_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?")
_MARKDOWN_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]*)\)")
_GAP = re.compile(r"\t+| {2,}")


def read_pasted(text: str) -> Grid:
    """The grid of a pasted table, whichever way its cells are parted.

    Raises:
        Unreadable: in words, where there is none in it.
    """
    if len(text.encode()) > LARGEST_FILE_BYTES:
        raise Unreadable(f"The text is too long: {LARGEST_FILE_BYTES:,} bytes go at once.")
    text = text.replace("\r\n", "\n").replace("\u00a0", " ").strip("\n")
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise Unreadable("There is nothing in it. Paste a table, its first row with names.")
    if text.lstrip().startswith(("[{", "[\n", "[ ")):
        return read_json(text)
    if any("|" in line and _MARKDOWN_RULE.fullmatch(line.strip()) for line in lines[:3]):
        return _read_markdown(text)
    # A spreadsheet puts a cell that has line breaks in it in quotes, as CSV does.
    if "\t" in lines[0]:
        return read_csv(text, "\t")
    if "," in lines[0] and not _GAP.search(lines[0].strip()):
        return read_csv(text)
    if ";" in lines[0] and not _GAP.search(lines[0].strip()):
        return read_csv(text, ";")
    return _read_spaced(text)


def _read_markdown(text: str) -> Grid:
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line or _MARKDOWN_RULE.fullmatch(line):
            continue
        if "|" not in line:
            raise Unreadable(f"Line {number} is not a row of the table: take it out.")
        cells = re.split(r"(?<!\\)\|", line.removeprefix("|").removesuffix("|"))
        rows.append((number, [_without_marks(cell) for cell in cells]))
    return grid_of(rows)


def _without_marks(cell: str) -> str:
    """A cell's text: a link is its words, or its address where that is all there is to see."""
    cell = _MARKDOWN_LINK.sub(lambda link: link[1] or link[2], cell)
    return re.sub(r"\*\*|`", "", cell).replace("\\|", "|").strip()


def _read_spaced(text: str) -> Grid:
    rows = [
        (number, _GAP.split(line.strip()))
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip()
    ]
    if len(rows[0][1]) == 1:
        raise Unreadable(
            "No columns can be seen in it. Copy the table's cells from a spreadsheet or a page, "
            "or part the cells by commas or by two spaces."
        )
    return grid_of(rows)
