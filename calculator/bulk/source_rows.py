"""The rows of a grid as texts by column: prices unfolded, names understood, nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from calculator.bulk.cells import shown
from calculator.bulk.reading.columns import (
    NOT_USED,
    OF_KIND,
    count_of,
    counts_of,
    is_of_one,
    is_price,
)
from calculator.bulk.reading.gpu_names import GpuNames, UnknownGpu
from calculator.bulk.reading.grid import Grid
from calculator.bulk.reading.money import NO_PRICE, is_other_money, kind_of, usd_of
from calculator.bulk.tables import BulkTable
from gpus.models import Gpu


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row. column is as its table heads it, with its letter; "" is the row."""

    place: int
    column: str
    words: str

    def __str__(self) -> str:
        where = f"row {self.place}" if self.place else "all rows"
        return (
            f"{where}, column {self.column}: {self.words}"
            if self.column
            else f"{where}: {self.words}"
        )


@dataclass
class SourceRow:
    """A row to be imported: its texts by column, and how its table heads each column."""

    place: int
    cells: dict[str, str]
    headings: Mapping[str, str]
    problems: list[Problem] = field(default_factory=list)
    reason_to_leave_out: Problem | None = None
    is_unknown: bool = False

    def problem(self, column: str, words: str) -> Problem:
        return Problem(self.place, self.headings.get(column, column), words)


@dataclass(frozen=True)
class SourceRows:
    """All rows of a grid, with the columns that they have."""

    table: BulkTable
    columns: tuple[str, ...]
    rows: tuple[SourceRow, ...]
    problems: tuple[Problem, ...] = ()

    def sorted_out(
        self, *, leaves_out_unknown: bool
    ) -> tuple[list[SourceRow], list[Problem], list[Problem]]:
        """The rows to import, what is wrong with others, and what is left out on purpose."""
        if self.problems:
            return [], list(self.problems), []
        taken, problems, left_out = [], [], []
        first_with: dict[tuple[str, ...], SourceRow] = {}
        for row in self.rows:
            if row.reason_to_leave_out:
                left_out.append(row.reason_to_leave_out)
            elif row.is_unknown and leaves_out_unknown:
                left_out += row.problems
            elif row.problems:
                problems += row.problems
            else:
                key = tuple(row.cells[column].strip() for column in self.table.key)
                first = first_with.setdefault(key, row)
                if first is row:
                    taken.append(row)
                elif first.place == row.place:
                    if first.cells != row.cells:
                        words = (
                            f"It is {row.cells['usd']} here and {first.cells['usd']} in "
                            f"{first.headings['usd']}, for one price. Keep one column."
                        )
                        problems.append(row.problem("usd", words))
                else:
                    what = " and ".join(self.table.key)
                    words = f"It has the same {what} as row {first.place}. Keep one."
                    problems.append(row.problem(self.table.key[0], words))
        return taken, problems, list(dict.fromkeys(left_out))


def gpu_names() -> GpuNames:
    """The names of all GPUs, published or not."""
    rows = Gpu.objects.select_related("tier", "utilisation_class", "platform")
    return GpuNames(row.to_spec() for row in rows)


