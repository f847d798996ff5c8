"""Finding a model of the catalog by what a visitor types: a slug, a name or a part of one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from calculator.catalog import Catalog
from calculator.language_models.specs import LanguageModelSpec

LONGEST_SEARCH = 100
_WORDS = re.compile(r"[a-z]+|\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class ModelMatches:
    """`found` holds the first matches, best first; `total_count` says how many there are."""

    found: tuple[LanguageModelSpec, ...] = ()
    total_count: int = 0


def find_model(catalog: Catalog, typed: str) -> LanguageModelSpec | None:
    """The one model that is meant: by slug, by name, by Hugging Face id, or the only match."""
    by_slug = catalog.language_models_by_slug.get(typed)
    if by_slug is not None:
        return by_slug
    wanted = typed.strip().casefold()
    for model in catalog.language_models:
        if wanted in (model.slug, model.name.casefold(), model.hf_id.casefold()):
            return model
    matches = search_models(catalog, typed, limit=1)
    return matches.found[0] if matches.total_count == 1 else None


def search_models(catalog: Catalog, typed: str, *, limit: int = 8) -> ModelMatches:
    """The models that have every word and number of what was typed, in any order."""
    wanted = _words(typed[:LONGEST_SEARCH])
    if not wanted:
        return ModelMatches()
    ranked = sorted(
        (rank, position, model)
        for position, model in enumerate(catalog.language_models)
        if (rank := _rank(model, wanted)) is not None
    )
    return ModelMatches(tuple(model for _, _, model in ranked[:limit]), len(ranked))


def _rank(model: LanguageModelSpec, wanted: list[str]) -> int | None:
    """0 where the name has every word whole, more where only a part of a word; None where not."""
    words = _words(f"{model.name} {model.family} {model.hf_id} {model.slug}")
    rank = 0
    for part in wanted:
        if part in words:
            continue
        if not any(word.startswith(part) for word in words):
            return None
        rank += 1
    return rank


def _words(text: str) -> list[str]:
    """“Llama-3.1-8B” → llama, 3.1, 8, b."""
    return _WORDS.findall(text.casefold())
