"""What is wrong with an FAQ entry, in words, before it is saved."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from urllib.parse import parse_qsl

from calculator.faq.mistakes import problems_in
from calculator.faq.placeholders import UnknownFigure, figure
from calculator.presets.figures import published_figures
from calculator.presets.forms import EstimateForm


def answer_problems(markdown: str) -> list[str]:
    """Say what of the answer's Markdown and of its figures would not come out as it was meant."""
    if not markdown.strip():
        return []  # the field says so itself
    figures = published_figures()
    figure_problems: dict[str, None] = {}

    def fill(placeholder: str) -> str:
        try:
            return figure(figures, placeholder)
        except UnknownFigure as error:
            figure_problems[str(error)] = None
            return placeholder

    markdown_problems = problems_in(markdown, fill)
    return [*figure_problems, *markdown_problems]


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
    known = EstimateForm.base_fields
    values = dict(pairs)
    for name in values:
        if name not in known:
            matches = get_close_matches(name, known, n=1)
            hint = f"Did you mean “{matches[0]}”? " if matches else ""
            yield f"The calculator has no input “{name}”. {hint}It has {', '.join(known)}."
    if len(values) < len(pairs):
        yield "An input is there twice. Give each input once."
    if values.keys() <= known.keys():
        form = EstimateForm(values)
        for name, messages in form.errors.items():
            yield f"{name}: {' '.join(map(str, messages))}"
