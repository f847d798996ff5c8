"""The numbers of the methodology page, each read from the code that uses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import get_args

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.cluster.run_time import (
    NVLINK_SCALING,
    PCIE_SCALING,
    QUANTIZED_SPEED,
    Range,
)
from calculator.estimation.cluster.sharding import STRATEGY_NAMES
from calculator.estimation.cluster.words import STRATEGY_WORDS
from calculator.estimation.device import CONTEXT_BYTES, GAPS_FRACTION, LIKELY_FRACTION, MIB
from calculator.estimation.estimate import COMPONENTS, FORMULA_VERSION
from calculator.estimation.settings import Optimizer, Recipe
from calculator.estimation.step.resident import QUANTIZED_BYTES_PER_WEIGHT
from calculator.estimation.step.timeline import PHASE_NAMES
from calculator.estimation.units import GB, GIB
from calculator.pages.methodology.closed_forms import (
    kept_per_token_and_layer,
    logits_bytes_per_entry,
)
from calculator.pages.methodology.example import LLAMA_3_1_8B, METHODS, example_settings
from calculator.words.formatting import format_gb, format_number


@dataclass(frozen=True, slots=True)
class RecipeRow:
    """Bytes per parameter of full fine-tuning with one recipe and AdamW."""

    name: str
    weights: str
    gradients: str
    optimizer_states: str
    total: str
    with_foreach: str


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What a layer keeps per token, without and with checkpointing."""

    name: str
    kept: str
    checkpointed: str


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One component of the worked example: its bytes for each method, "" where it has none."""

    slug: str
    label: str
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that the page prints and that is not words."""

    formula_version: str
    quantized: dict[str, str]
    optimizer_bytes: tuple[tuple[str, str], ...]
    recipes: tuple[RecipeRow, ...]
    kept: tuple[KeptRow, ...]
    logits: dict[str, str]
    context_mib: tuple[str, str, str]
    likely_percent: str
    gaps_percent: str
    example_model: str
    example_settings: TrainingSettings
    example_methods: tuple[str, ...]
    example: tuple[ExampleRow, ...]
    example_peaks: tuple[str, ...]
    example_phases: tuple[str, ...]
    example_devices: tuple[str, ...]
    reported_memory: tuple[ReportedMemory, ...]
    gigabyte: str
    gibibyte: str
    strategies: tuple[tuple[str, str], ...]
    nvlink_percent: str
    pcie_percent: str
    quantized_speed_percent: str

    @property
    def example_sums(self) -> tuple[tuple[str, str], ...]:
        """Each method's name with its peak, for who does not open the table."""
        return tuple(zip(self.example_methods, self.example_peaks, strict=True))


@dataclass(frozen=True, slots=True)
class ReportedMemory:
    """What a card is sold as, and what nvidia-smi says that it has."""

    card: str
    sold: str
    mib: str
    gb: str


# nvidia-smi's memory.total: an RTX 4090 24 GB and an H100 80 GB.
_REPORTED_MIB = (("GeForce RTX 4090", 24, 24_564), ("H100", 80, 81_559))


_RECIPE_NAMES: dict[Recipe, str] = {
    "pure_bf16": "bf16 throughout",
    "bf16_autocast": "fp32 weights under bf16 autocast",
    "bf16_fp32_master": "bf16 weights, fp32 master copy in the optimizer",
    "fp16_autocast": "fp32 weights under fp16 autocast",
    "fp32": "fp32 throughout",
}
# Those whose bytes follow the parameters alone: GaLore, APOLLO and Muon go by the matrices' shapes.
_OPTIMIZER_NAMES: dict[Optimizer, str] = {
    "adamw": "AdamW, fused or tensor by tensor",
    "adamw_foreach": "AdamW, for-each (PyTorch’s default)",
    "adamw_8bit": "AdamW in 8 bits (bitsandbytes)",
    "paged_adamw_8bit": "Paged AdamW in 8 bits",
    "paged_adamw": "Paged AdamW",
    "adamw_torchao_8bit": "AdamW in 8 bits (torchao)",
    "adamw_torchao_4bit": "AdamW in 4 bits (torchao)",
    "adafactor": "Adafactor",
    "lion": "Lion (bitsandbytes)",
    "lion_8bit": "Lion in 8 bits (bitsandbytes)",
    "sgd": "SGD without momentum",
}


