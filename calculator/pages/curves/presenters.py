"""/curves/ as its template prints it: a picture, and the same figures as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from django.urls import reverse

from calculator.answer.precise import PRECISE_METHODS
from calculator.catalog import Catalog
from calculator.estimation.device import DeviceBytes
from calculator.estimation.verdict import VERDICT_WORDS, verdict
from calculator.pages.curves.drawing import Drawing, draw
from calculator.pages.curves.results import AXES, Axis, Curve, Point, curves, own_value, values_of
from calculator.question.meant.stand_ins import InsteadView, stand_in, stand_in_words
from calculator.question.own_gpu import OwnGpu
from calculator.question.reading import Question, question_error, read_precise_question
from calculator.words.formatting import format_figure, format_range, format_size
from calculator.words.methods import METHOD_NAMES

AXIS_NAMES: dict[Axis, str] = {
    "length": "sequence length",
    "batch": "micro-batch",
    "size": "model size",
}
AXIS_UNITS: dict[Axis, str] = {"length": "tokens", "batch": "sequences", "size": "parameters"}


@dataclass(frozen=True, slots=True)
class AxisChoice:
    name: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One place on the axis: what it is, and each method's figure and range."""

    label: str
    is_own: bool
    cells: tuple[tuple[str, str, str], ...]
    """Figure, range, and the verdict on one of the visitor's GPU where the address names it."""


@dataclass(frozen=True, slots=True)
class CurvesView:
    """The whole page. `drawing` is None where something asked has an error and nothing stands in."""

    title: str
    lead: str
    error: str
    instead: InsteadView | None
    axes: tuple[AxisChoice, ...]
    axis_name: str
    axis_unit: str
    drawing: Drawing | None
    summary: str
    methods: tuple[str, ...]
    rows: tuple[CurveRow, ...]
    calculator_url: str
    own_name: str
    """The visitor's GPU, whose verdicts stand in the table: one card of it."""


def present_curves(catalog: Catalog, query: Mapping[str, str]) -> CurvesView:
    """Turn a query string's values into the picture and its table.

    What is wrong has its default in a picture that says so.
    """

    read = partial(read_precise_question, catalog)
    question = read(query)
    found_axis = next((name for name in AXES if name == query.get("x", "length")), None)
    axis: Axis = found_axis or "length"
    errors = [question_error(question)]
    if found_axis is None:
        errors.append("Choose what to draw against: sequence length, micro-batch or model size.")
    error = " ".join(filter(None, errors))
    found = stand_in(question, query, read)
    asked = question if found is None else found.question
    subject, run = asked.subject, asked.run
    if question_error(asked) or subject is None or run is None or subject.architecture is None:
        return _view(question, asked, axis, error, None, ())
    words = stand_in_words(found, *([] if found_axis else [AXIS_NAMES[axis]]))
    settings_of = {method: run.settings_for(method) for method in PRECISE_METHODS}
    lines = curves(catalog, axis, subject.architecture, settings_of)
    own = own_value(axis, settings_of["lora"], subject.params_b)
    labels = {value: _label(axis, value) for value in values_of(catalog, axis)}
    drawing = draw(
        lines,
        catalog.usable_tiers,
        METHOD_NAMES,
        _words(axis, lines, labels),
        _thinned(labels),
        own,
    )
    rows = _rows(lines, labels, own, asked.own_gpu.own)
    calculator_url = reverse("calculator:training", query=question.query) if found else ""
    instead = InsteadView(words, "", error, calculator_url) if error else None
    return _view(question, asked, axis, error, drawing, rows, lines, instead)


def _view(
    question: Question,
    asked: Question,
    axis: Axis,
    error: str,
    drawing: Drawing | None,
    rows: tuple[CurveRow, ...],
    found: tuple[Curve, ...] = (),
    instead: InsteadView | None = None,
) -> CurvesView:
    subject = asked.subject
    name = "your model" if subject is None else subject.name
    about = "typical models" if axis == "size" else name
    return CurvesView(
        title=f"Memory against {AXIS_NAMES[axis]}: {about}",
        lead=(
            "What one GPU must have for each method, with all other settings as they are."
            if axis != "size"
            else "What one GPU must have for models of the architecture usual for their size."
        ),
        error=error,
        instead=instead,
        axes=tuple(_choice(question, each, axis) for each in AXES),
        axis_name=AXIS_NAMES[axis],
        axis_unit=AXIS_UNITS[axis],
        drawing=drawing,
        summary=_summary(axis, found),
        methods=tuple(METHOD_NAMES[curve.method] for curve in found),
        rows=rows,
        calculator_url=reverse("calculator:training", query=question.query),
        own_name="" if question.own_gpu.own is None else question.own_gpu.own.gpu.name,
    )


def _choice(question: Question, axis: Axis, current: Axis) -> AxisChoice:
    query = dict(question.query) if axis == "length" else {**question.query, "x": axis}
    return AxisChoice(AXIS_NAMES[axis], reverse("calculator:curves", query=query), axis == current)


def _words(
    axis: Axis, found: tuple[Curve, ...], labels: dict[Decimal, str]
) -> dict[tuple[str, Decimal], str]:
    return {
        (curve.method, point.x): (
            f"{METHOD_NAMES[curve.method]}, {labels[point.x]} {_unit(axis)}:"
            f" about {_likely(point)}"
            f" ({format_range(point.low_bytes, point.high_bytes)})"
        )
        for curve in found
        for point in curve.points
    }


def _rows(
    found: tuple[Curve, ...], labels: dict[Decimal, str], own: Decimal, own_gpu: OwnGpu | None
) -> tuple[CurveRow, ...]:
    return tuple(
        CurveRow(
            label=label,
            is_own=value == own,
            cells=tuple(
                (
                    _likely(curve.points[index]),
                    format_range(curve.points[index].low_bytes, curve.points[index].high_bytes),
                    _verdict_words(curve.points[index], own_gpu),
                )
                for curve in found
            ),
        )
        for index, (value, label) in enumerate(labels.items())
    )


def _verdict_words(point: Point, own_gpu: OwnGpu | None) -> str:
    """“fits”, “tight” or “too small”, on one card; nothing where no GPU is named."""
    if own_gpu is None:
        return ""
    device = DeviceBytes(point.low_bytes, point.likely_bytes, point.high_bytes, ())
    return VERDICT_WORDS[verdict(device, own_gpu.gpu.usable_bytes)]


def _summary(axis: Axis, found: tuple[Curve, ...]) -> str:
    """The picture in a sentence for each method."""
    return " ".join(
        f"{METHOD_NAMES[curve.method]}: from {_likely(curve.points[0])} at"
        f" {_label(axis, curve.points[0].x)} to {_likely(curve.points[-1])} at"
        f" {_label(axis, curve.points[-1].x)}."
        for curve in found
    )


def _likely(point: Point) -> str:
    return format_figure(point.likely_bytes, (point.low_bytes, point.high_bytes))


def _label(axis: Axis, value: Decimal) -> str:
    return format_size(value) if axis == "size" else f"{int(value):,}"


def _unit(axis: Axis) -> str:
    return "" if axis == "size" else AXIS_UNITS[axis]


def _thinned(labels: dict[Decimal, str]) -> dict[Decimal, str]:
    """Labels that stand apart on a log axis: a value is at least 1.6 times the one before."""
    kept: dict[Decimal, str] = {}
    for value, label in labels.items():
        if not kept or value >= max(kept) * Decimal("1.6"):
            kept[value] = label
    return kept
