"""Rows of traces.csv as what the estimator is asked for, and the bytes that the step took."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.rows import architecture_from_row
from calculator.estimation.settings import TrainingSettings

TRACES = Path(__file__).parent / "traces.csv"
MODELS = Path(__file__).parents[1] / "calculator" / "data" / "models.csv"


@dataclass(frozen=True, slots=True)
class TracedStep:
    """One traced step. versions: of the libraries whose step it is."""

    id: str
    hf_id: str
    architecture: Architecture
    settings: TrainingSettings
    peak_bytes: int
    trained_count: int
    transformers: str
    versions: str


def read_traces() -> tuple[TracedStep, ...]:
    """All committed traces, in the file's order."""
    with MODELS.open(encoding="utf-8", newline="") as file:
        models = {row["slug"]: row for row in csv.DictReader(file)}
    with TRACES.open(encoding="utf-8", newline="") as file:
        return tuple(
            step_of(number, row, models[row["model"]])
            for number, row in enumerate(csv.DictReader(file), 1)
        )


def step_of(number: int, row: Mapping[str, str], model: Mapping[str, str]) -> TracedStep:
    """A row of traces.csv, with its row of models.csv. What is traced is the text model."""
    architecture = replace(architecture_from_row(model), vision_parameter_count=0)
    layer_count = int(row["layer_count"])
    if layer_count:
        kinds = architecture.layer_kinds()[:layer_count]
        architecture = replace(
            architecture, layer_count=layer_count, linear_layer_count=0, stated_layers=kinds
        )
    return TracedStep(
        id=f"trace-{number:03}",
        hf_id=model["hf_id"],
        architecture=architecture,
        settings=_of_model(settings_of_row(row), architecture),
        peak_bytes=int(row["peak_bytes"]),
        trained_count=int(row["trained_count"]),
        transformers=row["transformers"],
        versions=f"transformers {row['transformers']}, peft {row['peft']}, torch {row['torch']}",
    )


def _of_model(settings: TrainingSettings, architecture: Architecture) -> TrainingSettings:
    """The settings, of which one about experts is none for a model that has no experts."""
    if architecture.is_moe:
        return settings
    return replace(settings, experts=TrainingSettings().experts)


def settings_of_row(row: Mapping[str, str]) -> TrainingSettings:
    values: dict[str, Any] = {}
    for item in fields(TrainingSettings):
        text = row.get(item.name)
        if text is None or text == "":
            continue
        default = item.default
        if isinstance(default, bool):
            values[item.name] = text.casefold() == "true"
        elif isinstance(default, int | float):
            values[item.name] = type(default)(text)
        else:
            values[item.name] = text
    values.setdefault("experts", "widened")
    targets = values.get("lora_targets", "all-linear")
    if targets != "all-linear":
        values["lora_targets"] = tuple(targets.split("+"))
    return TrainingSettings(**values)
