"""What the rest of the site knows of tiers and GPUs: immutable, and without a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal

from calculator.estimation.cluster.run_time import Range, Speed
from calculator.estimation.units import GB
from calculator.estimation.usable_memory import usable_bytes


@dataclass(frozen=True, slots=True)
class Price:
    """A price in USD that somebody can check: it has a source and the day it was seen.

    `kind` says in words what the amount is: “launch price” for a card, the provider for an hour of
    cloud. `kind_slug` is its kind as `gpus/prices/kinds.py` has it. `ended_on` is the day from which on
    the offer was known to be gone.
    """

    usd: Decimal
    source_name: str
    source_url: str
    checked_on: dt.date
    is_estimate: bool = False
    kind: str = ""
    kind_slug: str = ""
    provider: str = ""
    ended_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """One kind of price at one provider: as it was seen last, and the days on which it was another.

    `ended_on` is since when it is no longer offered; None where it still is.
    """

    kind_slug: str
    provider: str
    newest: Price
    points: tuple[Price, ...]
    """Oldest first: where it begins, where it changes, where it was interrupted, and the newest."""
    ended_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class GpuPrices:
    """All that is known of a GPU's prices. `to_buy` and `to_rent` are what a card shows."""

    to_buy: Price | None = None
    to_rent: Price | None = None
    series: tuple[PriceSeries, ...] = ()


NO_PRICES = GpuPrices()


@dataclass(frozen=True, slots=True)
class UtilisationSpec:
    """The fraction of the dense 16-bit speed that training uses, with where it comes from."""

    name: str
    fraction: Range
    is_assumption: bool
    source: str
    source_url: str = ""


@dataclass(frozen=True, slots=True)
class MethodSupport:
    """Whether each method runs: “yes”, “partly” or “no”."""

    full: str = "yes"
    lora: str = "yes"
    qlora: str = "yes"


@dataclass(frozen=True, slots=True)
class PlatformSpec:
    """What a GPU is programmed with, and what of the three methods runs there."""

    slug: str
    name: str
    support: MethodSupport
    note: str
    source_name: str
    source_url: str
    checked_on: dt.date


@dataclass(frozen=True, slots=True)
class GpuSpec:
    slug: str
    name: str
    short_name: str
    vendor: str
    audience: str
    memory_gb: int
    launched_on: dt.date | None
    bandwidth_bytes_per_second: Decimal | None
    bf16_dense_flops: Decimal | None
    bf16_flops_basis: str
    has_nvlink: bool
    retail_price: Price | None
    cloud_price_per_hour: Price | None
    is_tier_example: bool
    source: str
    usable_memory_mib: int | None = None
    usable_memory_basis: str = ""
    utilisation: UtilisationSpec | None = None
    platform: PlatformSpec | None = None
    supports_bf16: bool = True
    tdp_w: int | None = None
    price_series: tuple[PriceSeries, ...] = ()

    def with_prices(self, prices: GpuPrices) -> GpuSpec:
        """The same card with these prices."""
        return replace(
            self,
            retail_price=prices.to_buy,
            cloud_price_per_hour=prices.to_rent,
            price_series=prices.series,
        )

    @property
    def usable_bytes(self) -> int:
        """What a run may take of the card's memory."""
        return usable_bytes(self.memory_gb, self.usable_memory_mib)

    @property
    def speed(self) -> Speed | None:
        """What times follow from, or None where its speed or its use is not known."""
        if self.bf16_dense_flops is None or self.utilisation is None:
            return None
        return Speed(
            float(self.bf16_dense_flops), self.utilisation.fraction, has_nvlink=self.has_nvlink
        )


def without_prices(gpu: GpuSpec) -> GpuSpec:
    """The card as it is apart from what it costs, to compare cards by."""
    return gpu.with_prices(NO_PRICES)


@dataclass(frozen=True, slots=True)
class TierSpec:
    """A size of GPU memory as cards are sold.

    `gpus` holds the tier's published GPUs in the editors' order. `usable_bytes` is set where a
    precise figure is to be fitted: what the cards have for a run, instead of GB as sold.
    """

    memory_gb: int
    label: str
    audience: str
    is_on_ladder: bool
    may_be_multiplied: bool
    gpus: tuple[GpuSpec, ...] = ()
    usable_bytes: int | None = None

    @property
    def capacity_bytes(self) -> int:
        """The bytes that an estimate fits into.

        The rule of thumb's are GB as sold, 10⁹ bytes each; precise ones what a run may take.
        """
        return self.memory_gb * GB if self.usable_bytes is None else self.usable_bytes

    def as_usable(self) -> TierSpec:
        """The tier with the bytes that every one of its example cards has for a run."""
        least = min((gpu.usable_bytes for gpu in self.examples), default=self.memory_gb * GB)
        return replace(self, usable_bytes=least)

    @property
    def examples(self) -> tuple[GpuSpec, ...]:
        return tuple(gpu for gpu in self.gpus if gpu.is_tier_example)
