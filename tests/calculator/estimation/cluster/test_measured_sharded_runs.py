"""Published runs on several GPUs, whose peak of allocated bytes per GPU is known."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import median

import pytest

from calculator.estimation import TrainingSettings
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.units import GIB

from ..architectures import architecture

SLUGS = {
    "mistralai/Mistral-7B-v0.1": "mistral-7b-v0-1",
    "meta-llama/Meta-Llama-3-8B": "llama-3-8b",
    "LLaMA-7B": "llama-2-7b",
    "LLaMA-13B": "llama-2-13b",
}


def measured_runs() -> list[dict[str, str]]:
    path = Path(__file__).parent / "measured_sharded_runs.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def error_fraction(run: dict[str, str]) -> float:
    settings = TrainingSettings(
        method=run["method"],
        micro_batch=int(run["micro_batch"]),
        sequence_length=int(run["sequence_length"]),
        recipe="bf16_autocast" if run["mixed_precision"] == "true" else "pure_bf16",
        loss=run["loss"],
        kernels="fused" if run["fused_kernels"] == "true" else "standard",
        optimizer=run["optimizer"],
        lora_targets=("q_proj", "k_proj", "v_proj", "o_proj"),
        # fms-acceleration, framework_plugin_bnb.py: double quantisation.
        quantization="nf4_double",
        prepare_kbit=run["prepare_kbit"] == "true",
        keeps_logits=True,
    )
    sharding = Sharding(
        run["strategy"],
        int(run["gpu_count"]),
        keeps_layer_inputs=run["keeps_layer_inputs"] == "true",
    )
    peak = estimate_sharded(architecture(SLUGS[run["model"]]), settings, sharding)
    return peak.peak_allocated_bytes / GIB / float(run["measured_peak_gib"]) - 1


@pytest.mark.parametrize("run", measured_runs(), ids=lambda run: run["id"])
def test_a_published_sharded_run_is_met_within_a_fifth(run):
    assert abs(error_fraction(run)) < 0.21


def test_the_median_error_over_published_sharded_runs_is_at_most_5_percent():
    errors = [abs(error_fraction(run)) for run in measured_runs()]

    assert median(errors) <= 0.05


@pytest.mark.parametrize("name", ["fms-010", "fms-189", "fms-221"])
def test_a_full_fine_tunes_optimizer_step_under_fsdp_is_met_within_a_thousandth(name):
    run = next(run for run in measured_runs() if run["id"] == name)

    assert abs(error_fraction(run)) < 0.001
