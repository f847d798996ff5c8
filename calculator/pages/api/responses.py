"""Results → the JSON that docs/api.md promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from calculator.answer.ladder import LadderSetup
from calculator.answer.precise import PreciseResult
from calculator.estimation import FieldError
from gpus.labels import setup_label


def estimate_as_json(result: PreciseResult) -> dict[str, Any]:
    found = result.estimate
    return {
        "peak_allocated_bytes": found.peak_allocated_bytes,
        "device_bytes": {
            "low": found.device_bytes.low,
            "likely": found.device_bytes.likely,
            "high": found.device_bytes.high,
        },
        "peak_phase": found.peak_phase,
        "phases": found.phases,
        "breakdown": [
            {"component": item.component, "bytes": item.bytes} for item in found.breakdown
        ],
        "parameters": {
            "total": found.parameters_total_count,
            "trainable": found.parameters_trainable_count,
        },
        "rule_of_thumb_bytes": result.rule_of_thumb_bytes,
        "minimum_gpu": _minimum_as_json(result.smallest),
        "tight_gpu": _minimum_as_json(result.tight),
        "assumptions": list(result.assumptions),
        "formula_version": found.formula_version,
    }


def _minimum_as_json(found: LadderSetup | None) -> dict[str, Any] | None:
    """A setup of the ladder with its verdict; None if there is none."""
    if found is None:
        return None
    minimum = found.setup
    return {
        "verdict": found.run.verdict,
        "verdict_sentence": found.run.verdict_sentence,
        "label": setup_label(minimum),
        "memory_gb": minimum.tier.memory_gb,
        "gpu_count": minimum.gpu_count,
        "examples": [{"slug": gpu.slug, "name": gpu.name} for gpu in minimum.tier.examples],
    }


def errors_as_json(errors: Iterable[FieldError]) -> dict[str, Any]:
    return {
        "errors": [
            {"field": error.field, "message": error.message[:1].upper() + error.message[1:]}
            for error in errors
        ]
    }
