"""From a Hugging Face config.json to an `Architecture`.

Families name the same sizes differently; what each name means is in the `configuration_*.py` of
its family in transformers 5.23. Keys that do not change a size are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.families import FAMILIES
from calculator.estimation.architectures.rows import NOT_MODELLED
from calculator.estimation.errors import ConfigError, FieldError

# Each size of an architecture, and the keys under which configurations state it.
KEYS: dict[str, tuple[str, ...]] = {
    "hidden_size": ("hidden_size", "n_embd", "d_model"),
    "layer_count": ("num_hidden_layers", "n_layer", "num_layers"),
    "head_count": ("num_attention_heads", "n_head"),
    "kv_head_count": ("num_key_value_heads", "num_kv_heads", "num_attention_groups"),
    "head_dim": ("head_dim",),
    "intermediate_size": ("intermediate_size", "n_inner", "ffn_hidden_size"),
    "vocab_size": ("vocab_size",),
    "expert_count": ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"),
    "experts_per_token": ("num_experts_per_tok", "num_experts_per_token", "moe_k"),
    "expert_intermediate_size": ("moe_intermediate_size",),
    "shared_intermediate_size": ("shared_expert_intermediate_size",),
    "dense_layer_count": ("first_k_dense_replace", "moe_layer_start_index"),
    "moe_layer_interval": ("interleave_moe_layer_step", "decoder_sparse_step", "moe_layer_freq"),
    "q_lora_rank": ("q_lora_rank",),
    "kv_lora_rank": ("kv_lora_rank",),
    "qk_nope_head_dim": ("qk_nope_head_dim",),
    "qk_rope_head_dim": ("qk_rope_head_dim",),
    "v_head_dim": ("v_head_dim",),
    "sliding_window": ("sliding_window",),
    "linear_key_head_count": ("linear_num_key_heads",),
    "linear_value_head_count": ("linear_num_value_heads",),
    "linear_head_dim": ("linear_key_head_dim",),
    "linear_conv_kernel": ("linear_conv_kernel_dim",),
    "global_head_dim": ("global_head_dim",),
    "global_kv_head_count": ("num_global_key_value_heads",),
}
REQUIRED = ("hidden_size", "layer_count", "head_count", "vocab_size")
# Families whose experts have the width that the configuration calls intermediate_size.
EXPERTS_OF_FULL_WIDTH = frozenset(
    {"mixtral", "gpt_oss", "phimoe", "llama4_text", "olmoe", "minimax_m2"}
)
# Text models that a larger configuration holds, under the name that the families have here.
SAME_FAMILY = {"gemma4_text": "gemma4"}
# Without the key, transformers ties the ends of these, and of no other family here.
TIED_BY_DEFAULT = frozenset(
    {"gemma", "gemma2", "gemma3_text", "gemma3", "gemma4", "gpt2", "falcon", "cohere", "cohere2"}
)
# Families whose MLP is four times as wide as the model where the key is missing.
FOUR_TIMES_AS_WIDE = frozenset({"gpt2", "falcon"})
# The text model of one that also sees is in there.
TEXT_CONFIG_KEYS = ("text_config", "llm_config", "language_config")


@dataclass
class _Reading:
    """One configuration while it is read: its values, and what is wrong with them."""

    config: Mapping[str, object]
    errors: list[FieldError] = field(default_factory=list)

    def count(self, keys: tuple[str, ...]) -> int | None:
        """The whole number under the first key that states one; None where none does."""
        for key in keys:
            value = self.config.get(key)
            if value is None or isinstance(value, bool):
                continue
            if isinstance(value, float) and value.is_integer():
                value = int(value)
            if not isinstance(value, int):
                self.errors.append(FieldError(key, "must be a whole number."))
                return None
            return value
        return None

    def flag(self, key: str, default: bool) -> bool:
        value = self.config.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.errors.append(FieldError(key, "must be true or false."))
            return default
        return value

    def texts(self, key: str) -> list[str]:
        value = self.config.get(key)
        return [str(item) for item in value] if isinstance(value, list | tuple) else []


def architecture_from_config(config: Mapping[str, object], name: str = "") -> Architecture:
    """The architecture that a config.json describes.

    Raises:
        ConfigError: with each key that is missing or wrong, or the family that is not known.
    """
    text_config = _text_config(config)
    model_type = str(text_config.get("model_type") or config.get("model_type") or "")
    model_type = SAME_FAMILY.get(model_type, model_type)
    traits = FAMILIES.get(model_type)
    if model_type in NOT_MODELLED:
        raise ConfigError(
            [FieldError("model_type", f"“{model_type}”: {NOT_MODELLED[model_type]}.")]
        )
    if not model_type:
        raise ConfigError([FieldError("model_type", "is missing.")])
    if traits is None:
        raise ConfigError(
            [FieldError("model_type", f"“{model_type[:40]}” is not a family known here.")]
        )
    reading = _Reading(text_config)
    sizes = {size: reading.count(keys) for size, keys in KEYS.items()}
    stated: dict[str, Any] = {size: value for size, value in sizes.items() if value is not None}
    for size in REQUIRED:
        if size not in stated and not any(error.field in KEYS[size] for error in reading.errors):
            reading.errors.append(FieldError(KEYS[size][0], "is missing."))
    if reading.errors:
        raise ConfigError(reading.errors)
    _settle_heads(reading, stated, model_type)
    _settle_mlp(reading, stated, model_type)
    _settle_attention(reading, stated, model_type)
    tied = reading.flag("tie_word_embeddings", model_type in TIED_BY_DEFAULT)
    if reading.errors:
        raise ConfigError(reading.errors)
    return Architecture(
        name=name or str(config.get("_name_or_path") or model_type),
        model_type=model_type,
        tied_embeddings=tied,
        traits=traits,
        **stated,
    )


def _text_config(config: Mapping[str, object]) -> Mapping[str, object]:
    for key in TEXT_CONFIG_KEYS:
        inner = config.get(key)
        if isinstance(inner, Mapping):
            # What the outer one states, such as tied embeddings, holds where the inner is silent.
            return {**config, **inner}
    return config


def _settle_heads(reading: _Reading, stated: dict[str, Any], model_type: str) -> None:
    if model_type == "falcon" and not reading.flag("new_decoder_architecture", False):
        # The first Falcons have one key for all heads, whatever num_kv_heads says.
        one = reading.flag("multi_query", True)
        stated["kv_head_count"] = 1 if one else stated["head_count"]
    stated.setdefault("kv_head_count", stated["head_count"])
    if "kv_lora_rank" in stated:
        stated["head_dim"] = stated.get("v_head_dim", 0)
    if not stated.get("head_dim") and stated["head_count"]:
        stated["head_dim"] = stated["hidden_size"] // stated["head_count"]


def _settle_mlp(reading: _Reading, stated: dict[str, Any], model_type: str) -> None:
    width = stated.get("intermediate_size")
    if width is None:
        if model_type in FOUR_TIMES_AS_WIDE:
            stated["intermediate_size"] = 4 * stated["hidden_size"]
        elif "expert_intermediate_size" not in stated:
            reading.errors.append(FieldError("intermediate_size", "is missing."))
        else:
            stated["intermediate_size"] = 0
    if stated.get("expert_count", 0) <= 1:
        for size in ("expert_count", "experts_per_token", "expert_intermediate_size"):
            stated.pop(size, None)
        for size in ("shared_intermediate_size", "dense_layer_count", "moe_layer_interval"):
            stated.pop(size, None)
        return
    if model_type in EXPERTS_OF_FULL_WIDTH and "expert_intermediate_size" not in stated:
        stated["expert_intermediate_size"] = stated["intermediate_size"]
    if "experts_per_token" not in stated:
        reading.errors.append(FieldError("num_experts_per_tok", "is missing."))
    shared = reading.count(("n_shared_experts", "moe_num_shared_experts"))
    if shared and "shared_intermediate_size" not in stated:
        stated["shared_intermediate_size"] = shared * stated.get("expert_intermediate_size", 0)
    if model_type == "llama4_text":
        # One shared expert beside the routed ones; dense layers have a width of their own.
        stated["shared_intermediate_size"] = stated["expert_intermediate_size"]
        stated["intermediate_size"] = (
            reading.count(("intermediate_size_mlp",)) or stated["intermediate_size"]
        )
    if stated.get("moe_layer_interval", 1) < 1:
        stated["moe_layer_interval"] = 1


def _settle_attention(reading: _Reading, stated: dict[str, Any], model_type: str) -> None:
    if not reading.flag("use_sliding_window", True):
        stated.pop("sliding_window", None)
    kinds = reading.texts("layer_types")
    linear = sum(kind == "linear_attention" for kind in kinds)
    interval = reading.count(("full_attention_interval",))
    if not linear and interval and "linear_key_head_count" in stated:
        linear = stated["layer_count"] - stated["layer_count"] // interval
    if linear:
        stated["linear_layer_count"] = linear
    elif "linear_key_head_count" in stated:
        for size in [size for size in stated if size.startswith("linear_")]:
            stated.pop(size)
    if model_type == "gpt2":
        stated["position_count"] = reading.count(("n_positions", "max_position_embeddings")) or 0
