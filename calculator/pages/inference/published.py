"""The published figures that the estimate is held to, from calculator/data/inference_published.csv.

Each row says what somebody measured or stated, of which model, and where. A row that is not
followed says why; it counts in no error.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median

from calculator.catalog import Catalog
from calculator.estimation import Architecture
from calculator.estimation.inference import (
    InferenceEstimate,
    InferenceSettings,
    estimate_inference,
    inference_settings_from_mapping,
)
from calculator.estimation.inference.weight_formats import WEIGHT_FORMATS, WeightFormat
from calculator.words.formatting import format_number

FILE = Path(__file__).parents[2] / "data" / "inference_published.csv"
BYTES_OF_UNIT = {"kB": 10**3, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}
QUANTITY_WORDS = {
    "file": "weights’ file",
    "weights": "weights",
    "kv_per_token": "KV cache of a token",
    "cache": "KV cache",
    "state": "recurrent state",
    "workspace": "workspace",
    "allocated": "all that is allocated",
}


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """One row: `published` in `unit`, the model by its slug."""

    model: str
    quantity: str
    weights: WeightFormat
    settings: InferenceSettings
    published: float
    unit: str
    is_followed: bool
    note: str
    source_name: str
    source_url: str

    def estimated(self, architecture: Architecture) -> float:
        """The same quantity by the estimate, in the row's unit."""
        found = estimate_inference(architecture, self.weights, self.settings)
        return _quantity(found, self.quantity) / BYTES_OF_UNIT[self.unit]


@dataclass(frozen=True, slots=True)
class PublishedView:
    """A row of the page's table. `difference` is ours against the published figure."""

    model_name: str
    model_slug: str
    what: str
    published: str
    estimated: str
    difference: str
    is_followed: bool
    note: str
    source_name: str
    source_url: str


@dataclass(frozen=True, slots=True)
class HeldTo:
    """All rows whose model is published, and how far off the followed ones are, in percent."""

    rows: tuple[PublishedView, ...]
    followed_count: int
    median_percent: str
    largest_percent: str
    largest_what: str


@lru_cache(maxsize=1)
def published_figures() -> tuple[PublishedFigure, ...]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_figure(row) for row in csv.DictReader(file))


def held_to(catalog: Catalog) -> HeldTo:
    """The estimate beside every published figure."""
    rows = []
    errors: list[tuple[float, str]] = []
    for figure in published_figures():
        model = catalog.language_models_by_slug.get(figure.model)
        if model is None or model.architecture is None:
            continue
        estimated = figure.estimated(model.architecture)
        error = estimated / figure.published - 1
        what = _what(figure)
        if figure.is_followed:
            errors.append((abs(error), f"{model.name}, {what}"))
        rows.append(
            PublishedView(
                model_name=model.name,
                model_slug=model.slug,
                what=what,
                published=f"{figure.published:g} {figure.unit}",
                estimated=f"{estimated:.4g} {figure.unit}",
                difference=_difference(error),
                is_followed=figure.is_followed,
                note=figure.note,
                source_name=figure.source_name,
                source_url=figure.source_url,
            )
        )
    largest, largest_what = max(errors, default=(0.0, ""))
    return HeldTo(
        rows=tuple(rows),
        followed_count=len(errors),
        median_percent=_percent(median([each for each, _ in errors]) if errors else 0.0),
        largest_percent=_percent(largest),
        largest_what=largest_what,
    )


def _difference(error: float) -> str:
    """“−1.4 %”, “+0.2 %”, “0 %”."""
    percent = round(error * 100, 1)
    return f"{percent:+.1f} %".replace("-", "−") if percent else "0 %"


def _what(figure: PublishedFigure) -> str:
    """“KV cache, 16,000 tokens”, “weights’ file, Q4_K_M”."""
    words = [QUANTITY_WORDS[figure.quantity]]
    settings = figure.settings
    if figure.quantity in ("file", "weights", "allocated"):
        words.append(figure.weights.name)
    if figure.quantity in ("cache", "allocated"):
        words.append(f"{settings.context_length:,} tokens")
    if settings.kv_precision != "16bit":
        words.append(f"at {settings.kv_precision.replace('bit', ' bits')}")
    if settings.sequences > 1:
        words.append(f"{settings.sequences:,} sequences")
    return ", ".join(words)


def _quantity(found: InferenceEstimate, quantity: str) -> float:
    return {
        "file": found.weights.total_bytes,
        "weights": found.weights.device_bytes,
        "kv_per_token": found.shape.full_bytes,
        "cache": found.cache.total_bytes,
        "state": found.cache.state_bytes,
        "workspace": found.workspace_bytes,
        "allocated": found.allocated_bytes,
    }[quantity]


def _figure(row: dict[str, str]) -> PublishedFigure:
    weights = WEIGHT_FORMATS[row["weights"]]
    counts = ("context_length", "sequences", "prefill_tokens")
    return PublishedFigure(
        model=row["model"],
        quantity=row["quantity"],
        weights=weights,
        settings=inference_settings_from_mapping(
            {name: int(row[name]) for name in counts}
            | {"kv_precision": row["kv_precision"], "runtime": weights.runtime}
        ),
        published=float(row["published"]),
        unit=row["unit"],
        is_followed=row["followed"] == "true",
        note=row["note"],
        source_name=row["source_name"],
        source_url=row["source_url"],
    )


def _percent(fraction: float) -> str:
    return format_number(fraction * 100, decimals=1)
