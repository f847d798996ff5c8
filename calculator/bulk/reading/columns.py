"""What each column of a table holds: by its name, else by what is in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from calculator.bulk.cells import day_of
from calculator.bulk.reading.gpu_names import GpuNames, UnknownGpu
from calculator.bulk.reading.grid import Grid
from calculator.bulk.reading.money import KIND_WORDS, is_other_money, kind_of, usd_of
from calculator.bulk.tables import BulkTable

NOT_USED = ""
# “usd@rent_spot”: a column of prices that are all of one kind. A row may have several.
OF_KIND = "usd@"

_PRICE_WORDS: Mapping[str, str] = {
    "gpu": "gpu card|graphics card|gpu model|gpu type|gpu name|card|model|accelerator|name|gpus"
    "|instance|gpu instance|gpu slug|hardware",
    "usd": "price|cost|rate|hourly|hourly price|hourly rate|price per hour|price hour|price hr|hr"
    "|per hour|usd hour|usd hr|cost per hour|price usd|price gpu hr|gpu hour|price gpu hour|amount"
    "|price per gpu hour|price per gpu|usd per hour",
    "provider": "cloud|cloud provider|vendor|host|shop|seller|company|platform",
    "kind": "type|market|price kind|price type|pricing|billing",
    "source_name": "source|source name|seen at",
    "source_url": "link|url|source link|source url|page",
    "checked_on": "date|day|checked|checked on|seen|seen on|as of|updated|last checked",
    "ended_on": "ended|ended on|gone since|discontinued|discontinued on",
}
# Numbers that a table of prices has beside them: the price of a gigabyte, of the smallest offer.
_NO_PRICE = re.compile(r"\bper (gb|gib|tb|tib)\b|/\s*(gb|gib|tb|tib)\b|\b(from|starting)\b")
_COUNT_WORDS = frozenset(
    [
        "count",
        "gpus",
        "gpu count",
        "gpus count",
        "num gpus",
        "number of gpus",
        "no of gpus",
        "gpu number",
        "gpu qty",
        "qty",
        "quantity",
        "gpu quantity",
        "cards",
        "gpus per instance",
        "gpus per node",
        "gpu num",
    ]
)
_OF_ONE = re.compile(r"\b(per|each) (gpu|card)\b|/\s*(gpu|card)\b|\bgpu[ -]?(hour|hr|h)\b")
# A share of a column's cells that makes it one kind of column.
_MOST = 0.5


def choices_of(table: BulkTable) -> list[tuple[str, str]]:
    """What a column can be said to hold, and its name for editors."""
    found = [(NOT_USED, "not used"), *((column, column) for column in table.columns)]
    if table.name == "prices":
        kinds = table.fields["kind"].choices
        found += [(f"{OF_KIND}{kind}", f"usd, {label}") for kind, label in kinds]
    return found


def recognised(
    table: BulkTable, grid: Grid, gpus: GpuNames, providers: Iterable[str]
) -> list[str]:
    """What each column holds, NOT_USED where that cannot be told.

    Nothing is held twice but a price whose columns differ: which one counts is not guessed.
    """
    found = [NOT_USED] * len(grid.header)
    names = _names(table)
    counts = counts_of(grid)
    for position, header in enumerate(grid.header):
        column = names.get(_plain(header), NOT_USED)
        if table.name == "prices" and is_price(column) and is_other_money(header):
            continue
        if table.name == "prices" and position in counts:
            continue
        if column not in found or (
            is_price(column) and _differ(grid, found.index(column), position)
        ):
            found[position] = column
    if table.name == "prices":
        _by_contents(found, grid, gpus, {each.casefold() for each in providers})
    return found


def _differ(grid: Grid, one: int, other: int) -> bool:
    """Whether a row has two prices there that are not the same."""
    return any(len({*map(_amount, (row[one], row[other])), None}) > 2 for row in grid.rows)


def _amount(text: str) -> Decimal | str | None:
    try:
        return usd_of(text)
    except ValueError:
        return text


def counts_of(grid: Grid) -> list[int]:
    """The columns that say of how many GPUs a row is: by their names, and with numbers alone."""
    return [
        position
        for position, header in enumerate(grid.header)
        if grid.has_header
        and _plain(header) in _COUNT_WORDS
        and all(count_of(row[position]) is not None for row in grid.rows if row[position].strip())
    ]


def count_of(text: str) -> int | None:
    """How many GPUs “8”, “8x” or “x8” are; None where it is no number of them."""
    found = re.fullmatch(r"[x×]?\s*(\d{1,6})(?:\.0+)?\s*[x×]?", text.strip(), re.IGNORECASE)
    return int(found[1]) if found else None


def is_of_one(text: str) -> bool:
    """Whether a price or its heading says that it is one GPU's: “$2.49/GPU/hr”."""
    return _OF_ONE.search(text.casefold()) is not None


