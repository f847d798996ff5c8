"""The transformers configuration of a model of calculator/data/models.csv, built here."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from transformers import AutoConfig, PreTrainedConfig

from validation.tracing.case import Case
from validation.tracing.gemma4_configs import gemma3n_values, gemma4_values
from validation.tracing.hybrid_configs import FAMILIES_OF_MANY_LAYERS, values_of_many_layers

MODELS = Path(__file__).parents[2] / "calculator" / "data" / "models.csv"

# Columns of models.csv under the names that most configurations give them.
_COMMON = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "intermediate_size": "intermediate_size",
    "num_hidden_layers": "num_hidden_layers",
    "num_attention_heads": "num_attention_heads",
    "num_key_value_heads": "num_key_value_heads",
    "head_dim": "head_dim",
    "max_position_embeddings": "max_position_embeddings",
}
_RENAMED: dict[str, dict[str, str]] = {
    "gpt2": {
        "hidden_size": "n_embd",
        "intermediate_size": "n_inner",
        "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
        "max_position_embeddings": "n_positions",
    },
    "gptj": {
        "hidden_size": "n_embd",
        "intermediate_size": "n_inner",
        "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
        "max_position_embeddings": "n_positions",
    },
    "bloom": {"num_hidden_layers": "n_layer", "num_attention_heads": "n_head"},
    "mpt": {
        "hidden_size": "d_model",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "max_position_embeddings": "max_seq_len",
    },
    "opt": {"intermediate_size": "ffn_dim"},
    "falcon": {"intermediate_size": "ffn_hidden_size", "num_key_value_heads": "num_kv_heads"},
    "llama4_text": {"intermediate_size": "intermediate_size_mlp"},
}
_NO_HEAD_DIM = (
    "opt",
    "bloom",
    "gptj",
    "mpt",
    "gpt2",
    "falcon",
    "phi",
    "phi3",
    "gpt_neox",
    "deepseek_v2",
    "deepseek_v3",
    "deepseek_v32",
    "glm_moe_dsa",
)
_EXPERTS: dict[str, tuple[str, str]] = {
    "mixtral": ("num_local_experts", "intermediate_size"),
    "phimoe": ("num_local_experts", "intermediate_size"),
    "llama4_text": ("num_local_experts", "intermediate_size"),
    "hunyuan_v1_moe": ("num_experts", "intermediate_size"),
    "gemma4": ("num_experts", "moe_intermediate_size"),
    "gpt_oss": ("num_local_experts", "intermediate_size"),
    "minimax": ("num_local_experts", "intermediate_size"),
    "minimax_m2": ("num_local_experts", "intermediate_size"),
    "olmoe": ("num_experts", "intermediate_size"),
    "qwen3_moe": ("num_experts", "moe_intermediate_size"),
    "qwen3_next": ("num_experts", "moe_intermediate_size"),
    "granitemoehybrid": ("num_local_experts", "intermediate_size"),
    "lfm2_moe": ("num_experts", "moe_intermediate_size"),
    "nemotron_h": ("n_routed_experts", "moe_intermediate_size"),
    "qwen3_5_moe_text": ("num_experts", "moe_intermediate_size"),
    "ernie4_5_moe": ("moe_num_experts", "moe_intermediate_size"),
    "deepseek_v2": ("n_routed_experts", "moe_intermediate_size"),
    "deepseek_v3": ("n_routed_experts", "moe_intermediate_size"),
    "deepseek_v32": ("n_routed_experts", "moe_intermediate_size"),
    "glm_moe_dsa": ("n_routed_experts", "moe_intermediate_size"),
    "glm4_moe": ("n_routed_experts", "moe_intermediate_size"),
    "glm4_moe_lite": ("n_routed_experts", "moe_intermediate_size"),
}
_EAGER_ONLY = ("gemma2", "gpt_oss", "bloom", "gptj", "mpt")
# What the table has no column for, from the models' published configurations.
_OF_FAMILY: dict[str, dict[str, Any]] = {
    "falcon": {"multi_query": True, "parallel_attn": True, "bias": False, "alibi": False},
    "glm4_moe": {"attention_bias": True},
    "opt": {"dropout": 0.0},
    "gptj": {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "rotary_dim": 64},
    "gpt2": {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0},
    "phi": {"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.4}},
    "granite": {
        "embedding_multiplier": 12.0,
        "logits_scaling": 8.0,
        "residual_multiplier": 0.22,
        "attention_multiplier": 0.0078125,
    },
    "seed_oss": {"attention_dropout": 0.0, "residual_dropout": 0.0},
    "stablelm": {"use_qkv_bias": True},
    "phimoe": {"attention_bias": True, "lm_head_bias": True},
}


def model_rows() -> dict[str, dict[str, str]]:
    """The rows of models.csv by slug."""
    with MODELS.open(encoding="utf-8", newline="") as file:
        return {row["slug"]: row for row in csv.DictReader(file)}


def config_of(row: dict[str, str], case: Case) -> tuple[PreTrainedConfig, str]:
    """The configuration of a row, with the case's layers if it sets them, and its attention.

    Families whose attention transformers runs eager only (soft-capping, sinks) run eager.
    """
    family = row["model_type"]
    values: dict[str, Any] = dict(_OF_FAMILY.get(family, {}))
    renamed = _RENAMED.get(family, {})
    for column, name in _COMMON.items():
        if row[column] and not (column == "head_dim" and family in _NO_HEAD_DIM):
            values[renamed.get(column, name)] = int(row[column])
    values["tie_word_embeddings"] = row["tie_word_embeddings"] == "true"
    if case.layer_count:
        values[renamed.get("num_hidden_layers", "num_hidden_layers")] = case.layer_count
    values.update(_expert_values(row))
    if row["kv_lora_rank"]:
        values["q_lora_rank"] = int(row["q_lora_rank"]) if row["q_lora_rank"] else None
        for name in ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"):
            values[name] = int(row[name])
    values.update(_window_values(row))
    if family in ("gemma4", "gemma4_e"):
        values.update(gemma4_values(row, values["num_hidden_layers"]))
    if family == "gemma3n_text":
        values.update(gemma3n_values(row, values["num_hidden_layers"]))
    if family == "glm4_moe":
        values["use_qk_norm"] = row["trait_overrides"] != "qk_norm=none"
    if family == "llama4_text":
        values["attention_chunk_size"] = values.pop("sliding_window")
        values["interleave_moe_layer_step"] = int(row["moe_layer_interval"] or 1)
        values["use_qk_norm"] = row["trait_overrides"] != "qk_norm=none"
    if family in FAMILIES_OF_MANY_LAYERS:
        values.update(values_of_many_layers(row, values))
    if family == "falcon" and "norms_per_layer=2" in row["trait_overrides"]:
        values["new_decoder_architecture"] = True
    if row["trait_overrides"] == "qkv_bias=false":
        values["attention_bias"] = False
    name = "gemma4_text" if family.startswith("gemma4") else family
    config = AutoConfig.for_model(name, **values)
    attention = "eager" if family in _EAGER_ONLY else case.attention
    config._attn_implementation = attention
    # As transformers' Trainer sets it for training.
    config.use_cache = False
    return config, attention


def _expert_values(row: dict[str, str]) -> dict[str, Any]:
    if not row["num_experts"]:
        return {}
    count_name, width_name = _EXPERTS[row["model_type"]]
    values: dict[str, Any] = {
        count_name: int(row["num_experts"]),
        width_name: int(row["moe_intermediate_size"]),
        "num_experts_per_tok": int(row["experts_per_token"]),
    }
    if row["model_type"] == "ernie4_5_moe":
        values["moe_num_shared_experts"] = int(row["shared_experts"])
    if row["model_type"].startswith(("deepseek", "glm4_moe", "glm_moe")):
        values["n_shared_experts"] = int(row["shared_experts"] or 0)
        values["first_k_dense_replace"] = int(row["first_k_dense_layers"] or 0)
    return values


def _window_values(row: dict[str, str]) -> dict[str, Any]:
    if row["sliding_window"]:
        return {"sliding_window": int(row["sliding_window"])}
    if row["model_type"] in ("mistral", "phi3", "starcoder2"):
        return {"sliding_window": None}
    return {}
