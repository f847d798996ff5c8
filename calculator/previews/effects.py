"""What differs for visitors between two catalogs: figures of sizes, of answers, and headlines."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from django.urls import reverse

from calculator.answer.rule_of_thumb import MethodResult, estimate_methods
from calculator.catalog import Catalog
from calculator.faq.markdown import PLACEHOLDER
from calculator.faq.models import FaqSpec
from calculator.faq.placeholders import OF_PRICES, figure
from calculator.faq.run_figures import UnknownFigure, largest
from calculator.models import Task
from calculator.pages.calculator.headline import inference_headline, training_headline
from calculator.presets.forms import DEFAULT_SIZE_B
from calculator.question.subjects import rough_subject
from calculator.words.formatting import format_gb, format_number, format_size, format_usd
from gpus.fitting import minimum_setup
from gpus.labels import gpu_setup_label, setup_label, tier_label
from gpus.specs import NO_PRICES, GpuSpec, Price

NONE = "none"
NO_SETUP = "no setup of the ladder"
NO_FIGURE = "no figure"


@dataclass(frozen=True, slots=True)
class FigureChange:
    """A figure that visitors read, as it is and as it would be."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SizeChange:
    """A size by one method; what stays as it is has no change."""

    size: str
    method: str
    memory: FigureChange | None
    minimum: FigureChange | None
    alternatives: FigureChange | None

    @property
    def parts(self) -> tuple[FigureChange, ...]:
        return tuple(filter(None, (self.memory, self.minimum, self.alternatives)))


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """An answer and those of its figures that would be others."""

    slug: str
    question: str
    figures: tuple[FigureChange, ...]
    holes: tuple[str, ...]
    """Placeholders that have a figure now and would have none."""


@dataclass(frozen=True, slots=True)
class Effects:
    headlines: tuple[FigureChange, ...]
    figures: tuple[FigureChange, ...]
    sizes: tuple[SizeChange, ...]
    answers: tuple[AnswerChange, ...]

    @property
    def minimum_count(self) -> int:
        """How many of the sizes' minimum GPUs would be others."""
        return sum(each.minimum is not None for each in self.sizes)

    def __bool__(self) -> bool:
        return bool(self.headlines or self.figures or self.sizes or self.answers)


def effects(before: Catalog, after: Catalog) -> Effects:
    """Everything that would differ, in the words of the public pages."""
    return Effects(
        headlines=tuple(_headlines(before, after)),
        figures=tuple(_figures(before, after)),
        sizes=tuple(_sizes(before, after)),
        answers=tuple(answer_changes(before, after)),
    )


def _change(what: str, before: str, after: str) -> FigureChange | None:
    return None if before == after else FigureChange(what, before, after)


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
        if change := _change(reverse(page), *said):
            yield change


def _figures(before: Catalog, after: Catalog) -> Iterator[FigureChange]:
    yield from _by_name("Bytes per parameter: {}", before, after, _bytes_by_method)
    yield from _by_name("{} on the ruler and in minimums", before, after, _tier_labels)
    yield from _by_name("What a run may take of {}", before, after, _usable_by_gpu)
    yield from _by_name("{}, to buy", before, after, _to_buy)
    yield from _by_name("{}, to rent for an hour", before, after, _to_rent)
    present = set(map(_without_prices, before.gpus))
    changed = [gpu.slug for gpu in after.gpus if _without_prices(gpu) not in present]
    for method in ("full", "lora", "qlora"):
        yield from _by_name(
            f"Largest model on {{}}, {method}",
            before,
            after,
            partial(_largest_by_gpu, method, changed),
        )


def _by_name(
    what: str, before: Catalog, after: Catalog, read: Callable[[Catalog], dict[str, str]]
) -> Iterator[FigureChange]:
    was, would_be = read(before), read(after)
    for name in dict.fromkeys((*was, *would_be)):
        if change := _change(what.format(name), was.get(name, NONE), would_be.get(name, NONE)):
            yield change


