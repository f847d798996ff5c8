"""A typical run beside each figure of the rule of thumb, which knows nothing of length and batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.text import capfirst, get_text_list

from calculator.answer.rule_of_thumb import MethodResult, TypicalRun
from calculator.estimation.typical_run import TYPICAL_TOKENS_COUNT
from calculator.pages.calculator.headline import in_a_sentence
from calculator.pages.calculator.links import Links
from calculator.question.training_form import Run
from calculator.words.formatting import NO_BREAK_SPACE, format_likely, format_range
from gpus.labels import tier_label

TYPICAL_RUN = f"a typical run at {TYPICAL_TOKENS_COUNT:,}{NO_BREAK_SPACE}tokens"


@dataclass(frozen=True, slots=True)
class TypicalView:
    """What a typical run takes of one GPU; `card` is the smallest that has room for it alone."""

    method_name: str
    words: str
    figure: str
    range: str
    card: str
    card_gb: int | None
    page_url: str
    fragment_url: str


def typical_runs(results: Iterable[MethodResult], links: Links) -> dict[str, TypicalView]:
    """For each method that is estimated precisely, by its slug."""
    urls = links.urls(links.query_with(Run()))
    return {
        each.slug: _view(each.name, each.typical, urls)
        for each in results
        if each.typical is not None
    }


def _view(name: str, run: TypicalRun, urls: tuple[str, str]) -> TypicalView:
    return TypicalView(
        method_name=name,
        words=capfirst(TYPICAL_RUN),
        figure=format_likely(run.device),
        range=format_range(run.device.low, run.device.high),
        card="" if run.tier is None else tier_label(run.tier),
        card_gb=None if run.tier is None else run.tier.memory_gb,
        page_url=urls[0],
        fragment_url=urls[1],
    )


def typical_words(runs: Iterable[TypicalView]) -> str:
    """“A typical run at 2,048 tokens takes about 14.3 GB with QLoRA, …”"""
    found = [f"about {each.figure} with {in_a_sentence(each.method_name)}" for each in runs]
    if not found:
        return ""
    return f"{capfirst(TYPICAL_RUN)} takes {get_text_list(found, 'and')}."
