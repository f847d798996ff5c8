"""The single changes that may save memory: what each does, what it costs, and when it applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calculator.estimation.settings import ALL_LINEAR, TrainingSettings

SMALLEST_RANK = 8
ATTENTION_TARGETS = ("q_proj", "v_proj")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the settings, what it does in words, and what it costs."""

    words: str
    cost: str
    settings: TrainingSettings


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another value of one setting, and when it may save memory.

    value is a function of the present value where it depends on it; words may name both, as
    {old} and {new}. together holds what has to change with it.
    """

    setting: str
    value: Any
    words: str
    cost: str
    applies: Callable[[TrainingSettings], bool]
    together: Mapping[str, Any] = field(default_factory=dict)
    needs_modules: tuple[str, ...] = ()
    needs_experts: bool = False

    def change_of(self, settings: TrainingSettings) -> Change:
        """The change with these settings, of which the candidate applies."""
        old = getattr(settings, self.setting)
        new = self.value(old) if callable(self.value) else self.value
        return Change(
            self.words.format(old=old, new=new),
            self.cost,
            settings.changed(**{self.setting: new, **self.together}),
        )


CANDIDATES = (
    Candidate(
        "method",
        "lora",
        "Train LoRA adapters instead of all weights",
        "The base model stays as it is.",
        lambda now: now.method == "full",
    ),
    Candidate(
        "method",
        "qlora",
        "Hold the base in 4 bits: QLoRA",
        "Each step dequantises the weights and takes longer.",
        lambda now: now.method == "lora",
    ),
    Candidate(
        "gradient_checkpointing",
        True,
        "Turn gradient checkpointing on",
        "The forward pass of each layer runs twice.",
        lambda now: not now.gradient_checkpointing,
    ),
    Candidate(
        "loss",
        "chunked",
        "Compute the loss in chunks, as Liger’s fused linear cross-entropy does",
        "Needs a trainer or a kernel that does.",
        lambda now: now.loss != "chunked",
        together={"keeps_logits": False},
    ),
    Candidate(
        "keeps_logits",
        False,
        "Drop the model’s outputs before the backward pass",
        "No metrics over the logits while training.",
        lambda now: now.keeps_logits and now.loss == "standard",
    ),
    Candidate(
        "kernels",
        "fused",
        "Use fused kernels, as in Liger or Unsloth",
        "The architecture has to be one that they know.",
        lambda now: now.kernels != "fused",
    ),
    Candidate(
        "attention",
        "sdpa",
        "Use SDPA or flash attention instead of eager",
        "No attention weights to look at.",
        lambda now: now.attention == "eager",
    ),
    Candidate(
        "micro_batch",
        lambda now: now // 2,
        "Use a micro-batch of {new:,} instead of {old:,}",
        "More steps of gradient accumulation for the same batch.",
        lambda now: now.micro_batch > 1,
    ),
    Candidate(
        "sequence_length",
        lambda now: now // 2,
        "Cut sequences to {new:,} tokens instead of {old:,}",
        "Longer examples are cut or split.",
        lambda now: now.sequence_length > 1,
    ),
    Candidate(
        "recipe",
        "pure_bf16",
        "Hold weights, gradients and optimizer states in bf16",
        "Small updates may be rounded away.",
        lambda now: now.method == "full" and now.recipe != "pure_bf16",
    ),
    Candidate(
        "recipe",
        "bf16_autocast",
        "Compute in bf16 under autocast instead of fp32",
        "The GPU has to support bf16.",
        lambda now: now.recipe == "fp32",
    ),
    Candidate(
        "optimizer",
        "adamw",
        "Use fused or per-tensor AdamW instead of for-each",
        "The per-tensor one takes longer per step; the fused one does not.",
        lambda now: now.optimizer == "adamw_foreach",
    ),
    Candidate(
        "optimizer",
        "adamw_8bit",
        "Use 8-bit AdamW",
        "Optimizer states are quantised; needs bitsandbytes.",
        lambda now: now.optimizer in ("adamw", "adamw_foreach", "lion"),
    ),
    Candidate(
        "optimizer",
        "paged_adamw_8bit",
        "Use paged 8-bit AdamW",
        "Optimizer states move to the host when the card is full, which is slow.",
        lambda now: now.optimizer in ("adamw_8bit", "paged_adamw"),
    ),
    Candidate(
        "lora_rank",
        lambda now: max(SMALLEST_RANK, now // 2),
        "Use rank {new:,} instead of {old:,}",
        "Adapters can express less.",
        lambda now: now.trains_adapters and now.lora_rank > SMALLEST_RANK,
    ),
    Candidate(
        "lora_targets",
        ATTENTION_TARGETS,
        "Put adapters on q_proj and v_proj alone",
        "Often a little worse than adapters on all linear layers.",
        lambda now: now.trains_adapters and now.lora_targets == ALL_LINEAR,
        needs_modules=ATTENTION_TARGETS,
    ),
    Candidate(
        "lora_dropout",
        0.0,
        "Train without LoRA dropout",
        "One guard less against overfitting.",
        lambda now: now.trains_adapters and now.lora_dropout > 0,
    ),
    Candidate(
        "quantization",
        "nf4_double",
        "Quantise the quantisation constants too (double quantisation)",
        "Next to nothing, as the QLoRA paper found.",
        lambda now: now.method == "qlora" and now.quantization == "nf4",
    ),
    Candidate(
        "quantization",
        "nf4_double",
        "Load the base in 4 bits (NF4) instead of 8",
        "The base is coarser.",
        lambda now: now.method == "qlora" and now.quantization == "int8",
    ),
    Candidate(
        "prepare_kbit",
        False,
        "Leave embeddings, head and norms in 16 bits (no k-bit preparation)",
        "Training can be less stable.",
        lambda now: now.method == "qlora" and now.prepare_kbit,
    ),
    Candidate(
        "experts",
        "quantized",
        "Quantise the experts too, one stack dequantised at a time, as Unsloth does",
        "Needs a trainer that does.",
        lambda now: now.method == "qlora" and now.experts != "quantized",
        needs_experts=True,
    ),
    Candidate(
        "expert_lora",
        "split",
        "Compute the experts’ adapters beside them, as Unsloth does",
        "Needs a trainer that does.",
        lambda now: now.trains_adapters and now.expert_lora == "folded",
        needs_experts=True,
    ),
    Candidate(
        "use_dora",
        False,
        "Train plain LoRA instead of DoRA",
        "Adapters may learn a little less at low ranks.",
        lambda now: now.trains_adapters and now.use_dora,
    ),
    Candidate(
        "modules_to_save",
        "none",
        "Leave embeddings and head as they are",
        "New tokens cannot be learnt.",
        lambda now: now.trains_adapters and now.modules_to_save != "none",
    ),
    Candidate(
        "activation_offload",
        "checkpoints",
        "Hold the checkpoints in the computer’s memory, as Unsloth does",
        "They cross the bus twice, which short sequences feel; needs a trainer that does.",
        lambda now: now.gradient_checkpointing and now.activation_offload == "none",
    ),
    Candidate(
        "optimizer_in_backward",
        True,
        "Step the optimizer in the backward pass, as torchtune can",
        "No clipping by the norm of all gradients, and no gradient accumulation.",
        lambda now: (
            now.method == "full"
            and not now.optimizer_in_backward
            and now.gradient_accumulation == 1
        ),
    ),
    Candidate(
        "attention",
        "flash_attention_2",
        "Use FlashAttention, which needs no mask for sequences in one row",
        "Needs the flash-attn package and a GPU that it supports.",
        lambda now: now.padding_free and now.attention in ("sdpa", "eager"),
    ),
    Candidate(
        "loss_version",
        "4.50",
        "Use transformers 4.50 or later, whose loss takes a copy less",
        "Other changes come with it.",
        lambda now: now.loss_version == "4.46",
    ),
    Candidate(
        "eval_keeps_logits",
        False,
        "Evaluate by the loss alone, without gathering logits",
        "No metrics over the logits.",
        lambda now: now.eval_micro_batch > 0 and now.eval_keeps_logits,
    ),
    Candidate(
        "eval_micro_batch",
        lambda now: now // 2,
        "Evaluate {new:,} sequences at a time instead of {old:,}",
        "Evaluation takes a little longer.",
        lambda now: now.eval_micro_batch > 1,
    ),
)
