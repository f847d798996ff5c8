"""Rows of measured_runs.csv as typed values."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, fields
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


# Columns of the file that are not called as their fields are.
_COLUMNS = {
    "where": "url_or_repo_path",
    "sequence_length": "seq_len",
    "checkpointing": "gradient_checkpointing",
    "loss": "liger_or_chunked_loss",
    "measured": "what_is_measured",
    "framework": "framework_version",
}


def _run(row: Mapping[str, str]) -> MeasuredRun:
    texts = {
        each.name: row[_COLUMNS.get(each.name, each.name)]
        for each in fields(MeasuredRun)
        if each.type == "str"
    }
    return MeasuredRun(
        **texts,
        gpu_count=int(row["num_gpus"]),
        low_bytes=round(float(row["peak_gib_low"]) * GIB),
        high_bytes=round(float(row["peak_gib_high"]) * GIB),
    )
