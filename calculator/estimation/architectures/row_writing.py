"""From an `Architecture` to the columns of its row: the way back of `rows.py`."""

from __future__ import annotations

from dataclasses import fields
from itertools import groupby

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.families import FAMILIES, FamilyTraits
from calculator.estimation.architectures.rows import (
    COLUMNS,
    INDEXER_SIZES,
    LAYER_LETTERS,
    MAMBA_SIZES,
    OVERRIDABLE,
    OVERRIDE_SIZES,
    architecture_from_row,
)
from calculator.estimation.errors import ConfigError


def row_from_architecture(architecture: Architecture) -> dict[str, str]:
    """The columns that state the architecture, as text; a size that it has none of is left out.

    Raises:
        KeyError: its family is not one that rows can name.
    """
    row = {
        column: str(value)
        for column, name in COLUMNS.items()
        if (value := getattr(architecture, name))
    }
    if not architecture.is_moe:
        row.pop("moe_layer_interval", None)
    row["model_type"] = architecture.model_type
    row["architecture_kind"] = "moe" if architecture.is_moe else "dense"
    row["tie_word_embeddings"] = "true" if architecture.tied_embeddings else ""
    row["trait_overrides"] = "; ".join(_overrides(architecture))
    return row


def is_whole(row: dict[str, str], architecture: Architecture) -> bool:
    """Whether the row, read again, is the architecture, whatever its name."""
    try:
        return architecture_from_row(row).unnamed() == architecture.unnamed()
    except ConfigError:
        return False


def _overrides(architecture: Architecture) -> list[str]:
    family, own = FAMILIES[architecture.model_type], architecture.traits
    found = [
        f"{each.name}={_text(getattr(own, each.name))}"
        for each in fields(FamilyTraits)
        if each.name in OVERRIDABLE and getattr(own, each.name) != getattr(family, each.name)
    ]
    found += [
        f"{word}={value}"
        for word, name in OVERRIDE_SIZES.items()
        if (value := getattr(architecture, name))
    ]
    for word, names in (("indexer", INDEXER_SIZES), ("mamba", MAMBA_SIZES)):
        sizes = [getattr(architecture, name) for name in names]
        if any(sizes):
            found.append(f"{word}={'x'.join(map(str, sizes))}")
    if architecture.stated_layers:
        found.append(f"layers={_pattern(architecture)}")
    return found


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pattern(architecture: Architecture) -> str:
    """“5MF9MF”: each kind of layer by its letter, after how many of it follow each other."""
    letters = {kind: letter for letter, kind in LAYER_LETTERS.items()}
    named = [
        letters.get((attention, mlp)) or letters.get((attention, None), "?")
        for attention, mlp in architecture.stated_layers
    ]
    counted = [(letter, len(list(same))) for letter, same in groupby(named)]
    return "".join(f"{'' if count == 1 else count}{letter}" for letter, count in counted)
