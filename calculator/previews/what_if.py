"""The catalog as it would be with rows that are not saved; nothing is written.

A changed row becomes a core type by its own `to_spec()`, as when the catalog is loaded, and takes
the place of the present one in a copy of the snapshot that pages are drawn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from calculator.catalog import Catalog
from calculator.looking_ahead.changes import Change
from calculator.models import FaqEntry, LanguageModel, MethodPreset, ModelSize, Task
from gpus.models import Gpu
from gpus.prices.choosing import gpu_prices
from gpus.prices.kinds import PriceKind, price_words
from gpus.prices.models import PriceObservation
from gpus.specs import GpuPrices, GpuSpec, Price, TierSpec
from gpus.tiers import MemoryTier

T = TypeVar("T")


def catalog_with(base: Catalog, changes: Iterable[Change]) -> Catalog:
    """The catalog with these changes; rows that no figure follows from leave it as it is."""
    for change in changes:
        step = _STEPS.get(type(change.row))
        if step is not None:
            base = step(base, change)
    return base


def _with_preset(base: Catalog, change: Change) -> Catalog:
    slug = change.was.slug if change.was is not None else change.row.slug
    spec = change.row.to_spec() if change.is_public else None

    def methods_of(task: str) -> Any:
        new = spec if change.row.task == task else None
        return _in_place(base.methods(task), new, lambda method: method.slug == slug)

    return replace(
        base,
        training_methods=methods_of(Task.TRAINING),
        inference_methods=methods_of(Task.INFERENCE),
    )


def _with_size(base: Catalog, change: Change) -> Catalog:
    was = change.was.params_b if change.was is not None else None
    new = change.row.params_b if change.is_public else None
    sizes = _in_place(base.sizes_b, new, lambda params_b: params_b == was)
    return replace(base, sizes_b=tuple(dict.fromkeys(sizes)))


def _with_tier(base: Catalog, change: Change) -> Catalog:
    was_gb = change.was.memory_gb if change.was is not None else None
    present = next((tier for tier in base.tiers if tier.memory_gb == was_gb), None)
    gpus: Sequence[GpuSpec] = () if present is None else present.gpus
    row = change.row
    new = None
    if change.is_public:
        new = row.to_spec(tuple(replace(gpu, memory_gb=row.memory_gb) for gpu in gpus))
    tiers = _in_place(base.tiers, new, lambda tier: tier.memory_gb == was_gb)
    return replace(base, tiers=tuple(sorted(tiers, key=lambda tier: tier.memory_gb)))


def _with_gpu(base: Catalog, change: Change) -> Catalog:
    was_slug = change.was.slug if change.was is not None else change.row.slug
    present = next((gpu for gpu in base.gpus if gpu.slug == was_slug), None)
    new = gpu_spec(change.row, present) if change.is_public else None
    places = {slug: (order, name) for slug, order, name in _places_of_gpus()}
    places[change.row.slug] = (change.row.order, change.row.name)

    def gpus_of(tier: TierSpec) -> tuple[GpuSpec, ...]:
        own = [gpu for gpu in tier.gpus if gpu.slug != was_slug]
        if new is not None and new.memory_gb == tier.memory_gb:
            own.append(new)
        return tuple(sorted(own, key=lambda gpu: places[gpu.slug]))

    return replace(base, tiers=tuple(replace(tier, gpus=gpus_of(tier)) for tier in base.tiers))


def gpu_spec(row: Gpu, present: GpuSpec | None) -> GpuSpec:
    """The row as a core type, with the prices that its form shows, or else those that it has."""
    prices = getattr(row, "_prefetched_objects_cache", {}).get("prices")
    series = () if present is None else present.price_series
    if prices is not None:
        shown = gpu_prices(_price(each) for each in prices if each.published)
        return row.to_spec(replace(shown, series=series))
    if present is None:
        return row.to_spec()
    return row.to_spec(GpuPrices(present.retail_price, present.cloud_price_per_hour, series))


def _price(row: PriceObservation) -> Price:
    words = price_words(PriceKind(row.kind), row.provider)
    seen = (row.usd, row.source_name, row.source_url, row.checked_on, row.is_estimate)
    return Price(*seen, words, row.kind, row.provider)


def _places_of_gpus() -> Iterable[tuple[str, int, str]]:
    return Gpu.objects.values_list("slug", "order", "name")


def _with_model(base: Catalog, change: Change) -> Catalog:
    slug = change.was.slug if change.was is not None else change.row.slug
    new = change.row.to_spec() if change.is_public else None
    models = _in_place(base.language_models, new, lambda model: model.slug == slug)
    return replace(base, language_models=models)


def _with_answer(base: Catalog, change: Change) -> Catalog:
    slug = change.was.slug if change.was is not None else change.row.slug
    new = change.row.to_spec() if change.is_public else None
    return replace(base, faq=_in_place(base.faq, new, lambda entry: entry.slug == slug))


def _in_place(items: Iterable[T], new: T | None, is_it: Callable[[T], bool]) -> tuple[T, ...]:
    """The items with another one in the place of the one that it is, or after them all."""
    found = []
    for item in items:
        if not is_it(item):
            found.append(item)
        elif new is not None:
            found.append(new)
            new = None
    return tuple(found) if new is None else (*found, new)


_STEPS: dict[type, Callable[[Catalog, Change], Catalog]] = {
    MethodPreset: _with_preset,
    ModelSize: _with_size,
    MemoryTier: _with_tier,
    Gpu: _with_gpu,
    LanguageModel: _with_model,
    FaqEntry: _with_answer,
}
