"""What the configurations of families with layers of several kinds state besides their sizes."""

from __future__ import annotations

from typing import Any

from calculator.estimation.architectures.rows import architecture_from_row

FAMILIES_OF_MANY_LAYERS = frozenset(
    {"lfm2", "lfm2_moe", "qwen3_next", "qwen3_5_text", "qwen3_5_moe_text"}
    | {"minimax"}
    | {"deepseek_v32", "glm_moe_dsa"}
    | {"granitemoehybrid", "nemotron_h", "falcon_h1"}
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
    if family == "minimax":
        names = {"linear": "linear_attention", "full": "full_attention"}
        factors = ("full_attn", "linear_attn", "mlp")
        return {
            "layer_types": [names[attention] for attention, _ in kinds],
            # layernorm_*_alpha in https://huggingface.co/MiniMaxAI/MiniMax-Text-01, config.json
            # of revision 372fb1d, whose attn_type_list has every eighth layer attend; MiniMax-M1's
            # states the same.
            **{f"{part}_alpha_factor": 3.5565588200778455 for part in factors},
        }
    if family in ("deepseek_v32", "glm_moe_dsa"):
        return {
            "index_n_heads": architecture.index_head_count,
            "index_head_dim": architecture.index_head_dim,
        }
    if family == "granitemoehybrid":
        names = {"mamba": "linear_attention", "full": "full_attention"}
        return {
            "layer_types": [names[attention] for attention, _ in kinds],
            "mamba_n_heads": architecture.mamba_head_count,
            "mamba_d_head": architecture.mamba_head_dim,
            "mamba_n_groups": architecture.mamba_group_count,
            "mamba_d_state": architecture.mamba_state_size,
            "mamba_d_conv": architecture.linear_conv_kernel,
            "mamba_chunk_size": architecture.mamba_chunk_size,
            "mamba_expand": architecture.mamba_head_count
            * architecture.mamba_head_dim
            // architecture.hidden_size,
            "num_local_experts": architecture.expert_count,
            "num_experts_per_tok": architecture.experts_per_token,
            "intermediate_size": architecture.expert_intermediate_size or 1,
            "shared_intermediate_size": architecture.shared_intermediate_size
            or architecture.intermediate_size,
            "embedding_multiplier": 12.0,
            "logits_scaling": 8.0,
            "residual_multiplier": 0.22,
            "attention_multiplier": 0.0078125,
        }
    if family == "nemotron_h":
        blocks = {
            ("mamba", "none"): "linear_attention",
            ("full", "none"): "full_attention",
            ("none", "dense"): "mlp",
            ("none", "moe"): "moe",
        }
        del values["num_hidden_layers"]
        return {
            "layers_block_type": [blocks[kind] for kind in kinds],
            "mamba_num_heads": architecture.mamba_head_count,
            "mamba_head_dim": architecture.mamba_head_dim,
            "n_groups": architecture.mamba_group_count,
            "ssm_state_size": architecture.mamba_state_size,
            "conv_kernel": architecture.linear_conv_kernel,
            "chunk_size": architecture.mamba_chunk_size,
            **(
                {"moe_shared_expert_intermediate_size": architecture.shared_intermediate_size}
                if architecture.is_moe
                else {}
            ),
        }
    if family == "falcon_h1":
        return {
            "mamba_d_ssm": architecture.mamba_head_count * architecture.mamba_head_dim,
            "mamba_n_heads": architecture.mamba_head_count,
            "mamba_d_head": architecture.mamba_head_dim,
            "mamba_n_groups": architecture.mamba_group_count,
            "mamba_d_state": architecture.mamba_state_size,
            "mamba_d_conv": architecture.linear_conv_kernel,
            "mamba_chunk_size": architecture.mamba_chunk_size,
            "mamba_rms_norm": architecture.traits.mamba_norm,
            "mamba_norm_before_gate": False,
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
