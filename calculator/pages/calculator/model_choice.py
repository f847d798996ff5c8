"""What a search for a model finds, as links that answer for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calculator.catalog import Catalog
from calculator.language_models.search import ModelMatches, find_model, search_models
from calculator.language_models.specs import LanguageModelSpec
from calculator.pages.calculator.links import Links
from calculator.words.formatting import format_count


@dataclass(frozen=True, slots=True)
class ModelChoice:
    name: str
    size: str
    hf_id: str
    note: str
    page_url: str
    fragment_url: str


@dataclass(frozen=True, slots=True)
class MatchesView:
    """`status` says in words how many were found, and of how many these are the first."""

    choices: tuple[ModelChoice, ...]
    status: str


def present_matches(
    matches: ModelMatches, typed: str, settings_query: Mapping[str, str], links: Links
) -> MatchesView:
    models = matches.found or matches.nearest
    choices = tuple(_choice(model, settings_query, links) for model in models)
    return MatchesView(choices, _status(typed, len(choices), matches.total_count))


def present_typed(
    catalog: Catalog, typed: str, settings_query: Mapping[str, str], links: Links
) -> MatchesView:
    """What stands in the field so far: names that have its words, else the model that it means."""
    matches = search_models(catalog, typed)
    meant = None if matches.found or not typed.strip() else find_model(catalog, typed)
    if meant is None:
        return present_matches(matches, typed, settings_query, links)
    return MatchesView((_choice(meant, settings_query, links),), f"This is {meant.name}.")


def _choice(
    model: LanguageModelSpec, settings_query: Mapping[str, str], links: Links
) -> ModelChoice:
    query = {"model": model.slug, **settings_query}
    return ModelChoice(
        name=model.name,
        size=format_count(model.params_total_count),
        hf_id=model.hf_id,
        note="" if model.architecture else "rule of thumb only",
        page_url=links.page_url(query),
        fragment_url=links.fragment_url(query),
    )


def _status(typed: str, shown_count: int, total_count: int) -> str:
    if not typed.strip():
        return ""
    if not total_count and not shown_count:
        return "No model here is called that. Its config.json would do."
    if not total_count:
        return "No model here is called that. The nearest names; a config.json would do too."
    if total_count > shown_count:
        return f"{shown_count} of {total_count} models that match"
    return "1 model matches" if total_count == 1 else f"{total_count} models match"
