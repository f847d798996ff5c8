"""Results → the JSON that docs/api.md promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from calculator.answer.ladder import LadderSetup
from calculator.answer.precise import PreciseResult, precise_result
from calculator.catalog import Catalog
from calculator.estimation import FieldError, TrainingSettings
from calculator.estimation.cluster.sharded import ShardedEstimate, estimate_sharded
from calculator.estimation.device import DeviceBytes
from calculator.pages.api.requests import EstimateRequest
from calculator.pages.api.shapes import (
    AllEstimatesJson,
    ClusterJson,
    ErrorsJson,
    EstimateJson,
    RangeJson,
    Reason,
    SetupJson,
)
from gpus.labels import setup_label


def estimates_as_json(asked: EstimateRequest, catalog: Catalog) -> EstimateJson | AllEstimatesJson:
    """The one run that is asked for, or every method's."""
    answers = {settings.method: _run_as_json(catalog, asked, settings) for settings in asked.runs}
    if asked.is_of_all_methods:
        return {"methods": answers}
    return answers[asked.runs[0].method]


def _run_as_json(
    catalog: Catalog, asked: EstimateRequest, settings: TrainingSettings
) -> EstimateJson:
    answer = estimate_as_json(precise_result(catalog, asked.subject, asked.architecture, settings))
    if asked.sharding is not None:
        run = estimate_sharded(asked.architecture, settings, asked.sharding)
        answer["cluster"] = cluster_as_json(run)
    return answer


def estimate_as_json(result: PreciseResult) -> EstimateJson:
    found = result.estimate
    return {
        "peak_allocated_bytes": found.peak_allocated_bytes,
        "device_bytes": device_as_json(found.device_bytes),
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
        "minimum_gpu": _setup_as_json(result.smallest),
        "tight_gpu": _setup_as_json(result.tight),
        "assumptions": list(result.assumptions),
        "formula_version": found.formula_version,
    }


def cluster_as_json(run: ShardedEstimate) -> ClusterJson:
    """What one GPU of a stated cluster holds, and the host memory of one node."""
    host = run.host
    return {
        "gpu_count": run.sharding.gpu_count,
        "strategy": run.sharding.strategy,
        "offload": run.sharding.offload,
        "peak_allocated_bytes_per_gpu": run.peak_allocated_bytes,
        "device_bytes_per_gpu": device_as_json(run.device_bytes),
        "host_bytes_per_node": {"low": host.low, "likely": host.likely, "high": host.high},
        "assumptions": list(run.per_gpu.assumptions),
    }


def device_as_json(device: DeviceBytes) -> RangeJson:
    return {"low": device.low, "likely": device.likely, "high": device.high}


def _setup_as_json(found: LadderSetup | None) -> SetupJson | None:
    """So many cards of a tier, with the verdict and what it means; None where there are none."""
    if found is None:
        return None
    setup = found.setup
    return {
        "label": setup_label(setup),
        "memory_gb": setup.tier.memory_gb,
        "gpu_count": setup.gpu_count,
        "examples": [{"slug": gpu.slug, "name": gpu.name} for gpu in setup.tier.examples],
        "verdict": found.run.verdict,
        "verdict_sentence": found.run.verdict_sentence,
    }


def errors_as_json(errors: Iterable[FieldError]) -> ErrorsJson:
    return {
        "errors": [
            {
                "field": error.field,
                "message": error.message[:1].upper() + error.message[1:],
                "reason": cast(Reason, error.reason),
            }
            for error in errors
        ]
    }
