"""An answer as visitors would read it, with its figures, while it is typed."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.safestring import SafeString

from calculator.catalog import Catalog, current_catalog
from calculator.faq.models import FaqEntry
from calculator.faq.placeholders import KINDS
from calculator.faq.presenters import NOT_AVAILABLE, FaqView
from calculator.looking_ahead.changes import Changes, Preview, previews
from calculator.previews.answer_changes import figure_or_none, placeholders_in


@dataclass(frozen=True, slots=True)
class PlaceholderView:
    """A placeholder and what stands for it now."""

    text: str
    figure: str
    usage: str = ""


@dataclass(frozen=True, slots=True)
class AnswerPreview:
    question: str
    summary: str
    html: SafeString
    used: tuple[PlaceholderView, ...]
    possible: tuple[PlaceholderView, ...]
    can_insert: bool


@previews(FaqEntry, "As visitors will read it")
def preview_answer(request: HttpRequest, changes: Changes, _can_be_saved: bool) -> Preview:
    """The answer drawn by the code of the public page, from what is typed."""
    catalog, row = current_catalog(), changes[0].row
    drawn = FaqView(catalog, row.to_spec())
    view = AnswerPreview(
        question=drawn.question,
        summary=drawn.summary,
        html=drawn.answer_html,
        used=tuple(_view(catalog, each) for each in placeholders_in(row.answer)),
        possible=tuple(_view(catalog, kind.example, kind.usage) for kind in KINDS.values()),
        # Without JavaScript they are there to be copied.
        can_insert=bool(getattr(request, "htmx", False)),
    )
    return Preview("admin/looking_ahead/_answer.html", view)


def _view(catalog: Catalog, text: str, usage: str = "") -> PlaceholderView:
    return PlaceholderView(text, figure_or_none(catalog, text) or NOT_AVAILABLE, usage)
