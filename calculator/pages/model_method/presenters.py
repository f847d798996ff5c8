"""One model by one method, as its template prints it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.urls import reverse

from calculator.answer.precise import PreciseResult, precise_methods_of, precise_result
from calculator.answer.setups import runs_on
from calculator.catalog import Catalog
from calculator.estimation import Architecture, TrainingSettings, estimate
from calculator.estimation.verdict import verdict
from calculator.language_models.specs import LanguageModelSpec
from calculator.models import Task
from calculator.pages.calculator.beside.own_gpu import own_gpu_of_results
from calculator.pages.calculator.links import Links
from calculator.pages.calculator.precise_cards import PreciseCardView, present_precise_card
from calculator.pages.curves.results import LENGTHS
from calculator.question.own_gpu import OWN_GPU, read_own_gpu
from calculator.question.subjects import subject_of_model
from calculator.question.training_form import Run, precise_query, run_of_settings
from calculator.words.addresses import comparison_of, path_of, with_query
from calculator.words.formatting import (
    NO_BREAK_SPACE,
    format_count,
    format_likely,
    format_range,
)
from calculator.words.methods import METHOD_NAMES
from gpus.specs import TierSpec

SHORTEST, LONGEST = 512, 32_768
BATCHES = (1, 2, 4, 8)
MOST_NAMED_OF_A_SIZE = 6

WHAT_TRAINS = {
    "full": "All {total} parameters are trained: beside the weights the GPU holds a gradient, two"
    " moments and an fp32 copy of each.",
    "lora": "The {total} parameters stay frozen in 16 bits; {trained} in adapters of rank {rank} are"
    " trained, so gradients and optimizer states are small.",
    "qlora": "The {total} parameters stay frozen in 4 bits; {trained} in adapters of rank {rank} are"
    " trained on top of them.",
}


@dataclass(frozen=True, slots=True)
class CellView:
    """A length and a batch: the likely GB, and the smallest single card with room for them."""

    figure: str
    card: str


@dataclass(frozen=True, slots=True)
class LengthRow:
    tokens: str
    url: str
    cells: tuple[CellView, ...]


@dataclass(frozen=True, slots=True)
class HoldingGpu:
    name: str
    slug: str
    is_tight: bool


@dataclass(frozen=True, slots=True)
class GpuGroup:
    """GPUs of one memory size, the editors' first ones by name."""

    memory: str
    gpus: tuple[HoldingGpu, ...]
    more_count: int


@dataclass(frozen=True, slots=True)
class ModelMethodView:
    model: LanguageModelSpec
    method: str
    method_name: str
    title: str
    summary: str
    what_trains: str
    settings_words: str
    card: PreciseCardView
    batches: tuple[int, ...]
    rows: tuple[LengthRow, ...]
    gpus: tuple[GpuGroup, ...]
    has_tight: bool
    fit_url: str
    compare_url: str
    calculator_url: str
    other_methods: tuple[tuple[str, str], ...]
    canonical_path: str
    own_name: str
    """The visitor's GPU, whose verdict is the card's."""
    own_query: str


