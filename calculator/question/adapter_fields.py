"""The settings of runs with adapters, and of the base and the experts that these leave frozen."""

from __future__ import annotations

from calculator.question.setting_fields import (
    ADAPTER_METHODS,
    ON_OFF,
    QUANTIZED_METHODS,
    FieldGroup,
    SettingField,
)

LORA_FIELDS = FieldGroup(
    "lora",
    "LoRA",
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
        SettingField(
            "use_dora",
            "DoRA",
            "switch",
            "Trains a magnitude beside each adapter and needs each weight’s norm.",
            ON_OFF,
            ADAPTER_METHODS,
        ),
        SettingField(
            "modules_to_save",
            "Trained whole",
            "choice",
            "peft’s modules_to_save: copies that train beside the adapters.",
            (
                ("none", "Nothing"),
                ("embeddings", "Embeddings"),
                ("head", "Head"),
                ("embeddings_and_head", "Embeddings and head"),
            ),
            ADAPTER_METHODS,
        ),
    ),
)

QUANTIZED_BASE_FIELDS = FieldGroup(
    "base",
    "Quantised base (QLoRA)",
    (
        SettingField(
            "quantization",
            "Quantisation",
            "choice",
            "NF4 and int8 are bitsandbytes’; double quantises the constants too.",
            (
                ("nf4_double", "NF4, double"),
                ("nf4", "NF4"),
                ("int8", "int8"),
                ("awq", "AWQ, 4-bit"),
                ("gptq", "GPTQ, 4-bit"),
                ("fp8", "fp8"),
                ("mxfp4", "MXFP4 experts"),
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
        SettingField(
            "casts_ends_back",
            "Embedding and head cast back",
            "switch",
            "To 16 bits after k-bit preparation, as TRL did until 0.21.",
            ON_OFF,
            QUANTIZED_METHODS,
        ),
        SettingField(
            "bitsandbytes_version",
            "bitsandbytes’ version",
            "choice",
            "Older ones keep the input of every 4-bit product.",
            (
                ("0.43.2", "0.43.2 or later"),
                ("0.43", "0.43.0 or 0.43.1"),
                ("0.42", "0.42 or before"),
            ),
            QUANTIZED_METHODS,
        ),
    ),
)

EXPERT_FIELDS = FieldGroup(
    "experts",
    "Experts",
    (
        SettingField(
            "experts",
            "Frozen experts (QLoRA)",
            "choice",
            "transformers 5 leaves them out of 4-bit loading unless a trainer sees to it.",
            (
                ("quantized", "Quantised (Unsloth)"),
                ("quantized_kept", "Quantised (Axolotl)"),
                ("linear", "Quantised (transformers 4)"),
                ("16bit", "16-bit (transformers 5)"),
                ("widened", "fp32 (k-bit preparation)"),
            ),
            QUANTIZED_METHODS,
        ),
        SettingField(
            "expert_targets",
            "Adapters on experts",
            "choice",
            "peft’s target_parameters reach stacked experts.",
            (
                ("auto", "As targeted"),
                ("none", "None"),
                ("per_expert", "On every expert"),
                ("per_expert_and_router", "On every expert and the router"),
            ),
            ADAPTER_METHODS,
        ),
        SettingField(
            "expert_lora",
            "How they are applied",
            "choice",
            "peft adds them to a copy of the experts; Unsloth computes them beside.",
            (("folded", "Folded in (peft)"), ("split", "Beside (Unsloth)")),
            ADAPTER_METHODS,
        ),
    ),
    needs_experts=True,
)
