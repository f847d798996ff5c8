"""Models and GPUs by their names, from the files that ship with the catalog."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.rows import architecture_from_row
from calculator.estimation.errors import ConfigError, FieldError, InputError
from calculator.estimation.usable_memory import usable_bytes

# In a clone both stand where the site loads them from; the wheel has them in one folder.
_DATA = Path(__file__).parents[2] / "data"
_GPUS_OF_THE_SITE = Path(__file__).parents[3] / "gpus" / "data"
_SIZE = re.compile(r"(\d{1,4})\s*(?:GB|G)?", re.IGNORECASE)

Row = dict[str, str]
Named = tuple[Row, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card, or a size of card, and what a run may take of it."""

    name: str
    usable_bytes: int


def find_architecture(typed: str) -> Architecture:
    """The model of that slug, name, Hugging Face name or alias, however it is punctuated.

    Raises:
        InputError: there is none, with the nearest names; or only its parameters are known.
    """
    rows = _rows(_DATA / "models.csv")
    aliases = _rows(_DATA / "model_aliases.csv")
    by_slug = {row["slug"]: row for row in rows}
    named: list[Named] = [(r, (r["slug"], r["display_name"], r["hf_id"])) for r in rows]
    named += [(by_slug[each["model"]], (each["alias"],)) for each in aliases]
    row = _find("model", typed, named)
    try:
        return architecture_from_row(row)
    except ConfigError as error:
        reason = " ".join(each.message for each in error.errors)
        message = f"{row['display_name']} has no precise estimate. {reason}"
        raise InputError([FieldError("model", message)]) from error


def find_gpu(typed: str) -> Gpu:
    """A card of the catalog, or 24GB: a card of that size.

    Raises:
        InputError: there is none of that name, with the nearest ones.
    """
    size = _SIZE.fullmatch(typed.strip())
    if size is not None and int(size[1]) > 0:
        memory_gb = int(size[1])
        return Gpu(f"{memory_gb} GB GPU", usable_bytes(memory_gb, None))
    here = _DATA / "gpus.csv"
    rows = _rows(here if here.exists() else _GPUS_OF_THE_SITE / "gpus.csv")
    row = _find("gpu", typed, [(r, (r["slug"], r["name"], r["short_name"])) for r in rows])
    stated = row["usable_memory_mib"]
    return Gpu(row["name"], usable_bytes(int(row["memory_gb"]), int(stated) if stated else None))


def _find(field: str, typed: str, named: Iterable[Named]) -> Row:
    by_name = {_plain(name): row for row, names in reversed(list(named)) for name in names}
    wanted = _plain(typed)
    # “meta-llama/Llama-3.1-8B” and, without who published it, “Llama-3.1-8B”.
    row = by_name.get(wanted) or by_name.get(_plain(typed.rpartition("/")[2]))
    if row is not None:
        return row
    near = dict.fromkeys(by_name[name]["slug"] for name in get_close_matches(wanted, by_name))
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise InputError([FieldError(field, f"“{typed[:60]}” is not known.{hint}", "not_found")])


def _plain(name: str) -> str:
    """“Llama-3.1-8B” and “llama 3.1 8b” are one name."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def _rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
