"""One setup as a row of the table, and the best ones as sentences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from calculator.answer.setups import FitRow
from calculator.estimation.cluster.sharding import GPUS_PER_NODE, STRATEGY_NAMES, Sharding
from calculator.estimation.verdict import VERDICT_WORDS
from calculator.pages.fit.ordering import Best
from calculator.pages.fit.words import rough_duration, rough_usd
from calculator.words.formatting import (
    format_gb,
    format_likely,
    format_part,
    format_range,
    format_usd,
)
from gpus.listing.price_notes import NotedPrice, PriceNotes
from gpus.presenters import cloud_price_view, retail_price_view

VERDICTS = {slug: words.capitalize() for slug, words in VERDICT_WORDS.items()}
OFFLOADED = {
    "optimizer": "optimizer states in host memory",
    "parameters": "weights and optimizer states in host memory",
}


@dataclass(frozen=True, slots=True)
class RowView:
    """One setup. A figure that nobody knows is empty."""

    key: str
    gpu_url: str
    name: str
    how: str
    verdict: str
    verdict_slug: str
    each: str
    range: str
    usable: str
    headroom: str
    host: str
    cloud_price: NotedPrice | None
    own_price: str
    retail_price: NotedPrice | None
    time: str
    cost: str
    is_cost_stale: bool
    caveat: str


@dataclass(frozen=True, slots=True)
class BestView:
    """“Smallest”: “RTX 4090”, “20.1 GB of 25.8 GB”."""

    label: str
    name: str
    detail: str
    key: str


def row_view(
    row: FitRow, query: Mapping[str, str], notes: PriceNotes, *, today: dt.date
) -> RowView:
    device = row.setup.estimate.device_bytes
    return RowView(
        key=_key(row),
        gpu_url=reverse("gpus:card", args=[row.gpu.slug], query=query),
        name=setup_name(row),
        how=sharding_words(row.setup.sharding),
        verdict=VERDICTS[row.setup.verdict],
        verdict_slug=row.setup.verdict,
        each=format_likely(device),
        range=format_range(device.low, device.high),
        usable=format_gb(row.setup.usable_bytes),
        headroom=_headroom(row.setup.headroom_bytes),
        host=_host_words(row),
        cloud_price=(
            None
            if row.is_own_price
            else notes.noted(cloud_price_view(row.gpu, gpu_count=row.gpu_count, today=today))
        ),
        own_price=(
            format_usd(row.usd_per_hour)
            if row.is_own_price and row.usd_per_hour is not None
            else ""
        ),
        retail_price=notes.noted(retail_price_view(row.gpu, gpu_count=row.gpu_count, today=today)),
        time="" if row.run_time is None else rough_duration(row.run_time.run_seconds),
        cost="" if row.cost_usd is None else rough_usd(row.cost_usd),
        is_cost_stale=row.cost_usd is not None and row.is_rent_stale,
        caveat=_caveat(row),
    )


def _headroom(spare_bytes: int) -> str:
    if spare_bytes >= 0:
        return f"{format_part(spare_bytes)} to spare"
    return f"{format_part(-spare_bytes)} less than it would rather hold"


def setup_name(row: FitRow) -> str:
    """“RTX 4090 24 GB”, “4× H100 SXM 80 GB”."""
    times = f"{row.gpu_count}× " if row.gpu_count > 1 else ""
    size = f"{row.gpu.memory_gb} GB"
    name = row.gpu.name if row.gpu.name.endswith(size) else f"{row.gpu.name} {size}"
    return f"{times}{name}"


def sharding_words(sharding: Sharding) -> str:
    """“FSDP”, “ZeRO-3, optimizer states in host memory”, nothing for one plain GPU."""
    words = [] if sharding.strategy == "none" else [STRATEGY_NAMES[sharding.strategy]]
    words += [OFFLOADED[sharding.offload]] if sharding.offload != "none" else []
    return ", ".join(words)


def best_views(best: Best) -> tuple[BestView, ...]:
    views = []
    if best.smallest is not None:
        views.append(_best("Smallest of all GPUs", best.smallest, _room(best.smallest)))
    if best.smaller_but_tight is not None:
        tight = best.smaller_but_tight
        views.append(_best("Of all GPUs smaller, but tight", tight, _room(tight)))
    if best.cheapest_per_hour is not None:
        usd = best.cheapest_per_hour.usd_per_hour
        assert usd is not None
        views.append(
            _best("Cheapest to rent", best.cheapest_per_hour, f"{format_usd(usd)} per hour")
        )
    if best.cheapest_run is not None and best.cheapest_run.cost_usd is not None:
        views.append(
            _best("Cheapest run", best.cheapest_run, rough_usd(best.cheapest_run.cost_usd))
        )
    if best.quickest is not None and best.quickest.run_time is not None:
        seconds = best.quickest.run_time.run_seconds
        views.append(_best("Quickest", best.quickest, rough_duration(seconds)))
    return tuple(views)


def _best(label: str, row: FitRow, detail: str) -> BestView:
    return BestView(label, setup_name(row), detail, _key(row))


def _room(row: FitRow) -> str:
    each = " on each" if row.gpu_count > 1 else ""
    device = row.setup.estimate.device_bytes
    likely = format_likely(device)
    words = VERDICT_WORDS[row.setup.verdict]
    return f"{words}: about {likely} of {format_gb(row.setup.usable_bytes)}{each}"


def _host_words(row: FitRow) -> str:
    if not row.is_offloaded:
        return ""
    host = row.setup.estimate.host
    each = " per node" if row.gpu_count > GPUS_PER_NODE else ""
    return f"about {format_gb(host.likely)} of host memory{each}"


def _caveat(row: FitRow) -> str:
    notes = []
    platform = row.gpu.platform
    if platform is not None and platform.slug != "cuda":
        notes.append(f"{platform.name}: checked on NVIDIA only")
    if not row.gpu.supports_bf16:
        notes.append("no bf16: trains in fp16")
    return "; ".join(notes)


def _key(row: FitRow) -> str:
    offload = "-offload" if row.is_offloaded else ""
    return f"fit-{row.gpu.slug}-{row.gpu_count}{offload}"
