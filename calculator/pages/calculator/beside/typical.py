"""A typical run beside each figure of the rule of thumb, which knows nothing of length and batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.text import capfirst, get_text_list

from calculator.answer.rule_of_thumb import MethodResult
from calculator.catalog import Catalog
from calculator.estimation.typical_run import (
    TYPICAL_METHODS,
    TYPICAL_TOKENS_COUNT,
    typical_device_bytes,
)
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
    page_url: str
    fragment_url: str


def typical_runs(
    catalog: Catalog, results: Iterable[MethodResult], links: Links
) -> dict[str, TypicalView]:
    """For each method that is estimated precisely, by its slug."""
    urls = links.urls(links.query_with(Run()))
    return {
        each.slug: _view(catalog, each.name, each.slug, each.estimate.params_b, urls)
        for each in results
        if each.slug in TYPICAL_METHODS
    }


def _view(
    catalog: Catalog, name: str, method: str, params_b: Decimal, urls: tuple[str, str]
) -> TypicalView:
    device = typical_device_bytes(params_b, method)
    card = min(
        (
            tier
            for tier in catalog.usable_tiers
            if tier.is_on_ladder and device.likely <= tier.capacity_bytes
        ),
        key=lambda tier: tier.memory_gb,
        default=None,
    )
    return TypicalView(
        method_name=name,
        words=capfirst(TYPICAL_RUN),
        figure=format_likely(device),
        range=format_range(device.low, device.high),
        card="" if card is None else tier_label(card),
        page_url=urls[0],
        fragment_url=urls[1],
    )


def typical_words(runs: Iterable[TypicalView]) -> str:
    """“A typical run at 2,048 tokens takes about 14.3 GB with QLoRA, …”"""
    found = [f"about {each.figure} with {in_a_sentence(each.method_name)}" for each in runs]
    if not found:
        return ""
    return f"{capfirst(TYPICAL_RUN)} takes {get_text_list(found, 'and')}."
