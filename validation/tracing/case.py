"""One step to trace, or to run on a GPU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One step to run: a model of models.csv and settings under the API's names."""

    model: str
    method: str = "full"
    micro_batch: int = 1
    sequence_length: int = 2048
    gradient_checkpointing: bool = True
    attention: str = "sdpa"
    recipe: str = "bf16_autocast"
    optimizer: str = "adamw"
    gradient_accumulation: int = 1
    lora_rank: int = 16
    lora_targets: str = "all-linear"
    lora_dropout: float = 0.0
    adapter_precision: str = "fp32"
    quantization: str = "nf4_double"
    prepare_kbit: bool = True
    keeps_logits: bool = False
    experts: str = "widened"
    """What transformers and peft leave of stacked experts; without k-bit preparation 16bit."""
    optimizer_in_backward: bool = False
    use_dora: bool = False
    modules_to_save: str = "none"
    expert_targets: str = "auto"
    bitsandbytes_version: str = "0.43.2"
    reentrant_checkpoints: bool = False
    casts_ends_back: bool = False
    layer_count: int = 0
    """Layers of the traced model, where it has fewer than the real one; 0: all."""
