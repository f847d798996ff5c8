"""What should not be saved, or not without a second thought, in words that name what stands on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from django.db import models
from django.utils.text import capfirst

from calculator.answer.precise import PRECISE_METHODS
from calculator.catalog import Catalog, current_catalog
from calculator.estimation import ConfigError
from calculator.estimation.architectures.parameters import count_parameters
from calculator.looking_ahead.changes import Change, Changes, Finding, guard, seen_with
from calculator.models import FaqEntry, LanguageModel, MethodPreset, ModelSize, PresetPart
from calculator.presets.models import Task
from calculator.previews.comparison import Comparison
from calculator.previews.effects import sizes_without_minimum
from calculator.words.formatting import format_count, format_number, format_size
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from gpus.tiers import MemoryTier

# What moves by so much is a slipped point or a wrong unit more often than news.
UNREASONABLE_RATIO = 10
MOST_NAMED = 6

_CAN_MOVE_FIGURES = (
    MethodPreset,
    ModelSize,
    MemoryTier,
    Gpu,
    PriceObservation,
    LanguageModel,
    FaqEntry,
)
_AMOUNTS: dict[type[models.Model], tuple[str, ...]] = {
    ModelSize: ("params_b",),
    MemoryTier: ("memory_gb",),
    Gpu: ("bandwidth_gb_per_s", "bf16_dense_tflops", "usable_memory_mib", "tdp_w"),
    LanguageModel: ("params_total", "params_active"),
    PresetPart: ("bytes_per_parameter",),
}

# A preset's figures are its parts': a part that is undone alone is a change of its preset.
seen_with(PresetPart, "preset")


@guard
def what_stands_on_it(changes: Changes) -> Iterator[Finding]:
    """The ladder, minimums, answers and links that would be gone."""
    if not any(isinstance(change.row, _CAN_MOVE_FIGURES) for change in changes):
        return
    compared = changes.once(Comparison)
    if _ladder_count(compared.before) and not _ladder_count(compared.after):
        yield Finding(
            "This would leave the ladder empty, and no card could name a minimum GPU. Put another "
            "tier on the ladder first.",
            is_refused=True,
        )
        return
    yield from _minimums(compared.before, compared.after)
    yield from _answers(compared)
    for change in changes:
        yield from _links(change)


def _ladder_count(catalog: Catalog) -> int:
    return sum(tier.is_on_ladder for tier in catalog.tiers)


def _minimums(before: Catalog, after: Catalog) -> Iterator[Finding]:
    if lost := sizes_without_minimum(before, after):
        yield Finding(
            "No setup of the ladder would hold these any more. Cards would name what is beyond it, "
            "or nothing.",
            details=_named(lost),
        )


def _answers(compared: Comparison) -> Iterator[Finding]:
    before, after = compared.before, compared.after
    holes = [
        f"“{each.question}”: {', '.join(each.holes)}" for each in compared.answers if each.holes
    ]
    holes += [
        f"“{entry.question}”: its link to the calculator, {entry.calculator_query}"
        for entry in after.faq
        if entry in before.faq and _leads_nowhere(entry.calculator_query, before, after)
    ]
    if holes:
        yield Finding(
            "Answers stand on this and would have a hole where the figure is. Change them first, "
            "or right afterwards.",
            details=_named(holes),
        )


def _leads_nowhere(query: str, before: Catalog, after: Catalog) -> bool:
    slug = dict(parse_qsl(query)).get("model", "")
    return slug in before.language_models_by_slug and slug not in after.language_models_by_slug


def _links(change: Change) -> Iterator[Finding]:
    row, was = change.row, change.was
    if not isinstance(row, MethodPreset | Gpu | LanguageModel) or not change.was_public:
        return
    if isinstance(row, MethodPreset):
        yield from _precise_method(change)
    elif change.is_public and row.slug != was.slug:
        path = f"/gpus/{was.slug}/" if isinstance(row, Gpu) else f"/models/{was.slug}/"
        yield Finding(
            f"Links to {path}, from outside and from shared addresses, would lead nowhere: the "
            f"slug “{was.slug}” would be “{row.slug}”. Leave a slug as it is unless it is wrong."
        )


def _precise_method(change: Change) -> Iterator[Finding]:
    was = change.was
    if was.task != Task.TRAINING or was.slug not in PRECISE_METHODS:
        return
    if change.is_public and change.row.slug == was.slug and change.row.task == was.task:
        return
    yield Finding(
        f"The precise estimate, the pages of models and links such as /?method={was.slug} know "
        f"this method as “{was.slug}”. Without it, model pages show one method less and the links "
        "lead nowhere."
    )


@guard
def beyond_reason(changes: Changes) -> Iterator[Finding]:
    """Amounts that are ten times what they were, or what others are."""
    for change in changes:
        if change.is_removed:
            continue
        yield from _moved(change.row, change.was)
        if isinstance(change.row, MethodPreset):
            yield from _parts(change)
        elif isinstance(change.row, ModelSize) and change.was is None:
            yield from _new_size(change.row)
        elif isinstance(change.row, LanguageModel):
            yield from _counted(change.row)


def _moved(row: models.Model, was: models.Model | None, of: str = "") -> Iterator[Finding]:
    if was is None:
        return
    for name in _AMOUNTS.get(type(row), ()):
        before, after = getattr(was, name), getattr(row, name)
        if before and after and _ratio(before, after) >= UNREASONABLE_RATIO:
            yield Finding(_words(f"{_label(row, name)}{of}", before, after))


def _parts(change: Change) -> Iterator[Finding]:
    """Each part against itself, and a new preset against the others of its task."""
    parts = list(change.row.parts.all())
    present = {} if change.was is None else {part.pk: part for part in change.was.parts.all()}
    for part in parts:
        yield from _moved(part, present.get(part.pk), f" of “{part.label}”")
    others = [
        method.bytes_per_parameter
        for method in current_catalog().methods(change.row.task)
        if method.slug != change.row.slug
    ]
    total = sum((part.bytes_per_parameter for part in parts), Decimal(0))
    if change.was is None and others and total and not _is_within(total, others):
        yield Finding(
            f"{format_number(total, decimals=4)} bytes per parameter is ten times beyond what the "
            f"other presets take, {_ends(others)}. Is the point in the right place?"
        )


def _new_size(size: ModelSize) -> Iterator[Finding]:
    others = current_catalog().sizes_b
    if others and not _is_within(size.params_b, others):
        yield Finding(
            f"{format_size(size.params_b)} is ten times beyond the sizes that visitors can tap, "
            f"{_ends(others)} billion parameters. Is the number in billions?"
        )


def _counted(model: LanguageModel) -> Iterator[Finding]:
    """The number that was typed against the one that the shape gives."""
    try:
        count = count_parameters(model.to_architecture()).total_count
    except ConfigError:
        return
    if _ratio(count, model.params_total) >= UNREASONABLE_RATIO:
        yield Finding(
            f"The shape gives {format_count(count)} parameters, and {format_count(model.params_total)} "
            "were typed. One of the two is wrong by ten times."
        )


def _is_within(value: Decimal, others: Sequence[Decimal]) -> bool:
    return min(others) / UNREASONABLE_RATIO < value < max(others) * UNREASONABLE_RATIO


def _ends(others: Sequence[Decimal]) -> str:
    ends = dict.fromkeys(format_number(end, decimals=4) for end in (min(others), max(others)))
    return " to ".join(ends)


def _ratio(one: Any, other: Any) -> float:
    low, high = sorted((float(one), float(other)))
    return high / low


def _words(what: str, before: Any, after: Any) -> str:
    times = format_number(_ratio(before, after), decimals=0)
    much = f"{times} times as much" if after > before else f"a {times}th of it"
    return (
        f"{what}: {format_number(before, decimals=4)} → {format_number(after, decimals=4)}, {much}. "
        "Is the point in the right place?"
    )


def _label(row: models.Model, name: str) -> str:
    field = row._meta.get_field(name)
    assert isinstance(field, models.Field)
    return capfirst(str(field.verbose_name))


def _named(found: Sequence[str]) -> tuple[str, ...]:
    if len(found) <= MOST_NAMED:
        return tuple(found)
    return (*found[: MOST_NAMED - 1], f"and {len(found) - MOST_NAMED + 1} more")
