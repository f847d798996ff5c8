"""What is wrong with an FAQ entry, in words, before it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import cached_property
from urllib.parse import parse_qsl

from calculator.estimation import TrainingSettings
from calculator.faq.mistakes import problems_in
from calculator.faq.placeholders import figure
from calculator.faq.run_figures import CLUSTER, UnknownFigure, check_run
from calculator.language_models.models import LanguageModel
from calculator.language_models.specs import LanguageModelSpec
from calculator.presets.figures import Figures, published_figures
from calculator.presets.forms import EstimateForm

_SETTINGS = (
    *(field.name for field in fields(TrainingSettings) if field.name != "method"),
    *CLUSTER,
)


@dataclass(frozen=True, kw_only=True)
class PublishedFigures(Figures):
    """The figures as the rows stand now; models are read once an answer names one."""

    @cached_property
    def language_models(self) -> tuple[LanguageModelSpec, ...]:
        rows = LanguageModel.objects.filter(published=True)
        return tuple(row.to_spec() for row in rows.prefetch_related("aliases"))


def answer_problems(markdown: str) -> list[str]:
    """Say what of the answer's Markdown and of its figures would not come out as it was meant."""
    if not markdown.strip():
        return []  # the field says so itself
    figures = _figures()
    figure_problems: dict[str, None] = {}

    def fill(placeholder: str) -> str:
        try:
            return figure(figures, placeholder)
        except UnknownFigure as error:
            figure_problems[str(error)] = None
            return placeholder

    markdown_problems = problems_in(markdown, fill)
    return [*figure_problems, *markdown_problems]


_held: ContextVar[list[PublishedFigures] | None] = ContextVar("held_figures", default=None)


@contextmanager
def figures_held() -> Iterator[None]:
    """Read tiers, presets and models once for all answers that are checked within.

    For who loads answers after all else and changes nothing meanwhile: each would read them anew.
    """
    token = _held.set([])
    try:
        yield
    finally:
        _held.reset(token)


def _figures() -> PublishedFigures:
    held = _held.get()
    if held is None:
        return _read_figures()
    if not held:
        held.append(_read_figures())
    return held[0]


def _read_figures() -> PublishedFigures:
    published = published_figures()
    return PublishedFigures(
        tiers=published.tiers,
        training_methods=published.training_methods,
        inference_methods=published.inference_methods,
    )


def query_problems(query: str) -> list[str]:
    """Say what of the calculator's inputs, “size=7”, the calculator would not take."""
    return list(_query_problems(query))


def _query_problems(query: str) -> Iterator[str]:
    if not query:
        return
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        yield f"“{query}” is not like “size=7”: a name, an equals sign and a value."
        return
    known = (*EstimateForm.base_fields, "model", *_SETTINGS)
    values = dict(pairs)
    for name in values:
        if name not in known:
            matches = get_close_matches(name, known, n=1)
            hint = f"Did you mean “{matches[0]}”? " if matches else ""
            yield (
                f"The calculator has no input “{name}”. {hint}It has size, model and the settings "
                "of a run, such as sequence_length."
            )
    if len(values) < len(pairs):
        yield "An input is there twice. Give each input once."
    if not values.keys() <= set(known):
        return
    if "model" in values:
        settings = [f"{name}={text}" for name, text in values.items() if name in _SETTINGS]
        try:
            check_run(_figures(), values["model"], *settings)
        except UnknownFigure as error:
            yield f"model: {error}"
    else:
        form = EstimateForm(values)
        for name, messages in form.errors.items():
            yield f"{name}: {' '.join(map(str, messages))}"
