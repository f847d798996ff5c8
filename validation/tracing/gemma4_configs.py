"""What the configurations of Gemma 3n and 4 state besides their sizes."""

from __future__ import annotations

from typing import Any

from calculator.estimation.architectures.rows import architecture_from_row

_LAYER_TYPES = {"full": "full_attention", "sliding": "sliding_attention"}


def gemma4_values(row: dict[str, str], layer_count: int) -> dict[str, Any]:
    """Values for a row of Gemma 4, of which so many layers are traced."""
    architecture = architecture_from_row(row)
    kinds = [attention for attention, _ in architecture.layer_kinds()[:layer_count]]
    values: dict[str, Any] = {
        "layer_types": [_LAYER_TYPES[kind.removeprefix("shared_")] for kind in kinds],
        "global_head_dim": architecture.global_head_dim,
        "final_logit_softcapping": 30.0,
        "hidden_size_per_layer_input": architecture.per_layer_input_size,
        "num_kv_shared_layers": sum(kind.startswith("shared_") for kind in kinds),
        "attention_k_eq_v": architecture.traits.global_key_is_value,
        "use_double_wide_mlp": architecture.traits.widens_sharing_mlp,
    }
    if architecture.per_layer_vocab_size:
        values["vocab_size_per_layer_input"] = architecture.per_layer_vocab_size
    if architecture.global_kv_head_count:
        values["num_global_key_value_heads"] = architecture.global_kv_head_count
    if architecture.is_moe:
        values["enable_moe_block"] = True
        values["top_k_experts"] = architecture.experts_per_token
    return values


def gemma3n_values(row: dict[str, str], layer_count: int) -> dict[str, Any]:
    """Values for a row of Gemma 3n, of which so many layers are traced."""
    architecture = architecture_from_row(row)
    kinds = [attention for attention, _ in architecture.layer_kinds()[:layer_count]]
    sparse = min(architecture.sparse_layer_count, layer_count)
    return {
        "layer_types": [_LAYER_TYPES[kind.removeprefix("shared_")] for kind in kinds],
        "num_kv_shared_layers": sum(kind.startswith("shared_") for kind in kinds),
        "hidden_size_per_layer_input": architecture.per_layer_input_size,
        "vocab_size_per_layer_input": architecture.per_layer_vocab_size,
        "altup_num_inputs": architecture.altup_input_count,
        "laurel_rank": architecture.laurel_rank,
        # The fraction is its published one; which it is changes no tensor's size.
        "activation_sparsity_pattern": [0.95] * sparse + [0.0] * (layer_count - sparse),
    }
