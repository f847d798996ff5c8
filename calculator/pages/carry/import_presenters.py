"""/import/ as its template prints it: what was understood of a configuration, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from calculator.carrying.imports.documents import NotReadable
from calculator.carrying.imports.reading import Line
from calculator.carrying.imports.understanding import Imported, understand
from calculator.catalog import Catalog
from calculator.estimation import Architecture, SettingsError, TrainingSettings, estimate
from calculator.estimation.cluster import estimate_sharded, impossible_reason
from calculator.estimation.lora_targets import check_targets
from calculator.language_models.search import find_model
from calculator.pages.carry.export_presenters import export_url
from calculator.question.cluster import cluster_query, read_cluster
from calculator.question.training_form import Run, precise_query, run_of
from calculator.words.formatting import format_likely, format_range, shortened
from calculator.words.methods import METHOD_NAMES

VERDICT_WORDS = {
    "understood": "Understood",
    "not_followed": "Not followed",
    "unknown": "Not understood",
    "no_bearing": "No bearing on memory",
}


@dataclass(frozen=True, slots=True)
class LineView:
    number: int
    name: str
    value: str
    verdict: str
    verdict_words: str
    words: str


@dataclass(frozen=True, slots=True)
class FigureView:
    """What the run takes, on one GPU or on each of several."""

    figure: str
    range: str
    where: str


@dataclass(frozen=True, slots=True)
class ImportView:
    """The whole page. Without `tool_name` nothing was read, and `error` may say why."""

    title: str
    text: str = ""
    error: str = ""
    tool_name: str = ""
    model_words: str = ""
    figures: tuple[FigureView, ...] = ()
    summary: str = ""
    remarks: tuple[str, ...] = ()
    lines: tuple[LineView, ...] = ()
    without_bearing: tuple[LineView, ...] = ()
    assumptions: tuple[str, ...] = ()
    calculator_url: str = ""
    fit_url: str = ""
    export_url: str = ""


EMPTY = ImportView(title="Read a training configuration")


def present_import(catalog: Catalog, text: str) -> ImportView:
    """Turn a configuration's text into the page that says what became of each line."""
    try:
        found = understand(text)
    except NotReadable as error:
        return ImportView(title="Not read", text=text[:100_000], error=str(error))
    model = find_model(catalog, found.model) if found.model else None
    architecture = None if model is None else model.architecture
    if architecture is not None:
        found = _with_known_targets(found, architecture)
    run = run_of(found.trainer, {**found.defaults, **found.stated})
    subject = {"model": model.slug if model is not None else found.model}
    query = {**subject, **precise_query(run, subject)} if found.model else run.query()
    lines = tuple(map(_line, found.lines))
    cluster = {} if found.sharding is None else cluster_query(found.sharding)
    # The calculator asks about all three methods, of which one may be impossible so.
    shared = cluster if read_cluster(cluster, run).sharding is not None else {}
    method = {"method": found.method} if found.method else {}
    return ImportView(
        title=_title(found, "" if model is None else model.name),
        text=text,
        tool_name=found.tool_name,
        model_words=_model_words(found, "" if model is None else model.name, architecture),
        figures=() if architecture is None else tuple(_figures(found, run, architecture)),
        summary=_summary(found.lines),
        remarks=found.remarks,
        lines=tuple(line for line in lines if line.verdict != "no_bearing"),
        without_bearing=tuple(line for line in lines if line.verdict == "no_bearing"),
        assumptions=found.assumptions,
        calculator_url=reverse("calculator:training", query={**query, **shared})
        + (f"#card-{found.method}" if architecture is not None and found.method else ""),
        fit_url=reverse("fit:page", query={**query, **method, **cluster}) if cluster else "",
        export_url=(
            export_url("trl", {**query, **method, **cluster})
            if architecture is not None and found.method
            else ""
        ),
    )


def _title(found: Imported, model: str) -> str:
    if not found.method:
        return f"A configuration of {found.tool_name}"
    return f"{METHOD_NAMES[found.method]} of {model or 'your model'}, as {found.tool_name} has it"


def _model_words(found: Imported, name: str, architecture: Architecture | None) -> str:
    if not found.model:
        return "No model is named here. Choose it in the calculator; the settings go along."
    typed = shortened(found.model, 60)
    if not name:
        return (
            f"No model of the catalog is called “{typed}”. Choose it in the calculator, or paste"
            " its config.json there; the settings go along."
        )
    if architecture is None:
        return f"“{typed}” is {name}, of which only the size is known."
    return f"“{typed}” is {name}."


def _with_known_targets(found: Imported, architecture: Architecture) -> Imported:
    """Leave out names that the model has no linear maps of, as peft would where others are."""
    targets = found.stated.get("lora_targets")
    if not isinstance(targets, tuple) or found.method == "full":
        return found
    known = tuple(name for name in targets if _is_known(name, architecture))
    if len(known) == len(targets):
        return found
    left = ", ".join(name for name in targets if name not in known)
    words = f"This model has no linear maps called {left}."
    words += " They are left out." if known else " All linear maps are taken."
    return found.with_targets(known or "all-linear", words)


def _is_known(name: str, architecture: Architecture) -> bool:
    try:
        check_targets(architecture, TrainingSettings(method="lora", lora_targets=(name,)))
    except SettingsError:
        return False
    return True


def _figures(found: Imported, run: Run, architecture: Architecture) -> Iterable[FigureView]:
    if not found.method:
        return
    settings = run.settings_for(found.method)
    sharding = found.sharding
    if sharding is not None and not impossible_reason(settings, sharding):
        device = estimate_sharded(architecture, settings, sharding).device_bytes
        count = sharding.gpu_count
        gpus = "one GPU" if count == 1 else f"each of {count:,} GPUs"
        where = f"on {gpus} by {sharding.name}"
        yield FigureView(format_likely(device), format_range(device.low, device.high), where)
    device = estimate(architecture, settings).device_bytes
    yield FigureView(format_likely(device), format_range(device.low, device.high), "on one GPU")


def _line(line: Line) -> LineView:
    return LineView(
        line.number, line.name, line.value, line.verdict, VERDICT_WORDS[line.verdict], line.words
    )


def _summary(lines: Iterable[Line]) -> str:
    """“14 values understood, 1 not followed, 22 without bearing on memory.”"""
    verdicts = [line.verdict for line in lines]
    parts = [f"{verdicts.count('understood')} values understood"]
    if count := verdicts.count("not_followed"):
        parts.append(f"{count} not followed")
    if count := verdicts.count("unknown"):
        parts.append(f"{count} not understood")
    if count := verdicts.count("no_bearing"):
        parts.append(f"{count} without bearing on memory")
    return f"{', '.join(parts)}."
