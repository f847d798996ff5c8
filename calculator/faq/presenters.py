"""The FAQ as its templates print it, with figures from the catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from calculator.catalog import Catalog
from calculator.faq.markdown import render_answer
from calculator.faq.models import FaqSpec
from calculator.faq.placeholders import UnknownFigure, figure

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
