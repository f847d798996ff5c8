"""From a model and what it is run with to what each format takes and what holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calculator.catalog import Catalog
from calculator.estimation import Architecture
from calculator.estimation.cluster.counts import fewest
from calculator.estimation.inference import (
    InferenceEstimate,
    InferenceSettings,
    estimate_inference,
)
from calculator.estimation.inference.weight_formats import WEIGHT_FORMATS, WeightFormat
from gpus.fitting import GpuSetup, Setup, alternatives
from gpus.specs import TierSpec

MOST_ALTERNATIVES = 3
# The formats of a runtime that stand as cards: of 16, 8 and 4 bits.
CARDS = {
    "vllm": ("bf16", "fp8", "awq"),
    "llama.cpp": ("f16", "q8_0", "q4_k_m"),
    "transformers": ("bf16-transformers", "int8", "nf4"),
}
# Published in it: its 4-bit card is this.
PUBLISHED_IN_MXFP4 = "gpt_oss"


@dataclass(frozen=True, slots=True)
class InferenceResult:
    """One format's estimate and the smallest setup with room for its likely figure.

    tight is a smaller card of the ladder that has room for the low end alone.
    """

    estimate: InferenceEstimate
    minimum: Setup | None
    tight: Setup | None
    alternatives: tuple[GpuSetup, ...]

    @property
    def slug(self) -> str:
        return self.estimate.weights_format.slug

    @property
    def name(self) -> str:
        return self.estimate.weights_format.name

    @property
    def memory_bytes(self) -> int:
        return self.estimate.device_bytes.likely

    @property
    def range_bytes(self) -> tuple[int, int]:
        return (self.estimate.device_bytes.low, self.estimate.device_bytes.high)


def card_results(
    catalog: Catalog, architecture: Architecture, settings: InferenceSettings
) -> tuple[InferenceResult, ...]:
    """The formats of 16, 8 and 4 bits that the chosen runtime loads, each fitted."""
    slugs = CARDS[settings.runtime]
    if settings.runtime == "vllm" and architecture.model_type == PUBLISHED_IN_MXFP4:
        slugs = (*slugs[:2], "mxfp4")
    return tuple(
        _fit(catalog, estimate_inference(architecture, WEIGHT_FORMATS[slug], settings))
        for slug in slugs
    )


def all_results(
    catalog: Catalog, architecture: Architecture, settings: InferenceSettings
) -> tuple[InferenceResult, ...]:
    """Every format, whatever runs it; those whose runtime has no such KV cache are left out."""
    return tuple(
        _fit(catalog, found, with_alternatives=False)
        for weights in WEIGHT_FORMATS.values()
        if (found := _estimate(architecture, weights, settings)) is not None
    )


def _estimate(
    architecture: Architecture, weights: WeightFormat, settings: InferenceSettings
) -> InferenceEstimate | None:
    if weights.only_experts and not architecture.is_moe:
        return None
    if settings.kv_precision not in weights.loaded_by.kv_bits:
        return None
    return estimate_inference(architecture, weights, settings)


def _fit(
    catalog: Catalog, found: InferenceEstimate, *, with_alternatives: bool = True
) -> InferenceResult:
    tiers = catalog.usable_tiers
    minimum = _smallest(found, tiers)
    others: tuple[GpuSetup, ...] = ()
    if with_alternatives:
        likely = found.device_bytes.likely
        others = tuple(
            each
            for each in alternatives(likely, minimum, tiers, limit=2 * MOST_ALTERNATIVES)
            if minimum is not None
            and each.setup.tier.memory_gb != minimum.tier.memory_gb
            and found.per_gpu(each.gpu_count).likely <= each.setup.tier.capacity_bytes
        )[:MOST_ALTERNATIVES]
    return InferenceResult(found, minimum, _tight_below(found, tiers, minimum), others)


def _smallest(found: InferenceEstimate, tiers: Iterable[TierSpec]) -> Setup | None:
    """The smallest single card of the ladder, else the fewest of a tier that may be multiplied.

    Counts are those that can be had. Each GPU has to have room for its own likely figure: the
    workspace and the runtime's own are on each of them. Where the ladder has none, the smallest
    beyond it is the minimum.
    """
    tiers = tuple(tiers)
    ladder = _ladder(tiers)
    beyond = [tier for tier in tiers if not tier.is_on_ladder and tier.examples]
    return _smallest_of(found, ladder) or _smallest_of(
        found, sorted(beyond, key=lambda t: t.memory_gb)
    )


def _smallest_of(found: InferenceEstimate, ladder: list[TierSpec]) -> Setup | None:
    likely = found.device_bytes.likely
    for tier in ladder:
        if likely <= tier.capacity_bytes:
            return Setup(tier, 1)

    def fewest_of(tier: TierSpec) -> Setup | None:
        def tried(count: int) -> Setup | None:
            holds = found.per_gpu(count).likely <= tier.capacity_bytes
            return Setup(tier, count) if holds else None

        return fewest(tried)

    setups = [fewest_of(tier) for tier in ladder if tier.may_be_multiplied]
    return min(
        (each for each in setups if each is not None),
        key=lambda each: (each.gpu_count, each.capacity_bytes),
        default=None,
    )


def _tight_below(
    found: InferenceEstimate, tiers: Iterable[TierSpec], minimum: Setup | None
) -> Setup | None:
    low = found.device_bytes.low
    for tier in _ladder(tiers):
        if minimum is not None and tier.capacity_bytes >= minimum.capacity_bytes:
            return None
        if low <= tier.capacity_bytes:
            return Setup(tier, 1)
    return None


def _ladder(tiers: Iterable[TierSpec]) -> list[TierSpec]:
    return sorted((tier for tier in tiers if tier.is_on_ladder), key=lambda t: t.memory_gb)
