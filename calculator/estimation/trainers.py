"""What each trainer sets when nobody says otherwise, with its version and where that stands.

Only what changes a figure is listed. A setting that is not listed has the value of a plain
transformers and peft run (`TrainingSettings`). What a trainer does and the settings cannot say is
a remark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

METHODS = ("full", "lora", "qlora")
ADAPTERS = ("lora", "qlora")


@dataclass(frozen=True, slots=True)
class Default:
    """One setting as a trainer has it, for these methods. source: its file, or its own name."""

    setting: str
    value: Any
    source: str
    methods: tuple[str, ...] = METHODS


@dataclass(frozen=True, slots=True)
class TrainerDefaults:
    """One trainer's defaults, and what it does that is not modelled."""

    name: str
    version: str
    defaults: tuple[Default, ...]
    remarks: tuple[str, ...] = ()

    def values_for(self, method: str) -> dict[str, Any]:
        """The settings that the trainer makes for a method, under their names."""
        return {each.setting: each.value for each in self.defaults if method in each.methods}

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the defaults stand, each once, in their order."""
        return tuple(dict.fromkeys(each.source for each in self.defaults))


_ARGUMENTS = "transformers/training_args.py: TrainingArguments"

_TRL = TrainerDefaults(
    "TRL",
    "1.16.0",
    (
        Default("micro_batch", 8, _ARGUMENTS),
        Default("sequence_length", 1_024, "trl/trainer/sft_config.py: max_length"),
        Default(
            "gradient_checkpointing", True, "trl/trainer/base_config.py: gradient_checkpointing"
        ),
        Default("recipe", "bf16_autocast", "trl/trainer/base_config.py: bf16"),
        Default("optimizer", "adamw", _ARGUMENTS),
        Default("loss", "chunked", "trl/trainer/sft_trainer.py: fused_lm_head"),
        Default("lora_rank", 16, "trl/trainer/model_config.py: lora_r", ADAPTERS),
        Default("lora_dropout", 0.05, "trl/trainer/model_config.py: lora_dropout", ADAPTERS),
        Default(
            "adapter_precision",
            "bf16",
            "trl/trainer/sft_trainer.py: adapters of a quantised model are cast",
            ("qlora",),
        ),
        Default(
            "quantization", "nf4", "trl/trainer/model_config.py: use_bnb_nested_quant", ("qlora",)
        ),
        Default(
            "prepare_kbit",
            False,
            "trl/trainer/sft_trainer.py: no prepare_model_for_kbit_training",
            ("qlora",),
        ),
        Default(
            "experts",
            "16bit",
            "trl/trainer/sft_trainer.py: as transformers 5 loads them",
            ("qlora",),
        ),
    ),
    (
        "A model that is given by name is loaded in fp32 unless dtype is set; a LoRA or QLoRA base"
        " is taken to be bf16 here.",
        "Without target modules peft takes a few of them by family; all linear maps here.",
    ),
)
_UNSLOTH = TrainerDefaults(
    "Unsloth",
    "2026.10.9",
    (
        Default("micro_batch", 4, "unsloth/models/rl.py: per_device_train_batch_size"),
        Default("gradient_accumulation", 2, "unsloth/models/rl.py: gradient_accumulation_steps"),
        Default("optimizer", "adamw_8bit", "unsloth/models/rl.py: optim"),
        Default("sequence_length", 2_048, "unsloth/models/loader.py: max_seq_length"),
        Default(
            "gradient_checkpointing", True, "unsloth/models/loader.py: use_gradient_checkpointing"
        ),
        Default("loss", "chunked", "unsloth_zoo: fused cross-entropy over chunks"),
        Default("kernels", "fused", "unsloth/kernels"),
        Default(
            "recipe",
            "pure_bf16",
            "unsloth/models/vision.py: no float32_mixed_precision in full fine-tuning",
            ("full",),
        ),
        Default("lora_rank", 16, "unsloth/models/llama.py: get_peft_model", ADAPTERS),
        Default(
            "adapter_precision",
            "fp32",
            "unsloth_zoo/training_utils.py: adapters are upcast",
            ADAPTERS,
        ),
        Default(
            "quantization",
            "nf4_double",
            "unsloth/models: bnb_4bit_use_double_quant",
            ("qlora",),
        ),
        Default(
            "prepare_kbit",
            False,
            "unsloth_zoo/training_utils.py: what is frozen keeps its width",
            ("qlora",),
        ),
        Default(
            "experts",
            "quantized",
            "unsloth_zoo/temporary_patches/moe_utils_bnb4bit.py, since 2026.6.7",
            ("qlora",),
        ),
        Default(
            "expert_lora",
            "split",
            "unsloth_zoo/temporary_patches/moe_utils.py: forward_native_grouped_mm",
            ADAPTERS,
        ),
        Default(
            "activation_offload",
            "checkpoints",
            "unsloth_zoo/gradient_checkpointing.py: UnslothCheckpointFunction",
        ),
    ),
    ("It adapts the seven linear maps of a Llama-like layer; all linear maps here.",),
)
_AXOLOTL = TrainerDefaults(
    "Axolotl",
    "0.19.0",
    (
        Default("micro_batch", 1, "axolotl/utils/schemas/training.py: micro_batch_size"),
        Default("sequence_length", 512, "axolotl/utils/schemas/config.py: sequence_len"),
        Default(
            "gradient_checkpointing",
            False,
            "axolotl/utils/schemas/config.py: gradient_checkpointing",
        ),
        Default(
            "reentrant_checkpoints",
            True,
            "axolotl/utils/config/__init__.py: gradient_checkpointing_kwargs, but for Gemma 4",
        ),
        Default("optimizer", "adamw", "axolotl/utils/schemas/training.py: optimizer"),
        Default(
            "recipe",
            "pure_bf16",
            "axolotl/utils/config/__init__.py: torch_dtype follows bf16",
            ("full",),
        ),
        Default(
            "recipe",
            "bf16_autocast",
            "axolotl/utils/config/__init__.py: torch_dtype follows bf16",
            ADAPTERS,
        ),
        Default("lora_dropout", 0.0, "axolotl/utils/schemas/peft.py: lora_dropout", ADAPTERS),
        Default(
            "quantization",
            "nf4_double",
            "axolotl/loaders/model.py: bnb_4bit_use_double_quant",
            ("qlora",),
        ),
        Default(
            "prepare_kbit",
            False,
            "axolotl/loaders/model.py: norms, embedding and head are cast back to bf16",
            ("qlora",),
        ),
        Default(
            "experts",
            "quantized_kept",
            "axolotl/monkeypatch/moe_quant.py: quantize_moe_experts, which its examples of"
            " mixtures set",
            ("qlora",),
        ),
        Default(
            "expert_targets", "none", "axolotl: adapters by lora_target_parameters", ("qlora",)
        ),
    ),
    (
        "In full fine-tuning with SDPA or eager attention embedding, head and norms are fp32 there,"
        " which is not modelled: too low by 8 bytes for each of their parameters.",
        "Its LoRA kernels, on by default on one GPU, save less than plain ones: a little too high.",
        "Rank and target modules have to be stated there; 16 and all linear maps here.",
    ),
)
_LLAMA_FACTORY = TrainerDefaults(
    "LLaMA-Factory",
    "0.9.5",
    (
        Default("micro_batch", 8, _ARGUMENTS),
        Default("sequence_length", 2_048, "llamafactory/hparams/data_args.py: cutoff_len"),
        Default(
            "gradient_checkpointing",
            True,
            "llamafactory/hparams/model_args.py: disable_gradient_checkpointing",
        ),
        Default(
            "reentrant_checkpoints",
            True,
            "llamafactory/hparams/model_args.py: use_reentrant_gc",
        ),
        Default(
            "recipe",
            "bf16_autocast",
            "llamafactory/model/adapter.py: what is trained is upcast",
        ),
        Default("optimizer", "adamw", _ARGUMENTS),
        Default("lora_rank", 8, "llamafactory/hparams/finetuning_args.py: lora_rank", ADAPTERS),
        Default(
            "lora_targets",
            "all-linear",
            "llamafactory/hparams/finetuning_args.py: lora_target",
            ADAPTERS,
        ),
        Default(
            "adapter_precision",
            "fp32",
            "llamafactory/model/adapter.py: what is trained is upcast",
            ADAPTERS,
        ),
        Default(
            "quantization",
            "nf4_double",
            "llamafactory/hparams/model_args.py: double_quantization",
            ("qlora",),
        ),
        Default(
            "prepare_kbit",
            False,
            "llamafactory/hparams/model_args.py: upcast_layernorm",
            ("qlora",),
        ),
        Default(
            "experts",
            "16bit",
            "llamafactory/model/model_utils/quantization.py: as transformers 5 loads them",
            ("qlora",),
        ),
    ),
    ("bf16 as its examples set it; off by default.",),
)
_TORCHTUNE_FULL = "recipes/configs/llama3_1/8B_full_single_device.yaml"
_TORCHTUNE_LORA = (
    "recipes/configs/llama3_1/8B_lora_single_device.yaml, 8B_qlora_single_device.yaml"
)
_TORCHTUNE = TrainerDefaults(
    "torchtune",
    "0.6.1",
    (
        Default("micro_batch", 2, _TORCHTUNE_FULL, ("full",)),
        Default("gradient_checkpointing", True, _TORCHTUNE_FULL, ("full",)),
        Default("recipe", "pure_bf16", _TORCHTUNE_FULL, ("full",)),
        Default("optimizer", "paged_adamw_8bit", _TORCHTUNE_FULL, ("full",)),
        Default("optimizer_in_backward", True, _TORCHTUNE_FULL, ("full",)),
        Default("micro_batch", 2, _TORCHTUNE_LORA, ADAPTERS),
        Default("gradient_accumulation", 8, _TORCHTUNE_LORA, ADAPTERS),
        Default("gradient_checkpointing", True, _TORCHTUNE_LORA, ADAPTERS),
        Default("recipe", "pure_bf16", _TORCHTUNE_LORA, ADAPTERS),
        Default("adapter_precision", "bf16", _TORCHTUNE_LORA, ADAPTERS),
        Default("optimizer", "adamw", _TORCHTUNE_LORA, ADAPTERS),
        Default("lora_rank", 8, _TORCHTUNE_LORA, ADAPTERS),
        Default("loss", "fused", "torchtune/modules/loss/ce_chunked_output_loss.py"),
        Default(
            "quantization",
            "nf4_double",
            "torchtune/modules/low_precision/nf4_linear.py",
            ("qlora",),
        ),
        Default(
            "prepare_kbit", False, "torchtune/modules/low_precision/nf4_linear.py", ("qlora",)
        ),
    ),
    (
        "The loss takes the logits in pieces but keeps them all in bf16: “fused” is nearest.",
        "It leaves the keys without an adapter; all linear maps have one here: a little too high.",
        "It sets no length; 2,048 here.",
    ),
)

TRAINERS: dict[str, TrainerDefaults] = {
    "trl": _TRL,
    "unsloth": _UNSLOTH,
    "axolotl": _AXOLOTL,
    "llama-factory": _LLAMA_FACTORY,
    "torchtune": _TORCHTUNE,
}
