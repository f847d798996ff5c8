"""GPUs and their prices as visitors read them: never a price without its date and source."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calculator.formatting import format_usd
from gpus.specs import GpuSpec, Price


@dataclass(frozen=True, slots=True)
class PriceView:
    amount: str
    source_name: str
    source_url: str
    checked_on: dt.date
    is_estimate: bool


def cloud_price_view(gpu: GpuSpec, *, gpu_count: int = 1) -> PriceView | None:
    """The price per hour of `gpu_count` GPUs: “$5.98”."""
    return _price_view(gpu.cloud_price_per_hour, gpu_count)


def retail_price_view(gpu: GpuSpec) -> PriceView | None:
    return _price_view(gpu.retail_price, 1)


def _price_view(price: Price | None, gpu_count: int) -> PriceView | None:
    if price is None:
        return None
    return PriceView(
        amount=format_usd(price.usd * gpu_count),
        source_name=price.source_name,
        source_url=price.source_url,
        checked_on=price.checked_on,
        is_estimate=price.is_estimate,
    )