def source_rows(
    table: BulkTable, grid: Grid, columns: Sequence[str], everywhere: Mapping[str, str]
) -> SourceRows:
    """The grid's rows under the table's columns; what holds everywhere fills empty cells."""
    everywhere = {name: text for name, text in everywhere.items() if text.strip()}
    used = [column for column in columns if column != NOT_USED]
    own = {column for column in used if not column.startswith(OF_KIND)}
    of_kind = [column for column in used if column.startswith(OF_KIND)]
    if of_kind:
        own |= {"usd", "kind"}
    # A key that may be empty is empty where nothing says it: a price of no one shop.
    own |= {column for column in table.key if table.fields[column].blank}
    names = tuple(column for column in table.columns if column in own or column in everywhere)
    problems = [
        Problem(0, "", f"Two columns are “{column}”. Say what the other one is.")
        for column in dict.fromkeys(used)
        if used.count(column) > 1
    ]
    problems += [
        Problem(
            0, "", f"No column is the {column}, by which rows are told apart: {_where(table)}."
        )
        for column in table.key
        if column not in names
    ]
    if table.name == "prices":
        problems += _in_other_money(grid, columns)
    if problems:
        return SourceRows(table, names, (), tuple(problems))
    rows: list[SourceRow] = []
    counts = counts_of(grid) if table.name == "prices" else []
    for place, cells in zip(grid.places, grid.rows, strict=True):
        texts = dict.fromkeys(names, "")
        headings: dict[str, str] = {}
        for position, column in enumerate(columns):
            if column in texts:
                texts[column] = cells[position]
                headings[column] = _heading(grid, position)
        texts |= {name: text for name, text in everywhere.items() if not texts[name].strip()}
        mine = [
            SourceRow(
                place,
                {**texts, "usd": cells[position], "kind": column.removeprefix(OF_KIND)},
                {**headings, "usd": _heading(grid, position)},
            )
            for position, column in enumerate(columns)
            if column.startswith(OF_KIND)
        ]
        if not of_kind or "usd" in headings:
            # Two columns may have the same price of a kind; where they differ, its key is twice.
            mine.append(SourceRow(place, texts, headings))
        for row in mine:
            row.problems += _of_several(grid, row, cells, counts)
        rows += mine
    if table.name == "prices":
        _understand_prices(rows)
    return SourceRows(table, names, tuple(rows))


def _in_other_money(grid: Grid, columns: Sequence[str]) -> list[Problem]:
    words = "It is not in US dollars: give the prices in dollars."
    return [
        Problem(0, _heading(grid, position), words)
        for position, column in enumerate(columns)
        if is_price(column) and grid.has_header and is_other_money(grid.header[position])
    ]


def _of_several(
    grid: Grid, row: SourceRow, cells: Sequence[str], counts: Iterable[int]
) -> Iterable[Problem]:
    """What is wrong with a row whose count of GPUs is above one, unless its price is of one."""
    price, heading = row.cells.get("usd", ""), row.headings.get("usd", "")
    if price.strip().casefold() in NO_PRICE or is_of_one(price) or is_of_one(heading):
        return
    for position in counts:
        if (count := count_of(cells[position]) or 0) > 1:
            words = (
                f"The row is of {count:,} GPUs: give the price of one, and 1 here. Is the price of "
                "one already? Head its column “per GPU”, or take this column out."
            )
            yield Problem(row.place, _heading(grid, position), words)


def _where(table: BulkTable) -> str:
    if table.name == "prices":
        return "choose the column that is, or say below what holds for all rows"
    return "choose the column that is"


def _heading(grid: Grid, position: int) -> str:
    letter = grid.letter(position)
    return f"{grid.header[position]} ({letter})" if grid.has_header else letter


def _understand_prices(rows: Sequence[SourceRow]) -> None:
    """Put GPUs' names, prices and kinds as people write them into those of the table."""
    names = gpu_names()
    for row in rows:
        _put(row, "gpu", names.slug_of)
        _put(row, "kind", _kind)
        _put(row, "usd", lambda text: shown(usd_of(text)))
        if not row.problems and not row.cells.get("usd", "-"):
            row.reason_to_leave_out = row.problem("usd", "There is no price in it.")


def _kind(text: str) -> str:
    if not text:
        return ""
    # What is no word for a kind is left to the field, which names those that it knows.
    return kind_of(text) or text


def _put(row: SourceRow, column: str, understand: Callable[[str], str]) -> None:
    if column not in row.cells:
        return
    try:
        row.cells[column] = understand(row.cells[column].strip())
    except UnknownGpu as unknown:
        row.is_unknown = True
        row.problems.append(row.problem(column, str(unknown)))
    except ValueError as error:
        row.problems.append(row.problem(column, str(error)))
