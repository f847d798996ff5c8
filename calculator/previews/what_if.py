"""The catalog as it would be with rows that are not saved; nothing is written.

A changed row becomes a core type by its own `to_spec()`, as when the catalog is loaded, and takes
the place of the present one in a copy of the snapshot that pages are drawn from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from calculator.catalog import Catalog
from calculator.looking_ahead.changes import Change
from calculator.models import FaqEntry, LanguageModel, MethodPreset, ModelSize, Task
from gpus.models import Gpu
from gpus.prices.choosing import gpu_prices
from gpus.prices.models import PriceObservation
from gpus.specs import GpuPrices, GpuSpec, Price, TierSpec
from gpus.tiers import MemoryTier

T = TypeVar("T")
# The catalog so far, the changes of one kind of row, and the catalog as it is.
_Step = Callable[[Catalog, Sequence[Change], Catalog], Catalog]


def catalog_with(base: Catalog, changes: Iterable[Change]) -> Catalog:
    """The catalog with these changes; rows that no figure follows from leave it as it is."""
    changes = list(changes)
    made = base
    for model, step in _STEPS.items():
        if own := [change for change in changes if type(change.row) is model]:
            made = step(made, own, base)
    return made


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


def _with_gpus(made: Catalog, changes: Sequence[Change], base: Catalog) -> Catalog:
    present = {gpu.slug: gpu for gpu in base.gpus}
    places = {slug: (order, name) for slug, order, name in _places_of_gpus()}
    replaced, new = set(), []
    for change in changes:
        slug = change.was.slug if change.was is not None else change.row.slug
        replaced.add(slug)
        places[change.row.slug] = (change.row.order, change.row.name)
        if change.is_public:
            new.append(gpu_spec(change.row, present.get(slug)))

    def gpus_of(tier: TierSpec) -> tuple[GpuSpec, ...]:
        own = [gpu for gpu in tier.gpus if gpu.slug not in replaced]
        own += [gpu for gpu in new if gpu.memory_gb == tier.memory_gb]
        return tuple(sorted(own, key=lambda gpu: places.get(gpu.slug, (0, gpu.name))))

    return replace(made, tiers=tuple(replace(tier, gpus=gpus_of(tier)) for tier in made.tiers))


def _with_prices(made: Catalog, changes: Sequence[Change], base: Catalog) -> Catalog:
    """Of the GPUs of these prices all that was seen, with what is changed, new or withdrawn."""
    rows: dict[int, list[PriceObservation]] = defaultdict(list)
    for change in changes:
        rows[change.row.gpu_id].append(change.row)
    # What is new may be written already, and would be seen twice.
    ours = {gpu_id: {_key(row.to_spec()) for row in own} for gpu_id, own in rows.items()}
    public = {id(change.row) for change in changes if change.is_public}
    others = PriceObservation.objects.published().filter(gpu__in=rows)
    changed = [change.was.pk for change in changes if change.was is not None]
    seen = others.exclude(pk__in=changed).specs_by_gpu()
    prices = {
        slug: gpu_prices(
            [
                *(each for each in seen[gpu_id] if _key(each) not in ours[gpu_id]),
                *(row.to_spec() for row in rows[gpu_id] if id(row) in public),
            ]
        )
        for gpu_id, slug in Gpu.objects.filter(pk__in=rows).values_list("pk", "slug")
    }

    def priced(gpu: GpuSpec) -> GpuSpec:
        own = prices.get(gpu.slug)
        return gpu if own is None else gpu.with_prices(own)

    return replace(
        made,
        tiers=tuple(replace(tier, gpus=tuple(map(priced, tier.gpus))) for tier in made.tiers),
    )


def _key(price: Price) -> tuple[Any, ...]:
    """What a GPU has one price of."""
    return price.kind_slug, price.provider, price.checked_on


def gpu_spec(row: Gpu, present: GpuSpec | None) -> GpuSpec:
    """The row as a core type, with the prices that its form shows, or else those that it has."""
    prices = getattr(row, "_prefetched_objects_cache", {}).get("prices")
    series = () if present is None else present.price_series
    if prices is not None:
        shown = gpu_prices(each.to_spec() for each in prices if each.published)
        return row.to_spec(replace(shown, series=series))
    if present is None:
        return row.to_spec()
    return row.to_spec(GpuPrices(present.retail_price, present.cloud_price_per_hour, series))


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


def _each(step: Callable[[Catalog, Change], Catalog]) -> _Step:
    """One change after the other."""

    def steps(made: Catalog, changes: Sequence[Change], _base: Catalog) -> Catalog:
        for change in changes:
            made = step(made, change)
        return made

    return steps


# In this order: GPUs are put into tiers, and prices are those of GPUs.
_STEPS: dict[type, _Step] = {
    MethodPreset: _each(_with_preset),
    ModelSize: _each(_with_size),
    MemoryTier: _each(_with_tier),
    Gpu: _with_gpus,
    PriceObservation: _with_prices,
    LanguageModel: _each(_with_model),
    FaqEntry: _each(_with_answer),
}
