"""A card of the rule of thumb: the figure, its parts and what holds it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from calculator.answer.rule_of_thumb import Fitted, MethodResult
from calculator.estimation.cluster.counts import words_for_count
from calculator.pages.calculator.beside.own_gpu import OwnGpuView, OwnVerdictView
from calculator.pages.calculator.beside.typical import TypicalView
from calculator.words.formatting import NO_BREAK_SPACE, format_figure, format_gb, format_number
from calculator.words.parts import kind_of
from gpus.labels import gpu_setup_label, setup_label
from gpus.presenters import PriceView, cloud_price_view


@dataclass(frozen=True, slots=True)
class PartView:
    label: str
    explanation: str
    bytes_per_parameter: str
    memory: str
    x: str
    width: str
    kind: str


@dataclass(frozen=True, slots=True)
class AlternativeView:
    """Prices of one source and day have it once, below the last of them, which it is said of."""

    label: str
    price: PriceView | None
    has_source: bool
    is_source_of_several: bool


@dataclass(frozen=True, slots=True)
class CardView:
    slug: str
    name: str
    summary: str
    audience_note: str
    figure: str
    unit: str
    bytes_per_parameter: str
    minimum: str | None
    minimum_note: str
    shortfall: str
    parts: tuple[PartView, ...]
    alternatives: tuple[AlternativeView, ...]
    typical: TypicalView | None
    own: OwnVerdictView | None
    """Whether the visitor's own GPU holds the typical run, or to run a model, the figure."""
    own_about: str

    @property
    def explanations(self) -> tuple[PartView, ...]:
        return tuple(part for part in self.parts if part.explanation)


def present_card(
    result: MethodResult,
    today: dt.date | None,
    typical: TypicalView | None = None,
    own: OwnGpuView | None = None,
) -> CardView:
    method = result.estimate.method
    figure, unit = figure_and_unit(result)
    return CardView(
        slug=method.slug,
        name=method.name,
        summary=method.summary,
        audience_note=method.audience_note,
        figure=figure,
        unit=unit,
        bytes_per_parameter=format_number(method.bytes_per_parameter, decimals=4),
        minimum=minimum_label(result),
        minimum_note=minimum_note(result),
        shortfall=shortfall(result),
        parts=_parts(result),
        alternatives=present_alternatives(result, today),
        typical=typical,
        own=None if own is None else own.verdict_on(result.slug),
        own_about="" if own is None else own.about,
    )


def figure_and_unit(result: Fitted) -> tuple[str, str]:
    """“16.8”, “GB”."""
    figure, unit = format_figure(result.memory_bytes, result.range_bytes).split(NO_BREAK_SPACE)
    return figure, unit


def minimum_label(result: Fitted) -> str | None:
    return setup_label(result.minimum) if result.minimum else None


def minimum_note(result: Fitted) -> str:
    """What is said of a minimum whose number of GPUs cannot be had as such."""
    return "" if result.minimum is None else words_for_count(result.minimum.gpu_count)


def shortfall(result: Fitted) -> str:
    """What to say where no setup holds the estimate."""
    if result.minimum is not None:
        return ""
    return "No setup of the catalog holds this. A smaller model or a lighter method would fit."


def present_alternatives(result: Fitted, today: dt.date | None) -> tuple[AlternativeView, ...]:
    prices = [
        cloud_price_view(choice.gpu, gpu_count=choice.gpu_count, today=today)
        for choice in result.alternatives
    ]
    sources = [_source(price) for price in prices]
    return tuple(
        AlternativeView(
            gpu_setup_label(choice),
            price,
            has_source=source not in sources[position + 1 :],
            is_source_of_several=source in sources[:position],
        )
        for position, (choice, price, source) in enumerate(
            zip(result.alternatives, prices, sources, strict=True)
        )
    )


def _source(price: PriceView | None) -> tuple[str, dt.date] | None:
    return None if price is None else (price.source_url, price.checked_on)


def _parts(result: MethodResult) -> tuple[PartView, ...]:
    total = result.memory_bytes
    views = []
    before = Decimal(0)
    for part in result.estimate.parts:
        share = part.memory_bytes / total
        views.append(
            PartView(
                label=part.part.label,
                explanation=part.part.explanation,
                bytes_per_parameter=format_number(part.part.bytes_per_parameter, decimals=4),
                memory=format_gb(part.memory_bytes),
                x=f"{before * 100:.2f}%",
                width=f"{share * 100:.2f}%",
                kind=kind_of(part.part.slug),
            )
        )
        before += share
    return tuple(views)
