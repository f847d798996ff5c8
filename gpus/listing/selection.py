"""Which GPUs a visitor asked for, and in which order: specs in, specs out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from calculator.words.query_forms import Criteria, Order
from gpus.specs import GpuSpec, Price

# From the smallest card up, as on the memory ladder.
DEFAULT_ORDER = Order("memory")


@dataclass(frozen=True, slots=True)
class GpuFilter(Criteria):
    """What a GPU has to be. A criterion that is empty holds for all of them."""

    text: str = ""
    vendor: str = ""
    audience: str = ""
    min_memory_gb: Decimal | None = None
    max_retail_price_usd: Decimal | None = None
    max_cloud_price_usd_per_hour: Decimal | None = None


def select_gpus(gpus: Iterable[GpuSpec], wanted: GpuFilter) -> tuple[GpuSpec, ...]:
    return tuple(gpu for gpu in gpus if _is_wanted(gpu, wanted) and _is_affordable(gpu, wanted))


def without_asked_price(gpus: Iterable[GpuSpec], wanted: GpuFilter) -> tuple[GpuSpec, ...]:
    """GPUs that a limit on the price leaves out only because their price is not known."""
    return tuple(
        gpu
        for gpu in gpus
        if _is_wanted(gpu, wanted)
        and any(price is None for price, _ in _limited_prices(gpu, wanted))
        and all(price.usd <= most for price, most in _limited_prices(gpu, wanted) if price)
    )


def loosened(gpus: Iterable[GpuSpec], wanted: GpuFilter) -> tuple[tuple[str, int], ...]:
    """The criteria that hide GPUs: each with how many there would be without it alone."""
    gpus = tuple(gpus)
    counts = ((name, len(select_gpus(gpus, wanted.without(name)))) for name in wanted.criteria())
    return tuple((name, gpu_count) for name, gpu_count in counts if gpu_count)


def sort_gpus(gpus: Iterable[GpuSpec], order: Order) -> tuple[GpuSpec, ...]:
    """Sort, keeping the order of equals. GPUs without the value come last in both directions."""
    return order.of(gpus, SORT_VALUES[order.column])


def newest_check(gpus: Iterable[GpuSpec]) -> dt.date | None:
    """The day on which a price was last looked at, or None."""
    days = (
        price.checked_on
        for gpu in gpus
        for price in (gpu.retail_price, gpu.cloud_price_per_hour)
        if price is not None
    )
    return max(days, default=None)


def _is_wanted(gpu: GpuSpec, wanted: GpuFilter) -> bool:
    return (
        (not wanted.vendor or gpu.vendor == wanted.vendor)
        and (not wanted.audience or gpu.audience == wanted.audience)
        and (wanted.min_memory_gb is None or gpu.memory_gb >= wanted.min_memory_gb)
        and _has_words(gpu, wanted.text)
    )


def _is_affordable(gpu: GpuSpec, wanted: GpuFilter) -> bool:
    return all(
        price is not None and price.usd <= most for price, most in _limited_prices(gpu, wanted)
    )


def _limited_prices(gpu: GpuSpec, wanted: GpuFilter) -> list[tuple[Price | None, Decimal]]:
    limits = (
        (gpu.retail_price, wanted.max_retail_price_usd),
        (gpu.cloud_price_per_hour, wanted.max_cloud_price_usd_per_hour),
    )
    return [(price, most) for price, most in limits if most is not None]


def _has_words(gpu: GpuSpec, text: str) -> bool:
    """Every word stands somewhere in the names; “rtx4090” finds the RTX 4090 too."""
    names = f"{gpu.vendor} {gpu.name} {gpu.short_name} {gpu.slug}".casefold()
    squeezed = re.sub(r"[\s-]", "", names)
    return all(word in names or word in squeezed for word in text.casefold().split())


def _natural(name: str) -> list[str | int]:
    """Sort key by which RX 580 comes before RX 6800: runs of digits compare as numbers."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


def _usd(price: Price | None) -> Decimal | None:
    return None if price is None else price.usd


SORT_VALUES: dict[str, Callable[[GpuSpec], Any]] = {
    "name": lambda gpu: _natural(gpu.name),
    "memory": lambda gpu: gpu.memory_gb,
    "bandwidth": lambda gpu: gpu.bandwidth_bytes_per_second,
    "tflops": lambda gpu: gpu.bf16_dense_flops,
    "launch": lambda gpu: gpu.launched_on,
    "retail_price": lambda gpu: _usd(gpu.retail_price),
    "cloud_price": lambda gpu: _usd(gpu.cloud_price_per_hour),
}
