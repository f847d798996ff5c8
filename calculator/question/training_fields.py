"""The training settings as a form shows them: labels, hints, choices, groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "number", "switch", "choice", "targets"]

ALL_METHODS = ("full", "lora", "qlora")
ADAPTER_METHODS = ("lora", "qlora")
QUANTIZED_METHODS = ("qlora",)
ON_OFF = (("true", "On"), ("false", "Off"))


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting. `name` is the API's, `methods` those whose figures it can change."""

    name: str
    label: str
    kind: Kind
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    methods: tuple[str, ...] = ALL_METHODS


@dataclass(frozen=True, slots=True)
class FieldGroup:
    title: str
    fields: tuple[SettingField, ...]


FIRST_FIELDS = FieldGroup(
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
            "Tokens of the longest sequence.",
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

MORE_GROUPS = (
    FieldGroup(
        "Adapters (LoRA and QLoRA)",
        (
            SettingField("lora_rank", "Rank", "count", methods=ADAPTER_METHODS),
            SettingField(
                "lora_targets",
                "Target modules",
                "targets",
                "“all-linear”, or names such as q_proj, v_proj.",
                methods=ADAPTER_METHODS,
            ),
            SettingField(
                "lora_dropout",
                "LoRA dropout",
                "number",
                "Any dropout keeps a mask and a copy of each adapter’s input.",
                methods=ADAPTER_METHODS,
            ),
            SettingField(
                "adapter_precision",
                "Adapter precision",
                "choice",
                "peft holds adapters in fp32.",
                (("fp32", "fp32"), ("bf16", "bf16")),
                ADAPTER_METHODS,
            ),
        ),
    ),
    FieldGroup(
        "Quantised base (QLoRA)",
        (
            SettingField(
                "quantization",
                "Quantisation",
                "choice",
                "Double quantises the constants too.",
                (
                    ("nf4_double", "NF4, double"),
                    ("nf4", "NF4"),
                    ("int8", "int8"),
                ),
                QUANTIZED_METHODS,
            ),
            SettingField(
                "prepare_kbit",
                "k-bit preparation",
                "switch",
                "peft’s: embeddings, head and norms in fp32.",
                ON_OFF,
                QUANTIZED_METHODS,
            ),
        ),
    ),
    FieldGroup(
        "Optimizer and precision",
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
                    ("adafactor", "Adafactor"),
                    ("lion", "Lion"),
                    ("sgd", "SGD"),
                ),
            ),
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
                "gradient_accumulation",
                "Gradient accumulation",
                "count",
                "Micro-batches per optimizer step. More than 1 keeps gradients through the"
                " forward pass.",
            ),
        ),
    ),
    FieldGroup(
        "Attention, loss and kernels",
        (
            SettingField(
                "attention",
                "Attention",
                "choice",
                "",
                (("sdpa", "SDPA or flash"), ("eager", "Eager")),
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
    ),
)

GROUPS = (FIRST_FIELDS, *MORE_GROUPS)
FIELDS: dict[str, SettingField] = {field.name: field for group in GROUPS for field in group.fields}
