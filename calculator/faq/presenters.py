"""The FAQ as its templates print it, with figures from the catalog."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from urllib.parse import parse_qsl, urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from calculator.catalog import Catalog
from calculator.faq.markdown import RenderedAnswer, render_answer
from calculator.faq.models import FaqSpec, Topic
from calculator.faq.placeholders import figure
from calculator.faq.run_figures import UnknownFigure

# Where a preset or a tier was taken away after the answer was written.
NOT_AVAILABLE = "(figure not available)"

# Search engines show some 160 characters of a description, and little of use in “Yes.”.
SHORTEST_SUMMARY = 40
LONGEST_SUMMARY = 300


@dataclass(frozen=True)
class FaqView:
    """One answer, drawn when it is asked for: most pages show the first sentence of it alone.

    Figures of runs are computed with it, so that a list of answers computes those of first
    sentences only.
    """

    catalog: Catalog
    spec: FaqSpec

    @property
    def slug(self) -> str:
        return self.spec.slug

    @property
    def question(self) -> str:
        return self.spec.question

    @cached_property
    def url(self) -> str:
        return reverse("calculator:faq_answer", args=(self.slug,))

    @property
    def answer_html(self) -> SafeString:
        return self._whole.html

    @property
    def has_headings(self) -> bool:
        return self._whole.has_headings

    @cached_property
    def summary(self) -> str:
        """The first sentence, as plain text."""
        for block in self.spec.answer_markdown.split("\n\n"):
            if first := self._rendered(block).first_paragraph:
                return summary_of(first)
        return ""

    @cached_property
    def calculator_url(self) -> str:
        query = urlencode(parse_qsl(self.spec.calculator_query))
        return f"{reverse('calculator:training')}?{query}" if query else ""

    @cached_property
    def _whole(self) -> RenderedAnswer:
        return self._rendered(self.spec.answer_markdown)

    def _rendered(self, markdown: str) -> RenderedAnswer:
        def fill(placeholder: str) -> str:
            try:
                return figure(self.catalog, placeholder)
            except UnknownFigure:
                return "{" if placeholder == "{" else NOT_AVAILABLE

        return render_answer(markdown, fill, anchor_prefix=f"faq-{self.slug}")


@dataclass(frozen=True, slots=True)
class FaqTopicView:
    """The questions under one heading of the list."""

    slug: str
    title: str
    entries: tuple[FaqView, ...]


@dataclass(frozen=True, slots=True)
class FaqAnswerView:
    entry: FaqView
    previous: FaqView | None
    next: FaqView | None


_presented: tuple[Catalog, tuple[FaqView, ...]] | None = None


def present_faq(catalog: Catalog) -> tuple[FaqView, ...]:
    """Present all published entries in the editors' order, each rendered once per snapshot."""
    global _presented
    presented = _presented
    if presented is None or presented[0] is not catalog:
        presented = _presented = catalog, tuple(FaqView(catalog, spec) for spec in catalog.faq)
    return presented[1]


def present_front_page_faq(catalog: Catalog) -> tuple[FaqView, ...]:
    """The few that stand below the calculator."""
    return tuple(entry for entry in present_faq(catalog) if entry.spec.on_front_page)


def present_topics(entries: tuple[FaqView, ...]) -> tuple[FaqTopicView, ...]:
    """The entries under the headings of the list, in the headings' order."""
    topics = list(Topic.values)
    by_topic = sorted(entries, key=lambda entry: _place(entry, topics))
    return tuple(
        FaqTopicView(topics[place], Topic(topics[place]).label, tuple(group))
        for place, group in groupby(by_topic, key=lambda entry: _place(entry, topics))
    )


def _place(entry: FaqView, topics: list[str]) -> int:
    return topics.index(entry.spec.topic) if entry.spec.topic in topics else 0


def present_answer(catalog: Catalog, slug: str) -> FaqAnswerView | None:
    """Present one entry with its neighbours; None where no published entry has this slug."""
    entries = present_faq(catalog)
    for before, entry, after in zip((None, *entries), entries, (*entries[1:], None), strict=False):
        if entry.slug == slug:
            return FaqAnswerView(entry=entry, previous=before, next=after)
    return None


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
