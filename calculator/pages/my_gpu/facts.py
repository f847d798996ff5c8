"""A GPU's facts, each with where it comes from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from calculator.estimation.usable_memory import MIB
from calculator.pages.facts import Fact
from calculator.words.formatting import format_gb, format_number
from calculator.words.methods import METHOD_NAMES
from gpus.presenters import price_view
from gpus.price_curve import PriceHistory, price_histories
from gpus.prices.kinds import PriceKind
from gpus.specs import GpuSpec
from gpus.tiers import Audience

SUPPORT_WORDS = {"yes": "runs", "partly": "runs in part", "no": "does not run"}
BY_RULE = "by the rule for cards whose figure nobody has stated: the H100's share, 99.6 %"


@dataclass(frozen=True, slots=True)
class PlatformView:
    name: str
    support: tuple[tuple[str, str, str], ...]
    """Method, word, slug of the word."""
    note: str
    source_name: str
    source_url: str
    checked_on: dt.date


@dataclass(frozen=True, slots=True)
class FactsView:
    kind: str
    facts: tuple[Fact, ...]
    prices: tuple[Fact, ...]
    histories: tuple[PriceHistory, ...]
    source: str
    platform: PlatformView | None


def facts_view(gpu: GpuSpec, *, today: dt.date) -> FactsView:
    return FactsView(
        kind=f"{gpu.vendor}, {Audience(gpu.audience).label}",
        facts=tuple(_facts(gpu)),
        prices=tuple(_prices(gpu, today)),
        histories=price_histories(gpu),
        source=gpu.source,
        platform=_platform(gpu),
    )


def _prices(gpu: GpuSpec, today: dt.date) -> Iterator[Fact]:
    """Each price, to rent and to buy, those that are gone last; that none is offered is a fact too."""
    for label, is_rent in (("To rent, per hour", True), ("To buy", False)):
        series = [s for s in gpu.price_series if PriceKind(s.kind_slug).is_rent is is_rent]
        offered = [each for each in series if each.ended_on is None]
        if not offered:
            yield Fact(label, "no dated price is known" if not series else "no offer is known now")
        for each in (*offered, *(each for each in series if each.ended_on)):
            last = replace(each.newest, ended_on=each.ended_on)
            yield Fact(label, "", price=price_view(last, today=today))


def _facts(gpu: GpuSpec) -> list[Fact]:
    usable = f"{format_gb(gpu.usable_bytes)} ({gpu.usable_bytes // MIB:,} MiB)"
    facts = [
        Fact("Memory as sold", f"{gpu.memory_gb:,} GB"),
        Fact("Memory that a run can use", usable, gpu.usable_memory_basis or BY_RULE),
    ]
    if gpu.bandwidth_bytes_per_second is not None:
        facts.append(Fact("Bandwidth", f"{_units(gpu.bandwidth_bytes_per_second, 10**9)} GB/s"))
    if gpu.bf16_dense_flops is not None:
        facts.append(
            Fact(
                "Dense bf16" if gpu.supports_bf16 else "Dense fp16",
                f"{_units(gpu.bf16_dense_flops, 10**12)} TFLOPS",
                gpu.bf16_flops_basis,
            )
        )
    facts.append(Fact("bf16", "yes" if gpu.supports_bf16 else "no: trains in fp16"))
    facts.append(Fact("NVLink", "yes" if gpu.has_nvlink else "no"))
    if gpu.tdp_w is not None:
        facts.append(Fact("Board power", f"{gpu.tdp_w:,} W"))
    if gpu.launched_on is not None:
        facts.append(Fact("Launched", f"{gpu.launched_on:%b %Y}"))
    if gpu.utilisation is not None:
        fraction = gpu.utilisation.fraction
        facts.append(
            Fact(
                "Part of that speed that training uses",
                f"{fraction.low:.0%} to {fraction.high:.0%}, likely {fraction.likely:.0%}",
                gpu.utilisation.source,
            )
        )
    return facts


def _platform(gpu: GpuSpec) -> PlatformView | None:
    platform = gpu.platform
    if platform is None:
        return None
    support = platform.support
    return PlatformView(
        name=platform.name,
        support=tuple(
            (name, SUPPORT_WORDS[word], word)
            for method, name in METHOD_NAMES.items()
            if (word := getattr(support, method))
        ),
        note=platform.note,
        source_name=platform.source_name,
        source_url=platform.source_url,
        checked_on=platform.checked_on,
    )


def _units(value: Decimal, unit: int) -> str:
    amount = value / unit
    return format_number(amount, decimals=0 if amount >= 100 else 1)
