"""Rows of measured_runs.csv as typed values."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from calculator.estimation.units import GIB

MEASURED_RUNS = Path(__file__).parents[1] / "measured_runs.csv"


@dataclass(frozen=True, slots=True)
class MeasuredRun:
    """One published figure with the inputs that its source states.

    low_bytes and high_bytes are equal, except where a source leaves open whether its "GB" means
    10⁹ bytes or GiB. completeness "A": every input known, "B": one or two are not. measured is the
    source's counter in our words.
    """

    id: str
    source: str
    where: str
    model: str
    method: str
    base_precision: str
    optimizer: str
    lora_rank: str
    lora_targets: str
    micro_batch: str
    sequence_length: str
    checkpointing: str
    attention: str
    loss: str
    gpu_count: int
    sharding: str
    offload: str
    measured: str
    gpu: str
    framework: str
    notes: str
    completeness: str
    trust: str
    low_bytes: int
    high_bytes: int

    @property
    def middle_bytes(self) -> int:
        """What errors are measured against: the middle of low and high."""
        return (self.low_bytes + self.high_bytes) // 2

    @property
    def repository_url(self) -> str:
        """A link to where the figure was published, or nothing where there is none."""
        where = self.where.split()[0]
        if where.startswith("arXiv:"):
            return f"https://arxiv.org/abs/{where.removeprefix('arXiv:')}"
        if where.startswith("PyPI:"):
            return "https://pypi.org/project/" + self.where.split()[1].split("/")[0] + "/"
        if "." in where.split("/")[0]:
            return f"https://{where}"
        return "https://github.com/" + where.split("@")[0]


def read_runs() -> tuple[MeasuredRun, ...]:
    """All committed runs, in the file's order."""
    with MEASURED_RUNS.open(encoding="utf-8", newline="") as file:
        return tuple(_run(row) for row in csv.DictReader(file))


def _run(row: Mapping[str, str]) -> MeasuredRun:
    return MeasuredRun(
        id=row["id"],
        source=row["source"],
        where=row["url_or_repo_path"],
        model=row["model"],
        method=row["method"],
        base_precision=row["base_precision"],
        optimizer=row["optimizer"],
        lora_rank=row["lora_rank"],
        lora_targets=row["lora_targets"],
        micro_batch=row["micro_batch"],
        sequence_length=row["seq_len"],
        checkpointing=row["gradient_checkpointing"],
        attention=row["attention"],
        loss=row["liger_or_chunked_loss"],
        gpu_count=int(row["num_gpus"]),
        sharding=row["sharding"],
        offload=row["offload"],
        measured=row["what_is_measured"],
        gpu=row["gpu"],
        framework=row["framework_version"],
        notes=row["notes"],
        completeness=row["completeness"],
        trust=row["trust"],
        low_bytes=round(float(row["peak_gib_low"]) * GIB),
        high_bytes=round(float(row["peak_gib_high"]) * GIB),
    )
