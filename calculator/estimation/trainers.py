"""What each trainer sets when nobody says otherwise, with its version and where that stands.

Only what changes a figure is listed, and only where it differs from a plain transformers and peft
run (`TrainingSettings`). What the core cannot express is said in the sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainerDefaults:
    """One trainer's defaults: those of every method, and those that a method adds or changes."""

    name: str
    version: str
    every_method: Mapping[str, Any]
    by_method: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def values_for(self, method: str) -> dict[str, Any]:
        """The settings that the trainer makes for a method, under their names."""
        return {**self.every_method, **self.by_method.get(method, {})}


TRAINERS: dict[str, TrainerDefaults] = {
    "trl": TrainerDefaults(
        "TRL",
        "1.16.0",
        {
            "micro_batch": 8,
            "sequence_length": 1_024,
            "gradient_checkpointing": True,
            "recipe": "bf16_autocast",
            "optimizer": "adamw",
            "loss": "chunked",
        },
        {
            "lora": {"lora_rank": 8},
            "qlora": {
                "lora_rank": 8,
                "adapter_precision": "bf16",
                "quantization": "nf4",
                "prepare_kbit": False,
            },
        },
        (
            "SFTConfig: max_length 1,024, gradient checkpointing, bf16",
            "transformers' TrainingArguments: batch of 8, adamw_torch_fused",
            "SFTTrainer computes the loss in chunks, and casts QLoRA's adapters to bf16",
            "peft's LoraConfig: rank 8; adapters here are on all linear maps, as TRL's guides advise",
            "A base that is given by name is loaded in fp32 unless a dtype is set; bf16 here",
        ),
    ),
    "unsloth": TrainerDefaults(
        "Unsloth",
        "2026.10.9",
        {
            "micro_batch": 4,
            "gradient_accumulation": 2,
            "sequence_length": 2_048,
            "gradient_checkpointing": True,
            "optimizer": "adamw_8bit",
            "loss": "chunked",
            "kernels": "fused",
            "prepare_kbit": False,
        },
        {
            "full": {"recipe": "bf16_autocast"},
            "lora": {"lora_rank": 16},
            "qlora": {"lora_rank": 16, "quantization": "nf4_double"},
        },
        (
            "Its trainers: batch of 4, accumulated twice, adamw_8bit (unsloth/models/rl.py)",
            "FastLanguageModel: length 2,048, 4 bits with double quantisation, rank 16",
            "Its checkpoints go to the host's memory, which is not modelled: a little too high",
        ),
    ),
    "axolotl": TrainerDefaults(
        "Axolotl",
        "0.19.0",
        {
            "micro_batch": 1,
            "sequence_length": 512,
            "gradient_checkpointing": False,
            "optimizer": "adamw",
        },
        {
            "full": {"recipe": "pure_bf16"},
            "qlora": {"quantization": "nf4_double", "prepare_kbit": True},
        },
        (
            "Its configuration's schemas: micro_batch_size 1, sequence_len 512, no checkpointing,"
            " adamw_torch_fused",
            "With bf16 it loads the weights in bf16 (axolotl/utils/config)",
            "4 bits with double quantisation and peft's k-bit preparation (axolotl/loaders/model.py)",
            "The rank has to be stated there; 16 here",
        ),
    ),
    "llama-factory": TrainerDefaults(
        "LLaMA-Factory",
        "0.9.5",
        {
            "micro_batch": 8,
            "sequence_length": 2_048,
            "gradient_checkpointing": True,
            "recipe": "bf16_autocast",
            "optimizer": "adamw",
            "prepare_kbit": False,
        },
        {
            "lora": {"lora_rank": 8},
            "qlora": {"lora_rank": 8, "quantization": "nf4_double"},
        },
        (
            "Its arguments: cutoff_len 2,048, rank 8 on all linear maps, double quantisation,"
            " checkpointing unless it is turned off",
            "What is trained is cast to fp32 (llamafactory/model/adapter.py)",
            "transformers' TrainingArguments: batch of 8, adamw_torch_fused",
            "bf16 as its examples set it; off by default",
        ),
    ),
    "torchtune": TrainerDefaults(
        "torchtune",
        "0.6.1",
        {
            "micro_batch": 2,
            "gradient_checkpointing": True,
            "recipe": "pure_bf16",
            "adapter_precision": "bf16",
            "loss": "fused",
            "prepare_kbit": False,
        },
        {
            "full": {"optimizer": "paged_adamw_8bit"},
            "lora": {"optimizer": "adamw", "gradient_accumulation": 8, "lora_rank": 8},
            "qlora": {
                "optimizer": "adamw",
                "gradient_accumulation": 8,
                "lora_rank": 8,
                "quantization": "nf4_double",
            },
        },
        (
            "Its recipes for Llama 3.1 8B on one device: full, lora and qlora",
            "The loss takes the logits in pieces but keeps them in bf16: “fused” is nearest",
            "The optimizer step within the backward pass of its full recipe is not modelled",
        ),
    ),
}