def _bytes_by_method(catalog: Catalog) -> dict[str, str]:
    return {
        method.name: format_number(method.bytes_per_parameter, decimals=4)
        for method in (*catalog.training_methods, *catalog.inference_methods)
    }


def _tier_labels(catalog: Catalog) -> dict[str, str]:
    words = {(True, True): "on the ladder, multiplied", (True, False): "on the ladder"}
    return {
        f"{tier.memory_gb} GB": f"{tier_label(tier)}, "
        + words.get((tier.is_on_ladder, tier.may_be_multiplied), "beyond the ladder")
        for tier in catalog.tiers
    }


def _usable_by_gpu(catalog: Catalog) -> dict[str, str]:
    return {gpu.name: format_gb(gpu.usable_bytes) for gpu in catalog.gpus}


def _to_buy(catalog: Catalog) -> dict[str, str]:
    return {gpu.name: _price(gpu.retail_price) for gpu in catalog.gpus}


def _to_rent(catalog: Catalog) -> dict[str, str]:
    return {gpu.name: _price(gpu.cloud_price_per_hour) for gpu in catalog.gpus}


def _without_prices(gpu: GpuSpec) -> GpuSpec:
    return gpu.with_prices(NO_PRICES)


def _price(price: Price | None) -> str:
    return NONE if price is None else f"{format_usd(price.usd)} ({price.kind})"


def _largest_by_gpu(method: str, slugs: Iterable[str], catalog: Catalog) -> dict[str, str]:
    found = {}
    for gpu in catalog.gpus:
        if gpu.slug in slugs:
            try:
                found[gpu.name] = largest(catalog, gpu.slug, method)
            except UnknownFigure:
                found[gpu.name] = NONE
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
        memory=_change("memory", _memory(was), _memory(would_be)),
        minimum=_change("minimum", _minimum(was), _minimum(would_be)),
        alternatives=_change("or", _alternatives(was), _alternatives(would_be)),
    )


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


def answer_changes(before: Catalog, after: Catalog) -> Iterator[AnswerChange]:
    """The answers in both catalogs whose figures differ, or would be gone."""
    if after is before:
        return
    after_by_slug = {entry.slug: entry for entry in after.faq}
    kinds = OF_PRICES if _differ_in_prices_alone(before, after) else None
    for entry in before.faq:
        if entry.slug in after_by_slug:
            change = _answer_change(before, after, entry, kinds)
            if change.figures:
                yield change


def _differ_in_prices_alone(before: Catalog, after: Catalog) -> bool:
    """Of 200 prices, a quarter of a second is spent on figures that no price is in otherwise."""
    was, would_be = (
        replace(
            catalog,
            tiers=tuple(
                replace(tier, gpus=tuple(map(_without_prices, tier.gpus)))
                for tier in catalog.tiers
            ),
        )
        for catalog in (before, after)
    )
    return was == would_be


def _answer_change(
    before: Catalog, after: Catalog, entry: FaqSpec, kinds: Container[str] | None
) -> AnswerChange:
    """What differs in an answer, of these kinds of placeholders or of all."""
    figures, holes = [], []
    for placeholder in placeholders_in(entry.answer_markdown):
        if kinds is not None and placeholder.strip("{}").split(":")[0] not in kinds:
            continue
        was, would_be = figure_or_none(before, placeholder), figure_or_none(after, placeholder)
        if change := _change(placeholder, was or NO_FIGURE, would_be or NO_FIGURE):
            figures.append(change)
            if would_be is None:
                holes.append(placeholder)
    return AnswerChange(entry.slug, entry.question, tuple(figures), tuple(holes))


def placeholders_in(markdown: str) -> tuple[str, ...]:
    """Each placeholder of an answer, once, in the order of the text."""
    found = PLACEHOLDER.findall(markdown)
    return tuple(dict.fromkeys(each for each in found if each not in ("{{", "{")))


def figure_or_none(catalog: Catalog, placeholder: str) -> str | None:
    try:
        return figure(catalog, placeholder)
    except UnknownFigure:
        return None
