"""What a search found, as its templates print it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from calculator.catalog import Catalog
from calculator.faq.presenters import present_faq
from calculator.language_models.search import LONGEST_SEARCH
from calculator.pages.search.matching import (
    MOST_PER_GROUP,
    matching_answers,
    matching_models,
)
from calculator.words.addresses import with_query
from calculator.words.formatting import format_count, shortened
from gpus.labels import matching_gpus


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class HitGroup:
    """At most eight of a kind."""

    title: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class SearchView:
    typed: str
    title: str
    status: str
    error: str
    groups: tuple[HitGroup, ...]
    page_url: str


def present_search(catalog: Catalog, query: Mapping[str, str]) -> SearchView:
    """What stands under the words of `q`; nothing is searched while it is empty or too long."""
    typed = query.get("q", "").strip()
    path = reverse("calculator:search")
    if not typed:
        return SearchView("", "Search", "", "", (), path)
    if len(typed) > LONGEST_SEARCH:
        error = f"Search for at most {LONGEST_SEARCH} characters: these are {len(typed)}."
        return SearchView(typed, "Search", "", error, (), path)
    groups = tuple(group for group in _groups(catalog, typed) if group.hits)
    count = sum(len(group.hits) for group in groups)
    words = f"“{shortened(typed)}”"
    status = (
        f"{count} found for {words}." if count else f"Nothing found for {words}. Try fewer words."
    )
    return SearchView(
        typed, f"{words}: search", status, "", groups, with_query(path, {"q": typed})
    )


def _groups(catalog: Catalog, typed: str) -> tuple[HitGroup, ...]:
    views = {view.slug: view for view in present_faq(catalog)}
    answers = [views[spec.slug] for spec in matching_answers(catalog.faq, typed)[:MOST_PER_GROUP]]
    models = matching_models(catalog, typed)[:MOST_PER_GROUP]
    gpus = matching_gpus(catalog.gpus, typed)[:MOST_PER_GROUP]
    return (
        HitGroup(
            "Models",
            tuple(
                Hit(
                    model.name,
                    reverse("calculator:model", args=[model.slug]),
                    f"{format_count(model.params_total_count)} parameters",
                )
                for model in models
            ),
        ),
        HitGroup(
            "GPUs",
            tuple(
                Hit(gpu.name, reverse("gpus:card", args=[gpu.slug]), f"{gpu.memory_gb} GB")
                for gpu in gpus
            ),
        ),
        HitGroup(
            "Answers",
            tuple(Hit(answer.question, answer.url, answer.summary) for answer in answers),
        ),
    )
