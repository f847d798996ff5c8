"""Write every tool's files for many runs, so that the tools themselves can read them.

    python -m validation.exports.write FOLDER

runs in the site's environment; then, in that of requirements-exports.txt,

    python validation/exports/check.py FOLDER

needs no GPU. Each run's files lie in a folder of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from itertools import product
from pathlib import Path

from calculator.carrying.exports.exporting import TOOL_NAMES, export
from calculator.carrying.exports.job import Job
from calculator.estimation import TrainingSettings
from calculator.estimation.architectures.typical import typical_architecture
from calculator.estimation.cluster import Sharding, impossible_reason
from calculator.estimation.settings import Method

CLUSTERS = (
    Sharding(),
    Sharding("ddp", 2),
    Sharding("zero1", 4, "optimizer"),
    Sharding("zero2", 8),
    Sharding("zero3", 8, "parameters"),
    Sharding("fsdp", 8),
    Sharding("fsdp", 2, "parameters"),
    Sharding("fsdp1", 4),
    Sharding("hybrid", 16),
)
METHODS: tuple[Method, ...] = ("full", "lora", "qlora")
# Each differs from a plain run in a few settings that some tool has words for.
VARIANTS: tuple[dict[str, object], ...] = (
    {},
    {"micro_batch": 4, "sequence_length": 8192, "attention": "flash_attention_2"},
    {"kernels": "fused", "loss": "chunked", "gradient_accumulation": 8},
    {"padding_free": True, "attention": "flash_attention_2", "optimizer": "paged_adamw_8bit"},
    {"activation_offload": "saved_tensors", "optimizer": "adamw_torchao_8bit"},
    {"activation_offload": "checkpoints", "optimizer": "adamw_8bit"},
    {"recipe": "pure_bf16", "gradient_checkpointing": False, "attention": "eager"},
    {"recipe": "fp16_autocast", "optimizer": "adafactor"},
    {"lora_rank": 64, "lora_targets": ("q_proj", "v_proj"), "lora_dropout": 0.1},
    {"use_dora": True, "modules_to_save": "embeddings_and_head"},
    {"quantization": "nf4", "prepare_kbit": False, "adapter_precision": "bf16"},
    {"quantization": "int8", "optimizer": "galore_adamw", "eval_micro_batch": 2},
    {"optimizer": "muon", "loss": "fused"},
    {"optimizer": "lion_8bit", "optimizer_in_backward": True, "reentrant_checkpoints": True},
)


def jobs() -> Iterator[tuple[str, Job]]:
    """Every method with every variant on one GPU, and a plain run on every cluster."""
    architecture = typical_architecture(Decimal(8))
    names = ("Llama 3.1 8B", "meta-llama/Llama-3.1-8B")

    def job(settings: TrainingSettings, sharding: Sharding) -> Job:
        return Job(names[1], names[0], architecture, settings, sharding, names)

    for method, (number, values) in product(METHODS, enumerate(VARIANTS)):
        settings = TrainingSettings(method=method, **values)  # type: ignore[arg-type]
        yield f"{method}-{number:02}", job(settings, CLUSTERS[0])
    for method, sharding in product(METHODS, CLUSTERS[1:]):
        settings = TrainingSettings(method=method)
        if not impossible_reason(settings, sharding):
            name = f"{method}-{sharding.strategy}-{sharding.offload}"
            yield name, job(settings, sharding)


def main(target: Path) -> None:
    for name, job in jobs():
        for tool in TOOL_NAMES:
            folder = target / tool / name
            for file in export(job, tool).files:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / file.name).write_text(file.text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
