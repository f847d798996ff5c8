"""What of the catalog a few typed words mean, with small typos forgiven.

Models have a search of their own (`calculator/language_models/search.py`); here its words are mended
before it is asked again, and GPUs are found by `gpus/labels.py`. A number is never mended: 7 is not 70.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

from calculator.catalog import Catalog
from calculator.faq.markdown import PLACEHOLDER
from calculator.faq.models import FaqSpec
from calculator.language_models.search import find_model, search_models
from calculator.language_models.specs import LanguageModelSpec

MOST_PER_GROUP = 8
# How alike two words are, from 0 to 1 (difflib): “lama” and “llama” 0.89.
ALIKE_MODEL_WORD = 0.8
ALIKE_ANSWER_WORD = 0.8
# Shorter words are alike by chance: “rank” and “bank”.
SHORTEST_MENDED = 4

_WORDS = re.compile(r"[a-z0-9]+(?:\.\d+)?")
_LINK_TARGETS = re.compile(r"\]\([^)]*\)")
_SMALL_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "be",
        "can",
        "do",
        "does",
        "for",
        "how",
        "i",
        "in",
        "is",
        "it",
        "me",
        "more",
        "much",
        "my",
        "need",
        "of",
        "on",
        "or",
        "the",
        "there",
        "to",
        "use",
        "what",
        "which",
        "why",
        "will",
        "with",
        "you",
        "your",
    ]
)


def matching_models(catalog: Catalog, typed: str) -> list[LanguageModelSpec]:
    """The model that is meant, then those that have the words, else the nearest.

    A question names no model: without a word of one, only names that begin as it was typed count.
    """
    known = _model_words(catalog)
    mended = _mended(typed, known)
    matches = search_models(catalog, mended, limit=MOST_PER_GROUP)
    meant: LanguageModelSpec | None = None
    nearest: tuple[LanguageModelSpec, ...] = ()
    if any(_is_begun(word, known) for word in re.findall(r"[a-z]+", mended.casefold())):
        meant, nearest = find_model(catalog, mended), matches.nearest
    others = matches.found or (() if meant else nearest)
    return list({m.slug: m for m in (meant, *others) if m is not None}.values())


def _mended(typed: str, known: frozenset[str]) -> str:
    """What was typed, with words that no model has put right where one is alike."""

    def mend(match: re.Match[str]) -> str:
        word = match[0]
        if len(word) < SHORTEST_MENDED or _is_begun(word, known):
            return word
        return next(iter(get_close_matches(word, known, n=1, cutoff=ALIKE_MODEL_WORD)), word)

    put_right = re.sub(r"[a-z]+", mend, typed.casefold())
    return typed if put_right == typed.casefold() else put_right


def _model_words(catalog: Catalog) -> frozenset[str]:
    names = (name for model in catalog.language_models for name in (*model.names, model.family))
    return frozenset(re.findall(r"[a-z]+", " ".join(names).casefold()))


def matching_answers(answers: Iterable[FaqSpec], typed: str) -> list[FaqSpec]:
    """Answers that have the words, best first: in the question counts more than in the text.

    Of three words and more one may be missing.
    """
    words = [_stem(word) for word in _WORDS.findall(typed.casefold())]
    wanted = [word for word in words if word not in _SMALL_WORDS] or words
    if not wanted:
        return []
    words_of = [(answer, *_answer_words(answer)) for answer in answers]
    known = frozenset().union(*(question | text for _, question, text in words_of))
    wanted = [_mended_answer_word(word, known) for word in wanted]
    least = len(wanted) - 1 if len(wanted) > 2 else len(wanted)
    ranked = []
    for position, (answer, question, text) in enumerate(words_of):
        scores = [_score(word, question, text) for word in wanted]
        if sum(score > 0 for score in scores) >= least:
            ranked.append((-sum(scores), position, answer))
    return [answer for _, _, answer in sorted(ranked, key=lambda each: each[:2])]


def _mended_answer_word(word: str, known: frozenset[str]) -> str:
    if len(word) <= SHORTEST_MENDED or not word.isalpha() or _is_begun(word, known):
        return word
    # A typo seldom changes the first letter, and most words are ruled out by it.
    possible = [each for each in known if each[0] == word[0] and abs(len(each) - len(word)) < 3]
    return next(iter(get_close_matches(word, possible, n=1, cutoff=ALIKE_ANSWER_WORD)), word)


def _score(word: str, question: frozenset[str], text: frozenset[str]) -> int:
    for words, whole, begun in ((question, 8, 4), (text, 2, 1)):
        if word in words:
            return whole
        if _is_begun(word, words):
            return begun
    return 0


def _is_begun(word: str, words: frozenset[str]) -> bool:
    return len(word) > 2 and any(each.startswith(word) for each in words)


@lru_cache(maxsize=256)
def _answer_words(answer: FaqSpec) -> tuple[frozenset[str], frozenset[str]]:
    text = _LINK_TARGETS.sub("]", PLACEHOLDER.sub(" ", answer.answer_markdown))
    return _stems(f"{answer.question} {answer.slug}"), _stems(text)


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORDS.findall(text.casefold()))


def _stem(word: str) -> str:
    """Plurals are the same word."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
