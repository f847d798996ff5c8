"""Results → what templates print. No arithmetic is left for the templates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse

from calculator.catalog import Catalog
from calculator.formatting import format_gb, format_number, format_size, query_number
from calculator.forms import DEFAULT_SIZE_B, EstimateForm
from calculator.headline import inference_headline, training_headline
from calculator.models import Task
from calculator.results import MethodResult, estimate_methods
from calculator.ruler import Ruler, draw_ruler
from gpus.fitting import GpuSetup
from gpus.labels import gpu_setup_label, setup_label
from gpus.presenters import PriceView, cloud_price_view


@dataclass(frozen=True, slots=True)
class SizeChoice:
    label: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class PartView:
    label: str
    explanation: str
    bytes_per_parameter: str
    memory: str
    x: str
    width: str
    step: int


@dataclass(frozen=True, slots=True)
class AlternativeView:
    label: str
    price: PriceView | None


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
    shortfall: str
    parts: tuple[PartView, ...]
    alternatives: tuple[AlternativeView, ...]

    @property
    def explanations(self) -> tuple[PartView, ...]:
        return tuple(part for part in self.parts if part.explanation)


@dataclass(frozen=True, slots=True)
class AnswerView:
    headline: str
    ruler: Ruler
    cards: tuple[CardView, ...]


@dataclass(frozen=True, slots=True)
class CalculatorView:
    """Everything on the calculator's page that depends on the inputs.

    `answer` is None while the input has an error: no old figure stands beside a new question.
    """

    task: str
    title: str
    size_label: str
    size_typed: str
    size_error: str
    sizes: tuple[SizeChoice, ...]
    answer: AnswerView | None
    page_url: str
    canonical_url: str
    fragment_url: str
    other_task_url: str


def present_calculator(
    catalog: Catalog, task: str, query: dict[str, str], *, today: dt.date | None = None
) -> CalculatorView:
    """Turn a query string's values into the page: the answer, or the error beside its field.

    `today` is what prices are old or fresh by; without it none is called out of date.
    """
    form = EstimateForm({"size": query.get("size", query_number(DEFAULT_SIZE_B))})
    page_path = reverse(f"calculator:{task}")
    fragment_url = reverse(f"calculator:{task}_fragment")
    other_task_path = reverse(
        f"calculator:{Task.INFERENCE if task == Task.TRAINING else Task.TRAINING}"
    )
    if not form.is_valid():
        typed = query.get("size", "")
        return CalculatorView(
            task=task,
            title="Check the size",
            size_label="",
            size_typed=typed,
            size_error=" ".join(form.errors["size"]),
            sizes=_size_choices(catalog, None),
            answer=None,
            page_url=f"{page_path}?{urlencode({'size': typed})}",
            canonical_url=page_path,
            fragment_url=fragment_url,
            other_task_url=other_task_path,
        )
    params_b: Decimal = form.cleaned_data["size"]
    size_label = format_size(params_b)
    results = estimate_methods(catalog, task, params_b)
    query_string = urlencode({"size": query_number(params_b)})
    page_url = f"{page_path}?{query_string}"
    return CalculatorView(
        task=task,
        title=_title(task, size_label, results),
        size_label=size_label,
        size_typed=query_number(params_b),
        size_error="",
        sizes=_size_choices(catalog, params_b),
        answer=_answer(catalog, task, size_label, results, today),
        page_url=page_url,
        canonical_url=page_path if params_b == DEFAULT_SIZE_B else page_url,
        fragment_url=fragment_url,
        other_task_url=f"{other_task_path}?{query_string}",
    )


def _answer(
    catalog: Catalog,
    task: str,
    size_label: str,
    results: tuple[MethodResult, ...],
    today: dt.date | None,
) -> AnswerView | None:
    if not results:
        return None
    headline = training_headline if task == Task.TRAINING else inference_headline
    return AnswerView(
        headline=headline(size_label, results),
        ruler=draw_ruler(results, catalog.tiers),
        cards=tuple(_card(result, today) for result in results),
    )


def _title(task: str, size_label: str, results: tuple[MethodResult, ...]) -> str:
    figures = ", ".join(f"{r.name} {format_gb(r.memory_bytes)}" for r in results)
    verb = "Fine-tune" if task == Task.TRAINING else "Run"
    return f"{verb} a {size_label} model: {figures}"


def _size_choices(catalog: Catalog, current_b: Decimal | None) -> tuple[SizeChoice, ...]:
    return tuple(
        SizeChoice(
            label=format_number(size_b, decimals=3),
            query=urlencode({"size": query_number(size_b)}),
            is_current=size_b == current_b,
        )
        for size_b in catalog.sizes_b
    )


def _card(result: MethodResult, today: dt.date | None) -> CardView:
    method = result.estimate.method
    figure, unit = format_gb(result.memory_bytes).split("\u00a0")
    return CardView(
        slug=method.slug,
        name=method.name,
        summary=method.summary,
        audience_note=method.audience_note,
        figure=figure,
        unit=unit,
        bytes_per_parameter=format_number(method.bytes_per_parameter, decimals=4),
        minimum=setup_label(result.minimum) if result.minimum else None,
        shortfall=_shortfall(result),
        parts=_parts(result),
        alternatives=tuple(_alternative(choice, today) for choice in result.alternatives),
    )


def _shortfall(result: MethodResult) -> str:
    """What to say where no setup holds the estimate."""
    if result.minimum is not None:
        return ""
    return "No setup of the catalog holds this. A smaller model or a lighter method would fit."


def _parts(result: MethodResult) -> tuple[PartView, ...]:
    total = result.memory_bytes
    views = []
    before = Decimal(0)
    for step, part in enumerate(result.estimate.parts):
        share = part.memory_bytes / total
        views.append(
            PartView(
                label=part.part.label,
                explanation=part.part.explanation,
                bytes_per_parameter=format_number(part.part.bytes_per_parameter, decimals=4),
                memory=format_gb(part.memory_bytes),
                x=f"{before * 100:.2f}%",
                width=f"{share * 100:.2f}%",
                step=step % 6,
            )
        )
        before += share
    return tuple(views)


def _alternative(choice: GpuSetup, today: dt.date | None) -> AlternativeView:
    return AlternativeView(
        label=gpu_setup_label(choice),
        price=cloud_price_view(choice.gpu, gpu_count=choice.gpu_count, today=today),
    )
