"""What the configurations of families with layers of several kinds state besides their sizes."""

from __future__ import annotations

from typing import Any

from calculator.estimation.architectures.rows import architecture_from_row

FAMILIES_OF_MANY_LAYERS = frozenset(
    {"lfm2", "lfm2_moe", "qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"}
)


def values_of_many_layers(row: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    """Values for a row beside the common ones; `values` has those, and how many layers there are."""
    family = row["model_type"]
    architecture = architecture_from_row(row)
    kinds = architecture.layer_kinds()[: values["num_hidden_layers"]]
    if family in ("lfm2", "lfm2_moe"):
        names = {"convolution": "conv", "full": "full_attention"}
        return {
            "layer_types": [names[attention] for attention, _ in kinds],
            "conv_L_cache": architecture.linear_conv_kernel,
            "block_auto_adjust_ff_dim": False,
            "tie_embedding": values["tie_word_embeddings"],
        }
    if family.startswith("qwen3"):
        names = {"linear": "linear_attention", "full": "full_attention"}
        found = {
            "layer_types": [names[attention] for attention, _ in kinds],
            "linear_num_key_heads": architecture.linear_key_head_count,
            "linear_num_value_heads": architecture.linear_value_head_count,
            "linear_key_head_dim": architecture.linear_head_dim,
            "linear_value_head_dim": architecture.linear_head_dim,
            "linear_conv_kernel_dim": architecture.linear_conv_kernel,
        }
        if architecture.is_moe:
            found["shared_expert_intermediate_size"] = architecture.shared_intermediate_size
        return found
    raise LookupError(f"{family} is not known here.")
