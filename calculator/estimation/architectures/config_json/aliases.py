"""Configurations of families that are known here by another name, or state sizes in other words."""

from __future__ import annotations

from collections.abc import Mapping

# Names of models whose layers are those of a family known here.
SAME_FAMILY = {
    "llama4": "llama4_text",
    "gemma3": "gemma3_text",
    "gemma3n": "gemma3n_text",
    "gemma4_text": "gemma4",
    "gemma4_unified": "gemma4",
    "gemma4_unified_text": "gemma4",
    "qwen3_5": "qwen3_5_text",
    "qwen3_5_moe": "qwen3_5_moe_text",
    "qwen2_vl": "qwen2",
    "qwen2_vl_text": "qwen2",
    "qwen2_5_vl": "qwen2",
    "qwen2_5_vl_text": "qwen2",
    "qwen3_vl_text": "qwen3",
    "qwen3_vl_moe_text": "qwen3_moe",
    # Kimi K2 and K2.5: transformers reads both as DeepSeek-V3 (configuration_kimi_k25.py).
    "kimi_k2": "deepseek_v3",
    "kimi_k25": "deepseek_v3",
    "minimax_text_01": "minimax",
    "minimax_m1": "minimax",
    # Names from before their families were part of transformers.
    "Yi": "llama",
    "RefinedWebModel": "falcon",
    "stablelm_epoch": "stablelm",
    "ernie4_5_moe_vl_text": "ernie4_5_moe",
}
# What a family's configuration does not say, where another name has none of it.
OF_NAME: dict[str, dict[str, object]] = {
    "gemma4_unified": {"hidden_size_per_layer_input": 0, "enable_moe_block": False},
    "gemma4_unified_text": {"hidden_size_per_layer_input": 0, "enable_moe_block": False},
}
# ChatGLM2 to GLM-4 state the sizes of GLM in words of their own (configuration_chatglm.py in
# their repositories).
CHATGLM = {
    "num_layers": "num_hidden_layers",
    "padded_vocab_size": "vocab_size",
    "ffn_hidden_size": "intermediate_size",
    "kv_channels": "head_dim",
    "add_qkv_bias": "attention_bias",
    "seq_length": "max_position_embeddings",
}
# Sizes that a decoder of Llama's kind states, and parts of keys that Llama's never has.
LIKE_LLAMA = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
UNLIKE_LLAMA = (
    "expert",
    "moe",
    "router",
    "lora_rank",
    "qk_nope",
    "qk_rope",
    "v_head_dim",
    "encoder",
    "cross_attention",
    "ssm",
    "mamba",
    "conv",
    "linear_",
    "hybrid",
    "index_",
    "per_layer",
    "kv_shared",
)


def in_known_words(config: Mapping[str, object]) -> Mapping[str, object]:
    """The configuration of a text model, as the family that has its layers states it."""
    name = config.get("model_type")
    if not isinstance(name, str):
        return config
    if name == "chatglm":
        return _chatglm(config)
    if name in ("minimax_text_01", "minimax_m1"):
        return _minimax(config)
    if name in ("gemma3n", "gemma3n_text"):
        return _gemma3n(config)
    return {**config, **OF_NAME.get(name, {})}


def _minimax(config: Mapping[str, object]) -> Mapping[str, object]:
    """MiniMax's own repositories number the kinds of layers: 0 is lightning attention."""
    kinds = config.get("attn_type_list")
    if not isinstance(kinds, list | tuple):
        return config
    return {
        **config,
        "layer_types": [
            {0: "linear_attention", 1: "full_attention"}.get(kind, str(kind))
            if isinstance(kind, int)
            else str(kind)
            for kind in kinds
        ],
    }


def _gemma3n(config: Mapping[str, object]) -> Mapping[str, object]:
    """Gemma 3n states the MLP's width layer by layer; published ones are the same throughout."""
    widths = config.get("intermediate_size")
    if isinstance(widths, list | tuple) and widths and all(w == widths[0] for w in widths):
        return {**config, "intermediate_size": widths[0]}
    return config


def _chatglm(config: Mapping[str, object]) -> Mapping[str, object]:
    found = {CHATGLM.get(key, key): value for key, value in config.items()}
    grouped = config.get("multi_query_attention")
    groups = config.get("multi_query_group_num" if grouped else "num_attention_heads")
    found.setdefault("num_key_value_heads", groups)
    found.setdefault("tie_word_embeddings", False)
    return found


def might_be_llama(config: Mapping[str, object]) -> bool:
    """Whether an unknown configuration has Llama's sizes, and nothing that Llama has not."""
    return all(isinstance(config.get(key), int) for key in LIKE_LLAMA) and not any(
        value and any(part in str(key).casefold() for part in UNLIKE_LLAMA)
        for key, value in config.items()
    )
