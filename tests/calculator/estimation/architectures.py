"""The catalog's architectures, read from the shipped file, for tests of the core."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from calculator.estimation import Architecture, ConfigError
from calculator.estimation.architectures.rows import architecture_from_row

MODELS = Path(__file__).parents[3] / "calculator" / "data" / "models.csv"


@cache
def all_architectures() -> dict[str, Architecture]:
    """Every architecture that the shipped rows state, by slug."""
    result = {}
    with MODELS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                result[row["slug"]] = architecture_from_row(row)
            except ConfigError:
                continue
    return result


def architecture(slug: str) -> Architecture:
    return all_architectures()[slug]
