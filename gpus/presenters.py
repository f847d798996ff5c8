"""GPUs and their prices as visitors read them: never a price without its date and source."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calculator.words.formatting import format_usd
from gpus.specs import GpuSpec, Price

# Editors are asked to look again earlier (`PRICE_IS_STALE_AFTER`); by then a visitor is told.
MAY_BE_OUT_OF_DATE_AFTER = dt.timedelta(days=180)


@dataclass(frozen=True, slots=True)
class PriceView:
    amount: str
    source_name: str
    source_url: str
    checked_on: dt.date
    is_estimate: bool
    kind: str = ""
    may_be_out_of_date: bool = False
    ended_on: dt.date | None = None
    """Since when it is no longer offered."""


def cloud_price_view(
    gpu: GpuSpec, *, gpu_count: int = 1, today: dt.date | None = None
) -> PriceView | None:
    """The price per hour of `gpu_count` GPUs: “$5.98”."""
    price = gpu.cloud_price_per_hour
    return None if price is None else price_view(price, gpu_count=gpu_count, today=today)


def retail_price_view(
    gpu: GpuSpec, *, gpu_count: int = 1, today: dt.date | None = None
) -> PriceView | None:
    """The price of `gpu_count` cards: “$3,198”."""
    price = gpu.retail_price
    return None if price is None else price_view(price, gpu_count=gpu_count, today=today)


def price_view(price: Price, *, gpu_count: int = 1, today: dt.date | None = None) -> PriceView:
    """A price with its source and day, and whether that is long ago."""
    return PriceView(
        amount=format_usd(price.usd * gpu_count),
        source_name=price.source_name,
        source_url=price.source_url,
        checked_on=price.checked_on,
        is_estimate=price.is_estimate,
        kind=price.kind,
        may_be_out_of_date=(
            today is not None and today - price.checked_on > MAY_BE_OUT_OF_DATE_AFTER
        ),
        ended_on=price.ended_on,
    )
