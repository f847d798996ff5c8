"""A table as it was handed in: texts in rows and columns, and where each row stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

MOST_ROWS = 2_000
MOST_COLUMNS = 80
# A workbook's cell holds no more (Excel specifications and limits).
LONGEST_CELL = 32_767


class Unreadable(Exception):
    """A file or a text that is no table, in words that say what to do."""


@dataclass(frozen=True)
class Grid:
    """Rows of texts, all as long as `header`.

    places holds the number of each row as its file or paste numbers it, the first being 1.
    has_header is false where the first row was data already; `header` is then made of letters.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    places: tuple[int, ...]
    has_header: bool = True

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Grid:
        return cls(
            tuple(stored["header"]),
            tuple(map(tuple, stored["rows"])),
            tuple(stored["places"]),
            stored["has_header"],
        )

    def letter(self, position: int) -> str:
        """A column as a spreadsheet calls it: A to Z, then AA."""
        letters = ""
        position += 1
        while position:
            position, rest = divmod(position - 1, 26)
            letters = chr(ord("A") + rest) + letters
        return letters


def grid_of(
    rows: Sequence[tuple[int, Sequence[str]]], *, pads: bool = False, most_rows: int = MOST_ROWS
) -> Grid:
    """The grid of numbered rows, the first of which holds the columns' names.

    `pads` lets a row be shorter than the first, as spreadsheets leave out empty cells at its end.

    Raises:
        Unreadable: there is no row, too many, or one that is longer or shorter than the first.
    """
    rows = [(place, cells) for place, cells in rows if any(cell.strip() for cell in cells)]
    if not rows:
        raise Unreadable("There is no table in it: a row of names, then a row for each entry.")
    if len(rows) - 1 > most_rows:
        raise Unreadable(f"It has {len(rows) - 1:,} rows; {most_rows:,} go at once. Split it.")
    width = max(len(cells) for _, cells in rows) if pads else len(rows[0][1])
    if width > MOST_COLUMNS:
        raise Unreadable(f"It has {width} columns; there are at most {MOST_COLUMNS}.")
    for place, cells in rows:
        if len(cells) != width and not (pads and len(cells) < width):
            raise Unreadable(
                f"Row {place} has {len(cells)} cells where the first has {width}: "
                "take the row out, or put a cell that has the separator in it in double quotes."
            )
        longest = max(map(len, cells))
        if longest > LONGEST_CELL:
            raise Unreadable(
                f"Row {place} has a cell of {longest:,} letters; {LONGEST_CELL:,} fit."
            )
    padded = [(place, (*cells, *[""] * (width - len(cells)))) for place, cells in rows]
    (_, header), *others = padded
    return Grid(
        tuple(cell.strip() for cell in header),
        tuple(tuple(cells) for _, cells in others),
        tuple(place for place, _ in others),
    )


def without_header(grid: Grid) -> Grid:
    """The same grid where its first row was data: columns are called A, B, C."""
    letters = tuple(grid.letter(position) for position in range(len(grid.header)))
    first = (grid.places[0] - 1) if grid.places else 1
    return Grid(letters, (grid.header, *grid.rows), (first, *grid.places), has_header=False)


def with_header(grid: Grid) -> Grid:
    """The same grid where its first row holds the columns' names after all."""
    first, *others = grid.rows
    return Grid(first, tuple(others), grid.places[1:])
