"""Models, GPUs, memory tiers and presets as JSON."""

from __future__ import annotations

from decimal import Decimal

from calculator.catalog import Catalog
from calculator.estimation.rule_of_thumb import MethodSpec
from calculator.language_models.specs import LanguageModelSpec
from calculator.models import Task
from calculator.pages.api.shapes import (
    GpuJson,
    ModelJson,
    PresetJson,
    PriceJson,
    TierJson,
)
from gpus.specs import GpuSpec, Price, TierSpec


def model_as_json(model: LanguageModelSpec) -> ModelJson:
    return {
        "slug": model.slug,
        "name": model.name,
        "hf_id": model.hf_id,
        "family": model.family,
        "license": model.license,
        "released": None if model.released_on is None else model.released_on.isoformat(),
        "parameters": model.params_total_count,
        "active_parameters": model.params_active_count,
        "context_length": model.context_length,
        "has_precise_estimate": model.architecture is not None,
        "parameters_only_reason": model.parameters_only_reason,
        "source": model.source,
    }


def gpu_as_json(gpu: GpuSpec) -> GpuJson:
    return {
        "slug": gpu.slug,
        "name": gpu.name,
        "short_name": gpu.short_name,
        "vendor": gpu.vendor,
        "audience": gpu.audience,
        "memory_gb": gpu.memory_gb,
        "usable_bytes": gpu.usable_bytes,
        "bandwidth_bytes_per_second": _number(gpu.bandwidth_bytes_per_second),
        "bf16_dense_flops": _number(gpu.bf16_dense_flops),
        "supports_bf16": gpu.supports_bf16,
        "has_nvlink": gpu.has_nvlink,
        "board_power_w": gpu.tdp_w,
        "launched": None if gpu.launched_on is None else gpu.launched_on.isoformat(),
        "cloud_price_per_hour": _price_as_json(gpu.cloud_price_per_hour),
        "retail_price": _price_as_json(gpu.retail_price),
        "source": gpu.source,
    }


def _price_as_json(price: Price | None) -> PriceJson | None:
    if price is None:
        return None
    return {
        "usd": float(price.usd),
        "kind": price.kind,
        "is_estimate": price.is_estimate,
        "source_name": price.source_name,
        "source_url": price.source_url,
        "checked_on": price.checked_on.isoformat(),
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def tier_as_json(tier: TierSpec) -> TierJson:
    return {
        "memory_gb": tier.memory_gb,
        "label": tier.label,
        "audience": tier.audience,
        "is_on_ladder": tier.is_on_ladder,
        "may_be_multiplied": tier.may_be_multiplied,
        "gpus": [gpu.slug for gpu in tier.gpus],
    }


def presets_as_json(catalog: Catalog) -> list[PresetJson]:
    return [_preset_as_json(each, task) for task in Task for each in catalog.methods(task)]


def _preset_as_json(method: MethodSpec, task: Task) -> PresetJson:
    return {
        "slug": method.slug,
        "task": task.value,
        "name": method.name,
        "summary": method.summary,
        "bytes_per_parameter": float(method.bytes_per_parameter),
        "parts": [
            {
                "slug": part.slug,
                "label": part.label,
                "bytes_per_parameter": float(part.bytes_per_parameter),
                "explanation": part.explanation,
            }
            for part in method.parts
        ],
    }
