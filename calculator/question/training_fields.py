"""The training settings as a form shows them: labels, hints, choices, groups."""

from __future__ import annotations

from calculator.question.adapter_fields import EXPERT_FIELDS, LORA_FIELDS, QUANTIZED_BASE_FIELDS
from calculator.question.setting_fields import ON_OFF, FieldGroup, SettingField

FIRST_FIELDS = FieldGroup(
    "first",
    "Batch and length",
    (
        SettingField(
            "micro_batch",
            "Micro-batch",
            "count",
            "Sequences that the GPU takes at a time.",
        ),
        SettingField(
            "sequence_length",
            "Sequence length",
            "count",
            "Tokens of the longest sequence; 4k is 4,096.",
        ),
        SettingField(
            "gradient_checkpointing",
            "Gradient checkpointing",
            "switch",
            "Recomputes activations instead of keeping them.",
            ON_OFF,
        ),
    ),
)

_STEP_FIELDS = FieldGroup(
    "step",
    "Memory of the step",
    (
        SettingField(
            "recipe",
            "Precision",
            "choice",
            "What weights, gradients and states are held in.",
            (
                ("bf16_autocast", "bf16 mixed"),
                ("pure_bf16", "Pure bf16"),
                ("bf16_fp32_master", "bf16, fp32 master"),
                ("fp16_autocast", "fp16 mixed"),
                ("fp32", "fp32"),
            ),
        ),
        SettingField(
            "reentrant_checkpoints",
            "Reentrant checkpoints",
            "switch",
            "How transformers checkpointed before version 5. Matters to 8-bit bases.",
            ON_OFF,
        ),
        SettingField(
            "activation_offload",
            "Activations on the host",
            "choice",
            "What waits in the computer’s memory for the backward pass.",
            (
                ("none", "None"),
                ("checkpoints", "Checkpoints (Unsloth)"),
                ("saved_tensors", "All that is saved (torchtune, TRL)"),
            ),
        ),
        SettingField(
            "padding_free",
            "Padding-free",
            "switch",
            "The micro-batch is one long row, as with packing.",
            ON_OFF,
        ),
        SettingField(
            "gradient_accumulation",
            "Gradient accumulation",
            "count",
            "Micro-batches per optimizer step. More than 1 keeps gradients through the"
            " forward pass.",
        ),
    ),
)

_KERNEL_FIELDS = FieldGroup(
    "kernels",
    "Attention, loss and kernels",
    (
        SettingField(
            "attention",
            "Attention",
            "choice",
            "",
            (
                ("sdpa", "SDPA"),
                ("flash_attention_2", "FlashAttention 2 or 3"),
                ("flex_attention", "FlexAttention"),
                ("eager", "Eager"),
            ),
        ),
        SettingField(
            "loss",
            "Loss",
            "choice",
            "transformers’ own, a fused cross-entropy, or in chunks.",
            (
                ("standard", "Standard"),
                ("fused", "Fused"),
                ("chunked", "Chunked (Liger)"),
            ),
        ),
        SettingField(
            "loss_version",
            "transformers’ version",
            "choice",
            "Older ones take another copy of the logits, or drop one.",
            (
                ("4.50", "4.50 or later"),
                ("4.46", "4.46 to 4.49"),
                ("4.45", "4.45 or before"),
            ),
        ),
        SettingField(
            "kernels",
            "Kernels",
            "choice",
            "Of norms, SwiGLU and rotary: Liger’s and Unsloth’s are fused.",
            (("standard", "Standard"), ("fused", "Fused")),
        ),
        SettingField(
            "keeps_logits",
            "Keeps the logits",
            "switch",
            "As hand-written loops and metrics over logits do.",
            ON_OFF,
        ),
    ),
)

_OPTIMIZER_FIELDS = FieldGroup(
    "optimizer",
    "Optimizer",
    (
        SettingField(
            "optimizer",
            "Optimizer",
            "choice",
            "",
            (
                ("adamw", "AdamW"),
                ("adamw_foreach", "AdamW, for-each"),
                ("adamw_8bit", "AdamW, 8-bit"),
                ("paged_adamw_8bit", "AdamW, paged 8-bit"),
                ("paged_adamw", "AdamW, paged"),
                ("adamw_torchao_8bit", "AdamW, torchao 8-bit"),
                ("adamw_torchao_4bit", "AdamW, torchao 4-bit"),
                ("adafactor", "Adafactor"),
                ("lion", "Lion"),
                ("lion_8bit", "Lion, 8-bit"),
                ("sgd", "SGD"),
                ("galore_adamw", "GaLore AdamW"),
                ("galore_adamw_8bit", "GaLore AdamW, 8-bit"),
                ("apollo_adamw", "APOLLO AdamW"),
                ("muon", "Muon"),
            ),
        ),
        SettingField(
            "optimizer_in_backward",
            "Steps in the backward pass",
            "switch",
            "Each gradient is used and dropped at once; not with gradient accumulation.",
            ON_OFF,
        ),
        SettingField(
            "projection_rank",
            "Projection rank",
            "count",
            "Of GaLore and APOLLO.",
        ),
    ),
)

_EVALUATION_FIELDS = FieldGroup(
    "evaluation",
    "Evaluation",
    (
        SettingField(
            "eval_micro_batch",
            "Evaluation batch",
            "count",
            "Sequences at a time; 0 for no evaluation.",
        ),
        SettingField(
            "eval_keeps_logits",
            "Gathers the logits",
            "switch",
            "For metrics over them, in fp32.",
            ON_OFF,
        ),
    ),
)

MORE_GROUPS = (
    _STEP_FIELDS,
    LORA_FIELDS,
    QUANTIZED_BASE_FIELDS,
    EXPERT_FIELDS,
    _OPTIMIZER_FIELDS,
    _KERNEL_FIELDS,
    _EVALUATION_FIELDS,
)
GROUPS = (FIRST_FIELDS, *MORE_GROUPS)
FIELDS: dict[str, SettingField] = {field.name: field for group in GROUPS for field in group.fields}
