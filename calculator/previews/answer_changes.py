"""The answers whose figures would be others, or would be gone."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from calculator.catalog import Catalog
from calculator.faq.markdown import PLACEHOLDER
from calculator.faq.models import FaqSpec
from calculator.faq.placeholders import OF_PRICES, figure
from calculator.faq.run_figures import UnknownFigure
from calculator.previews.moved import AnswerChange, figure_change
from gpus.specs import without_prices

NO_FIGURE = "no figure"


def answer_changes(before: Catalog, after: Catalog) -> Iterator[AnswerChange]:
    """The answers in both catalogs whose figures differ, or would be gone."""
    if after is before:
        return
    after_by_slug = {entry.slug: entry for entry in after.faq}
    kinds = OF_PRICES if _differ_in_prices_alone(before, after) else None
    for entry in before.faq:
        if entry.slug in after_by_slug:
            change = _answer_change(before, after, entry, kinds)
            if change.figures:
                yield change


def _differ_in_prices_alone(before: Catalog, after: Catalog) -> bool:
    """Of 200 prices, a quarter of a second is spent on figures that no price is in otherwise."""
    was, would_be = (
        replace(
            catalog,
            tiers=tuple(
                replace(tier, gpus=tuple(map(without_prices, tier.gpus))) for tier in catalog.tiers
            ),
        )
        for catalog in (before, after)
    )
    return was == would_be


def _answer_change(
    before: Catalog, after: Catalog, entry: FaqSpec, kinds: Container[str] | None
) -> AnswerChange:
    """What differs in an answer, of these kinds of placeholders or of all."""
    figures, holes = [], []
    for placeholder in placeholders_in(entry.answer_markdown):
        if kinds is not None and placeholder.strip("{}").split(":")[0] not in kinds:
            continue
        was, would_be = figure_or_none(before, placeholder), figure_or_none(after, placeholder)
        if change := figure_change(placeholder, was or NO_FIGURE, would_be or NO_FIGURE):
            figures.append(change)
            if would_be is None:
                holes.append(placeholder)
    return AnswerChange(entry.slug, entry.question, tuple(figures), tuple(holes))


def placeholders_in(markdown: str) -> tuple[str, ...]:
    """Each placeholder of an answer, once, in the order of the text."""
    found = PLACEHOLDER.findall(markdown)
    return tuple(dict.fromkeys(each for each in found if each not in ("{{", "{")))


def figure_or_none(catalog: Catalog, placeholder: str) -> str | None:
    try:
        return figure(catalog, placeholder)
    except UnknownFigure:
        return None
