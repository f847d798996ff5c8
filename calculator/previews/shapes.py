"""What follows from a language model's shape, as it is typed or pasted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest

from calculator.answer.ladder import smallest_on_ladder
from calculator.catalog import Catalog, current_catalog
from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.architectures.rows import COLUMNS
from calculator.language_models.models import LanguageModel
from calculator.language_models.selection import default_bytes
from calculator.language_models.specs import LanguageModelSpec
from calculator.looking_ahead.changes import Change, Changes, Preview, previews
from calculator.previews.comparison import Comparison
from calculator.previews.effects import NONE
from calculator.previews.moved import AnswerChange, FigureChange
from calculator.words.formatting import format_count, format_likely
from gpus.labels import setup_label


@dataclass(frozen=True, slots=True)
class ShapePreview:
    """Figures of the shape as it is and as it would be; `before` is empty for a new model."""

    reason: str
    fields: tuple[FigureChange, ...]
    """Fields of the shape that would be others; of a new model those that are filled."""
    figures: tuple[FigureChange, ...]
    answers: tuple[AnswerChange, ...]
    settings: str


@previews(LanguageModel, "What follows from this shape")
def preview_shape(_request: HttpRequest, changes: Changes, can_be_saved: bool) -> Preview:
    """Parameters, and by each method the memory with default settings and what holds it."""
    change = changes[0]
    view = ShapePreview(
        reason=_spec(change.row).parameters_only_reason,
        fields=tuple(_fields(change)),
        figures=tuple(_figures_of(change)),
        answers=changes.once(Comparison).answers if can_be_saved else (),
        settings=f"sequences of {TrainingSettings().sequence_length:,} tokens",
    )
    return Preview("admin/looking_ahead/_shape.html", view)


def figure_changes(change: Change) -> list[FigureChange]:
    """Those of a model's figures that would be others; all of a new one."""
    return [each for each in _figures_of(change) if each.before != each.after]


def _figures_of(change: Change) -> Iterator[FigureChange]:
    catalog = current_catalog()
    was = {} if change.was is None else _figures(catalog, _spec(change.was))
    would_be = _figures(catalog, _spec(change.row))
    for what in dict.fromkeys((*would_be, *was)):
        yield FigureChange(what, was.get(what, ""), would_be.get(what, NONE))


def _fields(change: Change) -> Iterator[FigureChange]:
    for name in ("architecture_kind", "model_type", *COLUMNS, "trait_overrides"):
        was, would_be = _written(change.was, name), _written(change.row, name)
        if was != would_be:
            yield FigureChange(name, was, would_be)


def _written(row: LanguageModel | None, name: str) -> str:
    value = None if row is None else getattr(row, name)
    return f"{value:,}" if isinstance(value, int) else value or "empty"


def _spec(row: LanguageModel) -> LanguageModelSpec:
    return row.to_spec()


def _figures(catalog: Catalog, spec: LanguageModelSpec) -> dict[str, str]:
    architecture = spec.architecture
    if architecture is None:
        return {"Parameters": _count(spec.params_total_count)}
    count = count_parameters(architecture)
    figures = {
        "Parameters, counted from the shape": _count(count.total_count),
        "Parameters, as typed": _count(spec.params_total_count),
        "Active for a token, as typed": _count(spec.params_active_count),
    }
    for method, device in default_bytes(spec).items():
        name = _method_name(catalog, method)
        figures[f"{name}, memory"] = format_likely(device)
        figures[f"{name}, minimum"] = _minimum(catalog, architecture, method)
    return figures


def _method_name(catalog: Catalog, slug: str) -> str:
    method = catalog.methods_by_slug.get(slug)
    return slug if method is None else method.name


def _minimum(catalog: Catalog, architecture: Architecture, method: str) -> str:
    settings = TrainingSettings(method=method)  # type: ignore[arg-type]
    found = smallest_on_ladder(architecture, settings, catalog.usable_tiers)
    return NONE if found is None else setup_label(found.setup)


def _count(count: int | None) -> str:
    return NONE if count is None else f"{count:,} ({format_count(count)})"
