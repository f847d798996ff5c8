"""What differs for visitors between two catalogs: headlines, figures of GPUs, figures of sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial

from django.urls import reverse

from calculator.answer.rule_of_thumb import MethodResult, estimate_methods
from calculator.catalog import Catalog
from calculator.faq.run_figures import UnknownFigure, largest
from calculator.models import Task
from calculator.pages.calculator.headline import inference_headline, training_headline
from calculator.presets.forms import DEFAULT_SIZE_B
from calculator.previews.moved import (
    AnswerChange,
    Effects,
    FigureChange,
    SizeChange,
    figure_change,
)
from calculator.question.subjects import rough_subject
from calculator.words.formatting import format_gb, format_number, format_size, format_usd
from gpus.fitting import minimum_setup
from gpus.labels import gpu_setup_label, setup_label, tier_label
from gpus.specs import Price, without_prices

NONE = "none"
NO_SETUP = "no setup of the ladder"


# A figure as visitors read it, and its amount where it has one.
_Stated = tuple[str, Decimal | int | None]


def effects(before: Catalog, after: Catalog, answers: Iterable[AnswerChange]) -> Effects:
    """Everything that would differ, in the words of the public pages; `answers` are known already."""
    if after is before:
        return Effects()
    return Effects(
        headlines=tuple(_headlines(before, after)),
        figures=tuple(_figures(before, after)),
        sizes=tuple(_sizes(before, after)),
        answers=tuple(answers),
    )


def _headlines(before: Catalog, after: Catalog) -> Iterator[FigureChange]:
    """The sentences of the front page and of inference, for the size that they open with."""
    subject = rough_subject(DEFAULT_SIZE_B).name
    for task, page, word in (
        (Task.TRAINING, "calculator:training", training_headline),
        (Task.INFERENCE, "calculator:inference", inference_headline),
    ):
        said = []
        for catalog in (before, after):
            results = estimate_methods(catalog, task, DEFAULT_SIZE_B)
            said.append(word(subject, results) if results else "No method is published.")
        if change := figure_change(reverse(page), said[0], said[1]):
            yield change


def _figures(before: Catalog, after: Catalog) -> Iterator[FigureChange]:
    yield from _by_name("Bytes per parameter: {}", before, after, _bytes_by_method)
    yield from _by_name("{} on the ruler and in minimums", before, after, _tier_labels)
    yield from _by_name("What a run may take of {}", before, after, _usable_by_gpu)
    yield from _by_name("{}, to buy", before, after, _to_buy)
    yield from _by_name("{}, to rent for an hour", before, after, _to_rent)
    present = set(map(without_prices, before.gpus))
    changed = [gpu.slug for gpu in after.gpus if without_prices(gpu) not in present]
    for method in ("full", "lora", "qlora"):
        yield from _by_name(
            f"Largest model on {{}}, {method}",
            before,
            after,
            partial(_largest_by_gpu, method, changed),
        )


def _by_name(
    what: str, before: Catalog, after: Catalog, read: Callable[[Catalog], dict[str, _Stated]]
) -> Iterator[FigureChange]:
    was, would_be = read(before), read(after)
    nothing: _Stated = (NONE, None)
    for name in dict.fromkeys((*was, *would_be)):
        (old, old_amount), (new, new_amount) = was.get(name, nothing), would_be.get(name, nothing)
        if change := figure_change(what.format(name), old, new, (old_amount, new_amount)):
            yield change


def _bytes_by_method(catalog: Catalog) -> dict[str, _Stated]:
    return {
        method.name: (
            format_number(method.bytes_per_parameter, decimals=4),
            method.bytes_per_parameter,
        )
        for method in (*catalog.training_methods, *catalog.inference_methods)
    }


def _tier_labels(catalog: Catalog) -> dict[str, _Stated]:
    words = {(True, True): "on the ladder, multiplied", (True, False): "on the ladder"}
    return {
        f"{tier.memory_gb} GB": (
            f"{tier_label(tier)}, "
            + words.get((tier.is_on_ladder, tier.may_be_multiplied), "beyond the ladder"),
            None,
        )
        for tier in catalog.tiers
    }


def _usable_by_gpu(catalog: Catalog) -> dict[str, _Stated]:
    return {gpu.name: (format_gb(gpu.usable_bytes), gpu.usable_bytes) for gpu in catalog.gpus}


def _to_buy(catalog: Catalog) -> dict[str, _Stated]:
    return {gpu.name: _price(gpu.retail_price) for gpu in catalog.gpus}


def _to_rent(catalog: Catalog) -> dict[str, _Stated]:
    return {gpu.name: _price(gpu.cloud_price_per_hour) for gpu in catalog.gpus}


def _price(price: Price | None) -> _Stated:
    return (
        (NONE, None) if price is None else (f"{format_usd(price.usd)} ({price.kind})", price.usd)
    )


def _largest_by_gpu(method: str, slugs: Iterable[str], catalog: Catalog) -> dict[str, _Stated]:
    found: dict[str, _Stated] = {}
    for gpu in catalog.gpus:
        if gpu.slug in slugs:
            try:
                found[gpu.name] = largest(catalog, gpu.slug, method), None
            except UnknownFigure:
                found[gpu.name] = NONE, None
    return found


def _sizes(before: Catalog, after: Catalog) -> Iterator[SizeChange]:
    for params_b in sorted({*before.sizes_b, *after.sizes_b}):
        for task in Task:
            was = _results(before, after, task, params_b)
            would_be = _results(after, before, task, params_b)
            for slug in dict.fromkeys((*was, *would_be)):
                change = _size_change(params_b, was.get(slug), would_be.get(slug))
                if change.parts:
                    yield change


def _results(
    catalog: Catalog, other: Catalog, task: str, params_b: Decimal
) -> dict[str, MethodResult]:
    """By slug; a method that the other catalog has under another slug by its name."""
    if params_b not in catalog.sizes_b:
        return {}
    return {
        each.slug if each.slug in other.methods_by_slug else each.name: each
        for each in estimate_methods(catalog, task, params_b)
    }


def _size_change(
    params_b: Decimal, was: MethodResult | None, would_be: MethodResult | None
) -> SizeChange:
    either = would_be or was
    assert either is not None
    return SizeChange(
        size=format_size(params_b),
        method=either.name,
        memory=figure_change(
            "memory",
            _memory(was),
            _memory(would_be),
            (_bytes(was), _bytes(would_be)),
        ),
        minimum=figure_change("minimum", _minimum(was), _minimum(would_be)),
        alternatives=figure_change("or", _alternatives(was), _alternatives(would_be)),
    )


def _bytes(result: MethodResult | None) -> Decimal | None:
    return None if result is None else result.memory_bytes


def _memory(result: MethodResult | None) -> str:
    return NONE if result is None else format_gb(result.memory_bytes)


def _minimum(result: MethodResult | None) -> str:
    if result is None:
        return NONE
    return NO_SETUP if result.minimum is None else setup_label(result.minimum)


def _alternatives(result: MethodResult | None) -> str:
    if result is None:
        return NONE
    return ", ".join(gpu_setup_label(each) for each in result.alternatives) or NONE


def sizes_without_minimum(before: Catalog, after: Catalog) -> tuple[str, ...]:
    """“70B, Full fine-tuning”: what a setup of the ladder holds now, and none would."""
    return tuple(
        f"{format_size(params_b)}, {result.name}"
        for params_b in after.sizes_b
        for task in Task
        for result in estimate_methods(after, task, params_b)
        if minimum_setup(result.memory_bytes, after.tiers) is None
        and minimum_setup(result.memory_bytes, before.tiers) is not None
    )
