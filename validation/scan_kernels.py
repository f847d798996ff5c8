"""Holds the estimate of DeltaNet's kernels to steps traced with stand-ins for them.

    python -m validation.scan_kernels

Only the scans run by kernels, as where flash-linear-attention and causal-conv1d are installed:
norms, MLPs and rotary positions are transformers' own. The estimate is made to do the same. Needs
validation/requirements.txt; nothing is written.
"""

from __future__ import annotations

import logging
import sys
import warnings
from dataclasses import asdict, replace
from typing import Any

from calculator.estimation import estimate
from calculator.estimation.step import attention
from validation.traced import step_of
from validation.tracing.case import Case
from validation.tracing.fake_tensors import trace
from validation.tracing.model_configs import config_of, model_rows
from validation.tracing.scan_kernels import use_stand_ins

MODELS = ("qwen3-5-0-8b", "qwen3-5-9b")
RECIPES: tuple[dict[str, Any], ...] = (
    {"method": "full", "recipe": "pure_bf16"},
    {"method": "full"},
    {"method": "lora"},
    {"method": "qlora"},
)


def main() -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    use_stand_ins()
    plain = attention.delta_net
    attention.delta_net = lambda tape, model, numerics, hidden: plain(
        tape, model, replace(numerics, fused_kernels=True), hidden
    )
    for model in MODELS:
        for recipe in RECIPES:
            for checkpointing in (True, False):
                case = Case(model, **recipe, gradient_checkpointing=checkpointing)
                words = f"{model}  {recipe}  checkpointing={checkpointing}"
                sys.stdout.write(f"{_error_of(case):+.3%}  {words}\n")


def _error_of(case: Case) -> float:
    case = replace(case, layer_count=4, micro_batch=2, sequence_length=1024)
    row = model_rows()[case.model]
    config, _ = config_of(row, case)
    _, peaks, trained_count = trace(case, config)
    traced: dict[str, Any] = {name: str(value) for name, value in asdict(case).items()}
    traced |= {"peak_bytes": max(peaks.values()), "trained_count": trained_count}
    step = step_of(0, {**traced, "transformers": "", "peft": "", "torch": ""}, row)
    estimated = estimate(step.architecture, step.settings).peak_allocated_bytes
    return estimated / step.peak_bytes - 1


if __name__ == "__main__":
    main()
