"""FAQ entries: checked as they are edited, and presented with figures from the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import parse_qsl, urlencode

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.safestring import SafeString

from calculator.catalog import Catalog, FaqSpec, current_catalog
from calculator.faq_markdown import render_answer
from calculator.faq_mistakes import problems_in
from calculator.faq_placeholders import UnknownFigure, figure
from calculator.forms import EstimateForm
from calculator.models import FaqEntry

# Where a preset or a tier was taken away after the answer was written.
NOT_AVAILABLE = "(figure not available)"

# Search engines show some 160 characters of a description, and little of use in “Yes.”.
SHORTEST_SUMMARY = 40
LONGEST_SUMMARY = 300


@dataclass(frozen=True, slots=True)
class FaqView:
    slug: str
    question: str
    url: str
    answer_html: SafeString
    has_headings: bool
    summary: str
    calculator_url: str


@dataclass(frozen=True, slots=True)
class FaqAnswerView:
    entry: FaqView
    previous: FaqView | None
    next: FaqView | None


_presented: tuple[Catalog, tuple[FaqView, ...]] | None = None


def present_faq(catalog: Catalog) -> tuple[FaqView, ...]:
    """Present all published entries in the editors' order, rendered once per snapshot."""
    global _presented
    presented = _presented
    if presented is None or presented[0] is not catalog:
        presented = _presented = catalog, tuple(_present(catalog, spec) for spec in catalog.faq)
    return presented[1]


def present_answer(catalog: Catalog, slug: str) -> FaqAnswerView | None:
    """Present one entry with its neighbours; None where no published entry has this slug."""
    entries = present_faq(catalog)
    for before, entry, after in zip((None, *entries), entries, (*entries[1:], None), strict=False):
        if entry.slug == slug:
            return FaqAnswerView(entry=entry, previous=before, next=after)
    return None


def _present(catalog: Catalog, spec: FaqSpec) -> FaqView:
    def fill(placeholder: str) -> str:
        try:
            return figure(catalog, placeholder)
        except UnknownFigure:
            return "{" if placeholder == "{" else NOT_AVAILABLE

    answer = render_answer(spec.answer_markdown, fill, anchor_prefix=f"faq-{spec.slug}")
    query = urlencode(parse_qsl(spec.calculator_query))
    return FaqView(
        slug=spec.slug,
        question=spec.question,
        url=reverse("calculator:faq_answer", args=(spec.slug,)),
        answer_html=answer.html,
        has_headings=answer.has_headings,
        summary=summary_of(answer.first_paragraph),
        calculator_url=f"{reverse('calculator:training')}?{query}" if query else "",
    )


def summary_of(paragraph: str) -> str:
    """Return the first sentence, with the next ones while it says too little on its own."""
    sentences = re.split(r"(?<=[.!?])(?<!\.[a-z]\.)\s+(?=[A-Z0-9“(])", paragraph)
    summary = sentences[0]
    for sentence in sentences[1:]:
        if len(summary) >= SHORTEST_SUMMARY:
            break
        summary = f"{summary} {sentence}"
    if len(summary) > LONGEST_SUMMARY:
        summary = f"{summary[:LONGEST_SUMMARY].rsplit(' ', 1)[0]} …"
    return summary


# What an editor typed ---------------------------------------------------------------------------


def validate_entry(entry: FaqEntry) -> None:
    """Raise what is wrong with the answer and the calculator's inputs, by field and in words."""
    errors = {
        "answer": list(_answer_problems(entry.answer)),
        "calculator_query": list(_query_problems(entry.calculator_query)),
    }
    if any(errors.values()):
        raise ValidationError({field: found for field, found in errors.items() if found})


def _answer_problems(markdown: str) -> Iterator[str]:
    if not markdown.strip():
        return  # the field says so itself
    catalog = current_catalog()
    figure_problems: dict[str, None] = {}

    def fill(placeholder: str) -> str:
        try:
            return figure(catalog, placeholder)
        except UnknownFigure as error:
            figure_problems[str(error)] = None
            return placeholder

    markdown_problems = problems_in(markdown, fill)
    yield from figure_problems
    yield from markdown_problems


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
            yield f"{name}: {' '.join(messages)}"
