"""The rows of the accuracy page: every run and trace beside what the estimate says of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlencode

from calculator.data import FOLDER
from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.sharding import STRATEGY_NAMES
from calculator.estimation.estimate import estimate
from calculator.estimation.settings import TrainingSettings, changed_fields
from calculator.pages.accuracy.records import AccuracyRow, LeftOutRow, accuracy_csv_text
from calculator.question.training_form import read_training_form
from validation.measured.mapping import NotComparable
from validation.measured.models import architecture_of, catalog_slug_of
from validation.measured.report import Prediction, predictions
from validation.setting_words import said_of, settings_in_words
from validation.traced import read_traces

PRESET_PARTS = FOLDER / "preset_parts.csv"


def accuracy_csv() -> str:
    """The whole file calculator/data/accuracy.csv, computed from the committed data."""
    return accuracy_csv_text([*traced_rows(), *measured_rows()])


def traced_rows() -> Iterator[AccuracyRow]:
    """A row for every traced step."""
    rule = rule_of_thumb_bytes_per_parameter()
    for step in read_traces():
        peak = estimate(step.architecture, step.settings).peak_allocated_bytes
        count = count_parameters(step.architecture).total_count
        yield AccuracyRow(
            kind="traced",
            id=step.id,
            source=step.versions,
            url=f"https://github.com/huggingface/transformers/tree/v{step.transformers}",
            model=step.hf_id,
            method=step.settings.method,
            settings=settings_in_words(said_of(step.architecture, step.settings)),
            gpu_count=1,
            gpu="",
            counter="allocated",
            is_best_evidence=True,
            actual_low_bytes=step.peak_bytes,
            actual_high_bytes=step.peak_bytes,
            predicted_bytes=peak,
            predicted_low_bytes=peak,
            predicted_high_bytes=peak,
            rule_of_thumb_bytes=round(rule[step.settings.method] * count),
            remarks="",
            calculator_query=_query_of(step.hf_id, step.architecture, step.settings),
        )


def measured_rows() -> Iterator[AccuracyRow | LeftOutRow]:
    """A row for every measured run, those that are left out last."""
    rule = rule_of_thumb_bytes_per_parameter()
    made, left_out = predictions()
    for prediction in made:
        yield _measured(prediction, rule)
    for item in left_out:
        yield _left_out(item)


def rule_of_thumb_bytes_per_parameter() -> dict[str, Decimal]:
    """Bytes per parameter of each method, as shipped."""
    totals: dict[str, Decimal] = {}
    with PRESET_PARTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            method, part = row["preset_slug"], Decimal(row["bytes_per_parameter"])
            totals[method] = totals.get(method, Decimal(0)) + part
    return totals


def _measured(prediction: Prediction, rule: dict[str, Decimal]) -> AccuracyRow:
    item, run = prediction.comparable, prediction.comparable.run
    words, rule_bytes, query = (
        settings_in_words(said_of(item.architecture, item.settings)),
        None,
        "",
    )
    if item.gpu_count == 1:
        count = count_parameters(item.architecture).total_count
        rule_bytes = round(rule[item.settings.method] * count)
        query = _query_of(run.model, item.architecture, item.settings)
    else:
        offload = "" if item.offload == "none" else ", parameters on the host"
        words = f"{words}; {STRATEGY_NAMES[item.strategy]}{offload}"
    return AccuracyRow(
        kind="measured",
        id=run.id,
        source=run.source,
        url=run.repository_url,
        model=run.model,
        method=item.settings.method,
        settings=words,
        gpu_count=item.gpu_count,
        gpu=run.gpu,
        counter=item.figure,
        is_best_evidence=item.is_best_evidence,
        actual_low_bytes=item.low_bytes,
        actual_high_bytes=item.high_bytes,
        predicted_bytes=prediction.bytes,
        predicted_low_bytes=prediction.low_bytes,
        predicted_high_bytes=prediction.high_bytes,
        rule_of_thumb_bytes=rule_bytes,
        remarks=" ".join(item.remarks),
        calculator_query=query,
    )


def _query_of(model: str, architecture: Architecture, settings: TrainingSettings) -> str:
    """The calculator's address for these settings; nothing where its catalog lacks the model."""
    slug = catalog_slug_of(model)
    if not slug or architecture != architecture_of(model):
        return ""
    return calculator_query(slug, said_of(architecture, settings))


def calculator_query(slug: str, settings: TrainingSettings) -> str:
    """The calculator's address for a model of the catalog with these settings.

    Nothing where its form lacks one of them. A trainer's defaults are stated one by one.
    """
    settings = replace(settings, trainer="")
    values = {"model": slug}
    for name in changed_fields(settings, TrainingSettings(method=settings.method)):
        value = getattr(settings, name)
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, tuple):
            value = ",".join(value)
        values[name] = str(value)
    run = read_training_form(values).run
    if run is None or run.settings_for(settings.method) != settings:
        return ""
    return urlencode(values)


def _left_out(item: NotComparable) -> LeftOutRow:
    run = item.run
    return LeftOutRow(
        id=run.id,
        source=run.source,
        url=run.repository_url,
        model=run.model,
        method=run.method,
        gpu_count=run.gpu_count,
        gpu=run.gpu,
        actual_low_bytes=run.low_bytes,
        actual_high_bytes=run.high_bytes,
        reason=item.reason,
    )
