"""Specs for tests: each names only what it is about."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from calculator.catalog import Catalog
from gpus.specs import GpuSpec, Price, TierSpec

LADDER_GB = (8, 12, 16, 24, 32, 48, 80)


def a_price(usd: str, *, checked_on: str = "2026-11-01", **changes) -> Price:
    price = {
        "usd": Decimal(usd),
        "source_name": "Price list",
        "source_url": "https://example.com/prices",
        "checked_on": dt.date.fromisoformat(checked_on),
    }
    return Price(**price | changes)


def a_gpu(name: str, memory_gb: int = 24, **changes) -> GpuSpec:
    gpu = {
        "slug": name.lower().replace(" ", "-"),
        "name": name,
        "short_name": name.removeprefix("GeForce "),
        "vendor": "NVIDIA",
        "audience": "consumer",
        "memory_gb": memory_gb,
        "launched_on": None,
        "bandwidth_bytes_per_second": None,
        "bf16_dense_flops": None,
        "bf16_flops_basis": "",
        "has_nvlink": False,
        "retail_price": None,
        "cloud_price_per_hour": None,
        "is_tier_example": False,
        "source": "data sheet",
    }
    return GpuSpec(**gpu | changes)


def a_tier(memory_gb: int, *gpus: GpuSpec, **changes) -> TierSpec:
    tier = {
        "label": f"{memory_gb} GB" if memory_gb == 80 else f"{memory_gb} GB GPU",
        "audience": "consumer",
        "is_on_ladder": memory_gb in LADDER_GB,
        "may_be_multiplied": memory_gb == 80,
    }
    return TierSpec(memory_gb=memory_gb, gpus=gpus, **tier | changes)


def ladder() -> list[TierSpec]:
    return [a_tier(memory_gb) for memory_gb in LADDER_GB]


def catalog_of(*gpus: GpuSpec) -> Catalog:
    by_memory: dict[int, list[GpuSpec]] = {}
    for gpu in gpus:
        by_memory.setdefault(gpu.memory_gb, []).append(gpu)
    return Catalog(
        version="",
        tiers=tuple(a_tier(gb, *by_memory[gb]) for gb in sorted(by_memory)),
        training_methods=(),
        inference_methods=(),
        sizes_b=(),
        faq=(),
    )