def is_price(column: str) -> bool:
    return column == "usd" or column.startswith(OF_KIND)


def names_columns(table: BulkTable, grid: Grid, gpus: GpuNames) -> bool:
    """Whether a grid's first row holds names: no price and no GPU stands in a row of names."""
    if table.name != "prices" or any(_plain(each) in _names(table) for each in grid.header):
        return True
    return not any(_is_money(each) or _is_gpu(gpus)(each) for each in grid.header)


def _names(table: BulkTable) -> dict[str, str]:
    names = {_plain(table.verbose_name(column)): column for column in table.columns}
    names |= {_plain(column): column for column in table.columns}
    if table.name == "prices":
        for column, words in _PRICE_WORDS.items():
            names |= dict.fromkeys(words.split("|"), column)
        for kind, kind_words in KIND_WORDS.items():
            for word in (kind.replace("_", " "), *kind_words):
                names |= dict.fromkeys((word, f"{word} price", f"{word} hr"), f"{OF_KIND}{kind}")
    return names


def _plain(header: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", header.casefold()))


def _by_contents(found: list[str], grid: Grid, gpus: GpuNames, providers: set[str]) -> None:
    """Name the columns that their headings did not, most telling contents first."""
    has_price = any(map(is_price, found))
    tests: list[tuple[str, Callable[[str], bool]]] = [
        ("source_url", lambda text: text.startswith(("https://", "http://"))),
        ("checked_on", _is_day),
        *([] if has_price else [("usd", _is_money), ("usd", _is_decimal), ("usd", _is_foreign)]),
        ("gpu", _is_gpu(gpus)),
        ("kind", lambda text: kind_of(text) is not None),
        ("provider", lambda text: text.casefold() in providers),
    ]
    for column, is_one in tests:
        if column in found:
            continue
        shares = {
            position: _share(grid, position, is_one)
            for position, held in enumerate(found)
            if held == NOT_USED
            and not (column == "usd" and _NO_PRICE.search(_lower(grid, position)))
        }
        best = max(shares, key=lambda position: shares[position], default=None)
        if best is not None and shares[best] >= _MOST:
            found[best] = column


def _share(grid: Grid, position: int, is_one: Callable[[str], bool]) -> float:
    cells = [text for row in grid.rows[:200] if (text := row[position].strip())]
    return sum(map(is_one, cells)) / len(cells) if cells else 0.0


def _is_money(text: str) -> bool:
    if "$" not in text and not re.search(r"/\s*(gpu|hr|h)\b|per hour|usd", text, re.IGNORECASE):
        return False
    try:
        return usd_of(text) is not None
    except ValueError:
        return False


def _is_foreign(text: str) -> bool:
    """A price in another currency: its column is the price's, so that it is refused in words."""
    return is_other_money(text) and re.search(r"\d", text) is not None


def _lower(grid: Grid, position: int) -> str:
    return grid.header[position].casefold() if grid.has_header else ""


def _is_decimal(text: str) -> bool:
    return re.fullmatch(r"\d+\.\d+", text) is not None


def _is_day(text: str) -> bool:
    try:
        day_of(text)
    except ValueError:
        return False
    return True


def _is_gpu(gpus: GpuNames) -> Callable[[str], bool]:
    def is_gpu(text: str) -> bool:
        if not re.search(r"\d", text) or _is_decimal(text) or text.isdigit():
            return False
        try:
            gpus.slug_of(text.strip())
        except UnknownGpu as unknown:
            return unknown.is_one
        return True

    return is_gpu
