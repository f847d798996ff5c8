"""/badge/<model>/<method>.svg: a model's smallest GPU for a method, for READMEs and model cards."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from calculator.answer.precise import PRECISE_METHODS, precise_result
from calculator.catalog import Catalog
from calculator.question.reading import read_question
from calculator.question.subjects import subject_of_model
from calculator.words.methods import METHOD_NAMES

# Of Verdana's kind at 11 px; textLength holds other fonts to it.
NARROW, WIDE = frozenset("fijlrtI1-. "), frozenset("mwMWGQO×")
NARROW_WIDTH, WIDE_WIDTH, OTHER_WIDTH = 4.2, 8.6, 6.8
PADDING = 7


@dataclass(frozen=True, slots=True)
class BadgeView:
    """Widths and places in pixels; text for those who do not see it."""

    label: str
    value: str
    label_width: int
    width: int
    label_x: float
    value_x: float
    label_length: int
    value_length: int
    text: str


@dataclass(frozen=True, slots=True)
class BadgeLink:
    """A badge on the model's page, and where its Markdown leads."""

    name: str
    text: str
    path: str


def present_badge(catalog: Catalog, slug: str, method: str) -> BadgeView | None:
    """The badge; None where there is no such model, method or precise figure."""
    subject = subject_of_model(catalog, slug)
    run = read_question(catalog, {"model": slug}).run
    if subject is None or subject.architecture is None or run is None:
        return None
    if method not in PRECISE_METHODS:
        return None
    result = precise_result(catalog, subject, subject.architecture, run.settings_for(method))
    minimum = result.minimum
    value = "no GPU count holds it"
    if minimum is not None:
        several = f"{minimum.gpu_count}× " if minimum.gpu_count > 1 else ""
        value = f"{several}{minimum.tier.memory_gb} GB GPU"
    return draw_badge(METHOD_NAMES[method], value, subject.name)


def draw_badge(label: str, value: str, model: str) -> BadgeView:
    label_length, value_length = _length(label), _length(value)
    label_width, value_width = label_length + 2 * PADDING, value_length + 2 * PADDING
    return BadgeView(
        label=label,
        value=value,
        label_width=label_width,
        width=label_width + value_width,
        label_x=label_width / 2,
        value_x=label_width + value_width / 2,
        label_length=label_length,
        value_length=value_length,
        text=f"{label} of {model}: {value}",
    )


def _length(text: str) -> int:
    """About how many pixels wide a text is."""
    return round(
        sum(
            NARROW_WIDTH if each in NARROW else WIDE_WIDTH if each in WIDE else OTHER_WIDTH
            for each in text
        )
    )


def badge_links(slug: str) -> tuple[BadgeLink, ...]:
    """A badge for each method, for the model's own page."""
    return tuple(
        BadgeLink(name, f"{name}: GPU memory", reverse("calculator:badge", args=[slug, method]))
        for method, name in METHOD_NAMES.items()
    )
