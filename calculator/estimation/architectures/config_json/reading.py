"""The values of one config.json: under which keys a size stands, what absent ones mean, mistakes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from math import isfinite
from pathlib import Path

from calculator.estimation.errors import FieldError

# Each size of an architecture, and the keys under which configurations state it.
KEYS: dict[str, tuple[str, ...]] = {
    "hidden_size": ("hidden_size", "n_embd", "d_model", "n_embed"),
    "layer_count": ("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    "head_count": ("num_attention_heads", "n_head", "n_heads"),
    "kv_head_count": ("num_key_value_heads", "num_kv_heads"),
    "head_dim": ("head_dim",),
    "intermediate_size": (
        "intermediate_size",
        "n_inner",
        "ffn_hidden_size",
        "ffn_dim",
        "block_ff_dim",
    ),
    "vocab_size": ("vocab_size",),
    "expert_count": ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"),
    "experts_per_token": (
        "num_experts_per_tok",
        "num_experts_per_token",
        "moe_k",
        "moe_topk",
        "top_k_experts",
    ),
    "expert_intermediate_size": ("moe_intermediate_size",),
    "shared_intermediate_size": ("shared_expert_intermediate_size",),
    "shared_expert_count": ("n_shared_experts", "moe_num_shared_experts"),
    "dense_layer_count": ("first_k_dense_replace", "num_dense_layers"),
    "q_lora_rank": ("q_lora_rank",),
    "kv_lora_rank": ("kv_lora_rank",),
    "qk_nope_head_dim": ("qk_nope_head_dim",),
    "qk_rope_head_dim": ("qk_rope_head_dim",),
    "v_head_dim": ("v_head_dim",),
    "sliding_window": ("sliding_window", "attention_chunk_size"),
    "linear_key_head_count": ("linear_num_key_heads",),
    "linear_value_head_count": ("linear_num_value_heads",),
    "linear_head_dim": ("linear_key_head_dim",),
    "linear_conv_kernel": (
        "linear_conv_kernel_dim",
        "conv_L_cache",
        "mamba_d_conv",
        "conv_kernel",
    ),
    "mamba_head_count": ("mamba_n_heads", "mamba_num_heads"),
    "mamba_head_dim": ("mamba_head_dim",),
    "mamba_state_size": ("mamba_d_state", "ssm_state_size"),
    "mamba_group_count": ("mamba_n_groups", "n_groups"),
    "mamba_chunk_size": ("mamba_chunk_size", "chunk_size"),
    "index_head_count": ("index_n_heads",),
    "index_head_dim": ("index_head_dim",),
    "global_head_dim": ("global_head_dim",),
    "per_layer_input_size": ("hidden_size_per_layer_input",),
    "per_layer_vocab_size": ("vocab_size_per_layer_input",),
    "shared_kv_layer_count": ("num_kv_shared_layers",),
    "altup_input_count": ("altup_num_inputs",),
    "laurel_rank": ("laurel_rank",),
    "global_kv_head_count": ("num_global_key_value_heads",),
    "position_count": ("n_positions", "max_position_embeddings"),
}
# Sizes that transformers would fill in, but that every saved configuration states: where one is
# missing, something was lost, and a default would be another model. The text model within a
# larger configuration is different: Gemma 3's leaves out most of them.
STATED_BY_ALL = frozenset(
    {
        "hidden_size",
        "layer_count",
        "head_count",
        "vocab_size",
        "intermediate_size",
        "expert_count",
        "experts_per_token",
        "expert_intermediate_size",
        "kv_lora_rank",
        "qk_nope_head_dim",
        "qk_rope_head_dim",
        "v_head_dim",
    }
)
FLAGS = (
    "tie_word_embeddings",
    "attention_bias",
    "attention_out_bias",
    "mlp_bias",
    "qkv_bias",
    "bias",
    "use_bias",
    "use_qkv_bias",
    "add_bias_linear",
    "enable_bias",
    "do_layer_norm_before",
    "lm_head_bias",
    "use_qk_norm",
    "qk_layernorm",
    "use_parallel_residual",
    "parallel_attn",
    "new_decoder_architecture",
    "multi_query",
    "alibi",
    "use_sliding_window",
    "attention_k_eq_v",
    "enable_moe_block",
    "use_double_wide_mlp",
    "conv_bias",
    "block_auto_adjust_ff_dim",
    "mamba_conv_bias",
    "mamba_proj_bias",
    "mamba_rms_norm",
    "projectors_bias",
    "use_conv_bias",
)
LARGEST = 10**15
LONGEST_LIST = 1_024


@cache
def defaults_of(family: str) -> Mapping[str, int | float | bool]:
    """What transformers 5.23 has for keys that a configuration of the family leaves out.

    Written by validation/config_counts.py from the family's configuration class.
    """
    return _all_defaults().get(family, {})


@cache
def _all_defaults() -> dict[str, dict[str, int | float | bool]]:
    path = Path(__file__).with_name("defaults.json")
    loaded: dict[str, dict[str, int | float | bool]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


@dataclass
class Reading:
    """One configuration while it is read.

    is_inner: it is the text model within a larger configuration, whose absent sizes are defaults.
    errors: what is wrong, each under the configuration's own key.
    """

    config: Mapping[str, object]
    defaults: Mapping[str, int | float | bool]
    is_inner: bool = False
    errors: list[FieldError] = field(default_factory=list)

    def size(self, size: str) -> int | None:
        """The architecture's size of that name, or None where the model has none of it."""
        keys = KEYS[size]
        default = next((self.defaults[key] for key in keys if key in self.defaults), None)
        given = [key for key in keys if self.config.get(key) is not None]
        if given:
            return self.count(given[0])
        if size in STATED_BY_ALL and default and not self.is_inner:
            self.report(self.key_of(size), "is missing.")
            return None
        if any(key in self.config for key in keys):  # null: it has none
            return None
        return int(default) if default is not None else None

    def key_of(self, size: str) -> str:
        """The key of this configuration that states the size, or else would."""
        keys = KEYS.get(size, (size,))
        return next(
            (key for key in keys if key in self.config),
            next((key for key in keys if key in self.defaults), keys[0]),
        )

    def count(self, key: str, default: int | None = None) -> int | None:
        """The whole number under a key."""
        value = self.config.get(key)
        if value is None:
            found = default if key in self.config else self.defaults.get(key, default)
            return None if found is None else int(found)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.report(key, "must be a whole number.")
            return None
        if abs(value) > LARGEST:
            self.report(key, "is too large a number.")
            return None
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.config.get(key)
        if value is None:
            return bool(self.defaults.get(key, default))
        if not isinstance(value, bool):
            self.report(key, "must be true or false.")
            return default
        return value

    def fraction(self, key: str, value: object) -> float | None:
        """A number from 0 to 1."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.report(key, "must be a number.")
            return None
        if not isfinite(value) or not 0 <= value <= 1:
            self.report(key, "must be between 0 and 1.")
            return None
        return float(value)

    def counts(self, key: str) -> list[int] | None:
        """The list of whole numbers under a key."""
        return self._list(key, int, "whole numbers")  # type: ignore[return-value]

    def texts(self, key: str) -> list[str] | None:
        """The list of words under a key."""
        return self._list(key, str, "words")  # type: ignore[return-value]

    def _list(self, key: str, kind: type, what: str) -> list[object] | None:
        value = self.config.get(key)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or not all(
            isinstance(item, kind) and not isinstance(item, bool) for item in value
        ):
            self.report(key, f"must be a list of {what}.")
            return None
        if len(value) > LONGEST_LIST:
            self.report(key, f"must have no more than {LONGEST_LIST:,} items.")
            return None
        return list(value)

    def report(self, key: str, message: str) -> None:
        """Note what is wrong with a key, once."""
        if not any(error.field == key for error in self.errors):
            self.errors.append(FieldError(key, message))


def one_of(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
