"""The field names of each tool in a named version, as its own source has them.

validation/exports/collect_fields.py writes the files beside this one; each names its sources.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class ToolFields:
    """builders: torchtune's functions that make a model of a size.

    recipes: its own tokenizer and checkpointer for each model, by the builder of the plain model.
    """

    tool: str
    version: str
    sources: tuple[str, ...]
    fields: frozenset[str]
    builders: tuple[str, ...] = ()
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@lru_cache(maxsize=32)
def fields_of(tool: str) -> ToolFields:
    """The fields of one tool: trl, axolotl, llama-factory, torchtune, unsloth, peft, …"""
    value = json.loads((_HERE / f"{tool}.json").read_text(encoding="utf-8"))
    return ToolFields(
        value["tool"],
        value["version"],
        tuple(value["sources"]),
        frozenset(value["fields"]),
        tuple(value.get("builders", ())),
        value.get("recipes", {}),
    )
