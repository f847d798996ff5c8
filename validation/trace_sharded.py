"""Traces steps under FSDP 2 on fake tensors and writes what they take on each GPU.

    python -m validation.trace_sharded         trace every case into validation/sharded_traces.csv
    python -m validation.trace_sharded --show  print the committed traces beside the estimate

Tracing needs validation/requirements.txt; showing does not. No network is used.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from calculator.estimation.architectures.rows import architecture_from_row
from calculator.estimation.cluster.sharded import ShardedEstimate, estimate_sharded
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.settings import TrainingSettings

HERE = Path(__file__).parent
SHARDED_TRACES = HERE / "sharded_traces.csv"
MODELS = HERE.parent / "calculator" / "data" / "models.csv"
PHASES = ("forward", "loss", "backward", "optimizer_step")
SETTINGS = ("model", "method", "micro_batch", "sequence_length", "gradient_checkpointing")
COLUMNS = (*SETTINGS, "gpu_count", "layer_count", "peak_bytes", *(f"{p}_bytes" for p in PHASES))


@dataclass(frozen=True)
class ShardedCase:
    """One step on one of so many GPUs, of a model with so many layers."""

    model: str
    method: str
    micro_batch: int
    sequence_length: int
    gradient_checkpointing: bool
    gpu_count: int
    layer_count: int


CASES = tuple(
    ShardedCase(model, method, 1, length, checkpointing, gpu_count, layer_count)
    for model, layer_count, gpu_count in (
        ("llama-2-7b", 8, 4),
        ("llama-3-1-8b", 6, 8),
        ("llama-3-2-1b", 8, 8),
        ("mistral-7b-v0-3", 12, 2),
        ("qwen2-5-7b", 6, 8),
        ("qwen3-0-6b", 12, 2),
        ("qwen3-4b", 8, 8),
    )
    for method, length, checkpointing in (
        ("full", 512, True),
        ("full", 4_096, True),
        ("full", 1_024, False),
        ("lora", 512, True),
        ("lora", 4_096, True),
    )
)


def read_sharded_traces() -> list[tuple[ShardedCase, dict[str, int]]]:
    """The committed traces: each case with its bytes by phase, and "peak"."""
    with SHARDED_TRACES.open(encoding="utf-8", newline="") as file:
        return [
            (
                ShardedCase(
                    row["model"],
                    row["method"],
                    int(row["micro_batch"]),
                    int(row["sequence_length"]),
                    row["gradient_checkpointing"] == "true",
                    int(row["gpu_count"]),
                    int(row["layer_count"]),
                ),
                {name: int(row[f"{name}_bytes"]) for name in ("peak", *PHASES)},
            )
            for row in csv.DictReader(file)
        ]


def estimate_of(case: ShardedCase) -> ShardedEstimate:
    """What the core says of a case."""
    with MODELS.open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["slug"] == case.model)
    architecture = replace(architecture_from_row(row), layer_count=case.layer_count)
    settings = TrainingSettings(
        method=case.method,  # type: ignore[arg-type]
        micro_batch=case.micro_batch,
        sequence_length=case.sequence_length,
        gradient_checkpointing=case.gradient_checkpointing,
    )
    return estimate_sharded(architecture, settings, Sharding("fsdp", case.gpu_count))


def _traced(case: ShardedCase) -> dict[str, int]:
    from validation.tracing.case import Case
    from validation.tracing.model_configs import config_of, model_rows
    from validation.tracing.sharded_step import trace_sharded

    warnings.simplefilter("ignore")
    # FSDP gathers in 16 bits: a full fine-tune has nothing for autocast to cast.
    step = Case(
        model=case.model,
        method=case.method,
        micro_batch=case.micro_batch,
        sequence_length=case.sequence_length,
        gradient_checkpointing=case.gradient_checkpointing,
        recipe="pure_bf16" if case.method == "full" else "bf16_autocast",
        adapter_precision="bf16",
        layer_count=case.layer_count,
    )
    config, _ = config_of(model_rows()[case.model], step)
    return trace_sharded(step, config, case.gpu_count)


def _rows() -> Iterator[dict[str, object]]:
    # A process for each: a process group and FSDP's patches stay with the process.
    context = multiprocessing.get_context("spawn")
    for case in CASES:
        with context.Pool(1) as pool:
            peaks = pool.apply(_traced, (case,))
        row: dict[str, object] = {name: getattr(case, name) for name in COLUMNS[:7]}
        row["gradient_checkpointing"] = str(case.gradient_checkpointing).lower()
        row["peak_bytes"] = max(peaks.values())
        row.update({f"{phase}_bytes": peaks[phase] for phase in PHASES})
        yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true")
    if not parser.parse_args().show:
        with SHARDED_TRACES.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            for row in _rows():
                writer.writerow(row)
                file.flush()
    for case, traced in read_sharded_traces():
        ours = estimate_of(case).per_gpu
        errors = " ".join(f"{p} {ours.phases[p] / traced[p] - 1:+.3f}" for p in PHASES)
        print(  # noqa: T201
            f"{case.model:16} {case.method:5} {case.sequence_length:5}"
            f" {'checkpoints' if case.gradient_checkpointing else '':11}"
            f" peak {ours.peak_allocated_bytes / traced['peak'] - 1:+.3f}; {errors}"
        )


if __name__ == "__main__":
    main()