def present_model_method(
    catalog: Catalog, slug: str, method: str, own_gpu: str = "", *, today: dt.date
) -> ModelMethodView | None:
    """The page; None where the model is not published, not modelled, or not trained that way.

    own_gpu: the visitor's GPU as the address has it.
    """
    model, subject = catalog.language_models_by_slug.get(slug), subject_of_model(catalog, slug)
    if model is None or subject is None or method not in precise_methods_of(catalog):
        return None
    if model.architecture is None:
        return None
    run = Run()
    settings = run.settings_for(method)
    result = precise_result(catalog, subject, model.architecture, settings)
    form = read_own_gpu(catalog.gpus, {OWN_GPU: own_gpu})
    links = Links(Task.TRAINING, {"model": slug}, form.query)
    own = own_gpu_of_results(form.own, [result], {"model": slug})
    holding = _gpus(catalog, result)
    return ModelMethodView(
        model=model,
        method=method,
        method_name=METHOD_NAMES[method],
        title=f"{METHOD_NAMES[method]} of {model.name}: GPU memory by length and batch",
        summary=_summary(model, result),
        what_trains=_what_trains(result),
        settings_words=(
            f"micro-batch {settings.micro_batch:,}, {settings.sequence_length:,} tokens,"
            " gradient checkpointing"
        ),
        card=present_precise_card(result, run, links, today, own),
        batches=BATCHES,
        rows=tuple(_rows(catalog, model, model.architecture, settings, form.query)),
        gpus=holding,
        has_tight=any(gpu.is_tight for group in holding for gpu in group.gpus),
        fit_url=reverse("fit:page", query={"model": slug, "method": method, **form.query}),
        compare_url=comparison_of({"model": slug, "method": method, **form.query}),
        calculator_url=f"{links.page_url(links.query_with(run))}#card-{method}",
        other_methods=tuple(
            (
                METHOD_NAMES[each],
                with_query(path_of("calculator:model_method", slug, each), form.query),
            )
            for each in precise_methods_of(catalog)
            if each != method
        ),
        canonical_path=reverse("calculator:model_method", args=[slug, method]),
        own_name="" if form.own is None else form.own.name,
        own_query=with_query("", form.query),
    )


def _summary(model: LanguageModelSpec, result: PreciseResult) -> str:
    device = result.estimate.device_bytes
    likely = format_likely(device)
    return (
        f"{METHOD_NAMES[result.slug]} of {model.name} takes about {likely} of GPU"
        f" memory ({format_range(device.low, device.high)}) at"
        f" {result.settings.sequence_length:,} tokens."
    )


def _what_trains(result: PreciseResult) -> str:
    return WHAT_TRAINS[result.slug].format(
        total=format_count(result.estimate.parameters_total_count),
        trained=format_count(result.estimate.parameters_trainable_count),
        rank=result.settings.lora_rank,
    )


def _rows(
    catalog: Catalog,
    model: LanguageModelSpec,
    architecture: Architecture,
    settings: TrainingSettings,
    own_query: Mapping[str, str],
) -> Iterable[LengthRow]:
    longest = min(LONGEST, model.context_length or LONGEST)
    cards = [tier for tier in catalog.usable_tiers if tier.is_on_ladder]
    for length in LENGTHS:
        if not SHORTEST <= length <= longest:
            continue
        at_length = replace(settings, sequence_length=length)
        query = precise_query(run_of_settings(at_length), {"model": model.slug})
        cells = (
            _cell(architecture, replace(at_length, micro_batch=batch), cards) for batch in BATCHES
        )
        yield LengthRow(
            tokens=f"{length:,}",
            url=reverse("calculator:training", query={"model": model.slug, **query, **own_query}),
            cells=tuple(cells),
        )


def _cell(
    architecture: Architecture, settings: TrainingSettings, cards: list[TierSpec]
) -> CellView:
    device = estimate(architecture, settings).device_bytes
    card = next((card for card in cards if card.capacity_bytes >= device.likely), None)
    figure = format_likely(device).removesuffix(f"{NO_BREAK_SPACE}GB")
    return CellView(figure, "" if card is None else f"{card.memory_gb} GB")


def _gpus(catalog: Catalog, result: PreciseResult) -> tuple[GpuGroup, ...]:
    """Single GPUs that hold the run, by their memory; those where it is tight are marked."""
    device = result.estimate.device_bytes
    by_memory: dict[int, list[HoldingGpu]] = defaultdict(list)
    for gpu in catalog.gpus:
        said = verdict(device, gpu.usable_bytes)
        if runs_on(gpu, result.slug) and said != "too_small":
            by_memory[gpu.memory_gb].append(HoldingGpu(gpu.name, gpu.slug, said == "tight"))
    return tuple(
        GpuGroup(
            f"{memory_gb} GB",
            tuple(gpus[:MOST_NAMED_OF_A_SIZE]),
            max(0, len(gpus) - MOST_NAMED_OF_A_SIZE),
        )
        for memory_gb, gpus in sorted(by_memory.items())
    )
