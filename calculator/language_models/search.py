"""Finding a model of the catalog by what a visitor types: a slug, a name or a part of one.

Names as they stand in scripts find the model that they are a copy of (`names.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from calculator.catalog import Catalog
from calculator.language_models.names import WRONG_FAMILY, distance_of, readings_of
from calculator.language_models.specs import LanguageModelSpec

LONGEST_SEARCH = 100
NEAREST_COUNT = 3
# Beyond this a name is another model's; closer ones have to stand out from the next by the margin,
# unless they differ in what makes a copy alone.
FARTHEST = 1.9
FARTHEST_COPY = 0.2
MARGIN = 0.2
_WORDS = re.compile(r"[a-z]+|\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class ModelMatches:
    """`found` holds the first matches, best first; `total_count` says how many there are.

    nearest holds models with similar names, where nothing matches.
    """

    found: tuple[LanguageModelSpec, ...] = ()
    total_count: int = 0
    nearest: tuple[LanguageModelSpec, ...] = ()


def find_model(catalog: Catalog, typed: str) -> LanguageModelSpec | None:
    """The one model that is meant: by slug, name or id, the only match, or the clearly nearest."""
    by_slug = catalog.language_models_by_slug.get(typed)
    if by_slug is not None:
        return by_slug
    wanted = typed.strip().casefold()
    for model in catalog.language_models:
        if wanted in (model.slug, *(name.casefold() for name in model.names)):
            return model
    nearest = _by_distance(catalog, typed)
    if nearest and nearest[0][0] <= FARTHEST_COPY:
        return nearest[0][1]
    matches = search_models(catalog, typed, limit=1)
    if matches.total_count == 1:
        return matches.found[0]
    return _standing_out(nearest)


def search_models(catalog: Catalog, typed: str, *, limit: int = 8) -> ModelMatches:
    """The models that have every word and number of what was typed, in any order.

    The last may still be on its way, and of words a beginning is enough.
    """
    wanted = _words(typed[:LONGEST_SEARCH])
    if not wanted:
        return ModelMatches()
    # In a slug 3.5 is 3-5, which must not answer for 3.
    as_slug = re.search(r"\d-\d(?![\d.]*[bm])", typed, re.IGNORECASE) is not None
    ranked = sorted(
        (rank, position, model)
        for position, model in enumerate(catalog.language_models)
        if (rank := _rank(model, wanted, as_slug=as_slug)) is not None
    )
    if not ranked:
        return ModelMatches(nearest=nearest_models(catalog, typed))
    return ModelMatches(tuple(model for _, _, model in ranked[:limit]), len(ranked))


def nearest_models(catalog: Catalog, typed: str) -> tuple[LanguageModelSpec, ...]:
    """At most three models of a family that was typed, nearest first."""
    nearest = _by_distance(catalog, typed)[:NEAREST_COUNT]
    return tuple(model for distance, model in nearest if distance < WRONG_FAMILY)


def _standing_out(nearest: list[tuple[float, LanguageModelSpec]]) -> LanguageModelSpec | None:
    """The nearest, if it is near and no other is as near."""
    if not nearest or nearest[0][0] > FARTHEST:
        return None
    if len(nearest) > 1 and nearest[1][0] - nearest[0][0] < MARGIN:
        return None
    return nearest[0][1]


def _by_distance(catalog: Catalog, typed: str) -> list[tuple[float, LanguageModelSpec]]:
    readings = readings_of(typed)
    if not readings[0].tokens:
        return []
    found = [(distance_of(readings, model.names), model) for model in catalog.language_models]
    return sorted(found, key=lambda each: each[0])


def _rank(
    model: LanguageModelSpec, wanted: list[str], *, as_slug: bool
) -> tuple[int, bool] | None:
    """How many words are there in part only, and whether its name begins otherwise.

    None where not all are there. Less is better: “qwen3 8b” is Qwen3 8B before R1-0528 Qwen3 8B.
    """
    words = _words(f"{model.name} {model.family} {model.hf_id}")
    if as_slug:
        words += _words(model.slug)
    begun_count = 0
    for position, part in enumerate(wanted, start=1):
        if part in words:
            continue
        # Of numbers, only the last may still be on its way: 3 is not 3.5, and 7 b is not 70 b.
        is_whole = not part.isalpha() and position < len(wanted)
        if is_whole or not any(word.startswith(part) for word in words):
            return None
        begun_count += 1
    begins = zip(_words(model.name), wanted, strict=False)
    return begun_count, not all(word.startswith(part) for word, part in begins)


def _words(text: str) -> list[str]:
    """“Llama-3.1-8B” → llama, 3.1, 8, b."""
    return _WORDS.findall(text.casefold())