@lru_cache(maxsize=1)
def methodology_figures() -> Figures:
    """All figures, computed once."""
    found = [estimate(LLAMA_3_1_8B, example_settings(method)) for method, _ in METHODS]
    by_method = [{item.component: item.bytes for item in each.breakdown} for each in found]
    return Figures(
        formula_version=FORMULA_VERSION,
        quantized={
            name: format_number(size, decimals=4)
            for name, size in QUANTIZED_BYTES_PER_WEIGHT.items()
        },
        optimizer_bytes=tuple(
            (_OPTIMIZER_NAMES[name], _bytes(_states_per_parameter(name)))
            for name in _OPTIMIZER_NAMES
        ),
        recipes=tuple(_recipe_row(recipe) for recipe in get_args(Recipe)),
        kept=_kept_rows(),
        logits=_logits(),
        context_mib=tuple(f"{size // MIB}" for size in CONTEXT_BYTES),  # type: ignore[arg-type]
        likely_percent=f"{LIKELY_FRACTION:.0%}",
        gaps_percent=f"{GAPS_FRACTION:.0%}",
        example_model=LLAMA_3_1_8B.name,
        example_settings=example_settings("full"),
        example_methods=tuple(name for _, name in METHODS),
        example=tuple(
            ExampleRow(
                slug,
                label,
                tuple(format_gb(parts[slug]) if parts.get(slug) else "" for parts in by_method),
            )
            for slug, label in COMPONENTS.items()
            if any(parts.get(slug) for parts in by_method)
        ),
        example_peaks=tuple(format_gb(each.peak_allocated_bytes) for each in found),
        example_phases=tuple(PHASE_NAMES[each.peak_phase] for each in found),
        example_devices=tuple(
            f"{_gb(each.device_bytes.low)} to {_gb(each.device_bytes.high)} GB" for each in found
        ),
        reported_memory=tuple(
            ReportedMemory(card, f"{sold} GB", f"{mib:,} MiB", f"{_gb(mib * MIB)} GB")
            for card, sold, mib in _REPORTED_MIB
        ),
        gigabyte=f"{GB:,}",
        gibibyte=f"{GIB:,}",
        strategies=tuple((STRATEGY_NAMES[name], words) for name, words in STRATEGY_WORDS.items()),
        nvlink_percent=_range_percent(NVLINK_SCALING),
        pcie_percent=_range_percent(PCIE_SCALING),
        quantized_speed_percent=_range_percent(QUANTIZED_SPEED),
    )


def _range_percent(fractions: Range) -> str:
    """“85 to 100 %, likely 94 %”."""
    return f"{fractions.low:.0%} to {fractions.high:.0%}, likely {fractions.likely:.0%}"


def _gb(size: int) -> str:
    return format_number(size / GB, decimals=1)


def _bytes(size: float) -> str:
    if 0 < size < 0.005:
        return "almost none"
    return format_number(size, decimals=2)


def _parts(settings: TrainingSettings) -> tuple[dict[str, int], int]:
    found = estimate(LLAMA_3_1_8B, settings)
    return {
        item.component: item.bytes for item in found.breakdown
    }, found.parameters_trainable_count


def _states_per_parameter(optimizer: Optimizer) -> float:
    parts, count = _parts(replace(example_settings("full"), recipe="fp32", optimizer=optimizer))
    return parts.get("optimizer_states", 0) / count


def _recipe_row(recipe: Recipe) -> RecipeRow:
    """At the optimizer step, where all gradients are there."""
    settings = replace(example_settings("full"), recipe=recipe, micro_batch=1, sequence_length=1)
    parts, count = _parts(settings)
    foreach, _ = _parts(replace(settings, optimizer="adamw_foreach"))
    weights, gradients, states = (
        parts.get(name, 0) / count for name in ("weights", "gradients", "optimizer_states")
    )
    total = weights + gradients + states
    temporaries = foreach.get("optimizer_temporaries", 0) / count
    return RecipeRow(
        _RECIPE_NAMES[recipe],
        _bytes(weights),
        _bytes(gradients),
        _bytes(states),
        _bytes(total),
        _bytes(total + temporaries),
    )


def _kept_rows() -> tuple[KeptRow, ...]:
    bases = (
        ("Full, bf16 throughout", replace(example_settings("full"), recipe="pure_bf16")),
        ("Full, fp32 weights under autocast", example_settings("full")),
        ("LoRA on all linear maps, autocast", example_settings("lora")),
        ("QLoRA on all linear maps, autocast", example_settings("qlora")),
    )
    return tuple(
        KeptRow(
            name,
            kept_per_token_and_layer(replace(settings, gradient_checkpointing=False)),
            kept_per_token_and_layer(settings),
        )
        for name, settings in bases
    )


def _logits() -> dict[str, str]:
    base = example_settings("lora")
    return {
        "standard": _bytes(logits_bytes_per_entry(base)),
        "kept": _bytes(logits_bytes_per_entry(replace(base, keeps_logits=True))),
        "fused": _bytes(logits_bytes_per_entry(replace(base, loss="fused"))),
        "chunked": _bytes(logits_bytes_per_entry(replace(base, loss="chunked"))),
    }
