"""The three cards' figures as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from calculator.answer.on_cluster import result_on_cluster
from calculator.answer.precise import PRECISE_METHODS, PreciseResult, precise_result
from calculator.catalog import Catalog
from calculator.question.cluster import ONE_GPU, cluster_words
from calculator.question.reading import (
    Question,
    question_error,
    read_precise_question,
    with_cluster,
)
from calculator.question.training_fields import FIELDS
from calculator.words.formatting import NO_BREAK_SPACE, format_figure, format_range
from calculator.words.methods import METHOD_NAMES
from gpus.labels import setup_label

CSV_COLUMNS = (
    "model",
    "method",
    "likely_bytes",
    "low_bytes",
    "high_bytes",
    "peak_allocated_bytes",
    "peak_phase",
    "minimum_gpu",
    "formula_version",
    "address",
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What the cards say; error where they say nothing."""

    name: str
    question: Question
    results: tuple[PreciseResult, ...]
    error: str = ""


def read_figures(catalog: Catalog, query: Mapping[str, str]) -> Figures:
    question = read_precise_question(catalog, query)
    question = with_cluster(question, query)
    subject, run = question.subject, question.run
    error = question_error(question)
    if error or subject is None or run is None or subject.architecture is None:
        return Figures("", question, (), error)
    architecture, sharding = subject.architecture, question.sharding
    runs = [run.settings_for(method) for method in PRECISE_METHODS]
    results = tuple(
        precise_result(catalog, subject, architecture, settings)
        if sharding == ONE_GPU
        else result_on_cluster(catalog, subject, architecture, settings, sharding)
        for settings in runs
    )
    return Figures(subject.name, question, results)


def as_markdown(figures: Figures, address: str) -> str:
    """A heading, a table with a row for each method, the settings and the address."""
    lines = [
        f"### GPU memory to fine-tune {_plain(figures.name)}",
        "",
        "| Method | Memory | Likely range | Smallest GPU |",
        "|---|---|---|---|",
    ]
    for result in figures.results:
        minimum = "none" if result.minimum is None else setup_label(result.minimum)
        cells = (
            METHOD_NAMES[result.slug],
            f"about {format_figure(result.memory_bytes, result.range_bytes)}",
            format_range(*result.range_bytes),
            minimum,
        )
        lines.append(f"| {' | '.join(map(_plain, cells))} |")
    settings = figures.results[0].settings
    words = (
        f"Micro-batch {settings.micro_batch:,}, {settings.sequence_length:,} tokens,"
        f" gradient checkpointing {'on' if settings.gradient_checkpointing else 'off'}"
    )
    run = figures.question.run
    others = (
        []
        if run is None
        else [
            FIELDS[name].label
            for name in run.stated
            if name not in ("micro_batch", "sequence_length", "gradient_checkpointing")
        ]
    )
    if figures.question.sharding != ONE_GPU:
        words += f", on each GPU of {_plain(cluster_words(figures.question.sharding))}"
    words += f"; also set: {', '.join(others)}." if others else "."
    version = figures.results[0].estimate.formula_version
    return "\n".join(
        [
            *lines,
            "",
            words,
            "",
            f"[Every figure explained]({address}), formula version {version}.",
            "",
        ]
    )


def as_csv(figures: Figures, address: str) -> str:
    """A row for each method; bytes as whole numbers."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for result in figures.results:
        found = result.estimate
        writer.writerow(
            (
                _safe(figures.name),
                result.slug,
                found.device_bytes.likely,
                found.device_bytes.low,
                found.device_bytes.high,
                found.peak_allocated_bytes,
                found.peak_phase,
                "" if result.minimum is None else _plain(setup_label(result.minimum)),
                found.formula_version,
                address,
            )
        )
    return stream.getvalue()


def _plain(text: str) -> str:
    """Text that stays in its cell."""
    plain = text.replace(NO_BREAK_SPACE, " ").replace("\u2011", "-")
    return plain.replace("|", "\\|").replace("\n", " ")


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    plain = text.replace(NO_BREAK_SPACE, " ").replace("\n", " ")
    return f"'{plain}" if plain[:1] in ("=", "+", "-", "@") else plain
