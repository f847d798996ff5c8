"""From a row of calculator/data/models.csv to an `Architecture`.

The site's `LanguageModel` rows have the same columns; their `to_architecture()` passes them here
as text or numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from calculator.estimation.architectures.architecture import (
    Architecture,
    AttentionKind,
    LayerKind,
    MlpKind,
)
from calculator.estimation.architectures.families import FAMILIES, FamilyTraits
from calculator.estimation.errors import ConfigError, FieldError

# Attention or layer patterns that the operations in decoder_layer.py do not describe. Their rows
# are "parameters only": the rule of thumb works for them, the precise estimate does not.
NOT_MODELLED: dict[str, str] = {
    "deepseek_v4": "its compressed sparse attention is not modelled",
    "kimi_k3": "its hybrid attention is not modelled",
    "minimax_m3": "its sparse attention is not modelled",
    "mllama": "its cross-attention layers are not modelled",
}

COLUMNS: dict[str, str] = {
    "hidden_size": "hidden_size",
    "num_hidden_layers": "layer_count",
    "num_attention_heads": "head_count",
    "num_key_value_heads": "kv_head_count",
    "head_dim": "head_dim",
    "intermediate_size": "intermediate_size",
    "vocab_size": "vocab_size",
    "num_experts": "expert_count",
    "experts_per_token": "experts_per_token",
    "moe_intermediate_size": "expert_intermediate_size",
    "shared_intermediate_size": "shared_intermediate_size",
    "first_k_dense_layers": "dense_layer_count",
    "moe_layer_interval": "moe_layer_interval",
    "q_lora_rank": "q_lora_rank",
    "kv_lora_rank": "kv_lora_rank",
    "qk_nope_head_dim": "qk_nope_head_dim",
    "qk_rope_head_dim": "qk_rope_head_dim",
    "v_head_dim": "v_head_dim",
    "sliding_window": "sliding_window",
    "linear_attention_layers": "linear_layer_count",
    "linear_key_heads": "linear_key_head_count",
    "linear_value_heads": "linear_value_head_count",
    "linear_head_dim": "linear_head_dim",
    "linear_conv_kernel": "linear_conv_kernel",
    "global_head_dim": "global_head_dim",
    "global_kv_heads": "global_kv_head_count",
    "position_embeddings": "position_count",
    "vision_parameters": "vision_parameter_count",
}
_COLUMN_OF = {name: column for column, name in COLUMNS.items()}


def architecture_from_row(row: Mapping[str, Any]) -> Architecture:
    """The architecture of one row; empty cells mean that the model has none of it.

    Raises:
        ConfigError: the row is "parameters only", or a cell is not what it should be. The fields
            of its errors are the row's columns.
    """
    model_type = str(row.get("model_type") or "")
    if model_type in NOT_MODELLED:
        raise ConfigError(
            [FieldError("model_type", f"Parameters only: {NOT_MODELLED[model_type]}.")]
        )
    traits = FAMILIES.get(model_type)
    if traits is None:
        raise ConfigError([FieldError("model_type", f"“{model_type}” is not a known family.")])
    errors: list[FieldError] = []
    sizes: dict[str, Any] = {}
    for column, name in COLUMNS.items():
        text = str(row.get(column) or "").strip()
        if not text:
            continue
        if not text.isascii() or not text.isdigit() or len(text) > 15:
            errors.append(FieldError(column, f"“{text[:40]}” is not a whole number."))
        else:
            sizes[name] = int(text)
    if errors:
        raise ConfigError(errors)
    for name in ("hidden_size", "layer_count", "head_count", "vocab_size"):
        if name not in sizes:
            errors.append(FieldError(_COLUMN_OF[name], "is missing."))
    if errors:
        raise ConfigError(errors)
    if "head_dim" not in sizes:
        heads = max(1, sizes["head_count"])
        sizes["head_dim"] = sizes.get("v_head_dim") or sizes["hidden_size"] // heads
    sizes.setdefault("kv_head_count", sizes["head_count"])
    sizes.setdefault("intermediate_size", 0)
    texts = _overrides(str(row.get("trait_overrides") or ""))
    layers = texts.pop("layers", "")
    if "indexer" in texts:
        sizes |= _sizes_of("indexer", texts.pop("indexer"), INDEXER_SIZES)
    for name in OVERRIDE_SIZES.keys() & texts.keys():
        sizes[OVERRIDE_SIZES[name]] = _count_override(texts.pop(name))
    if "mamba" in texts:
        sizes |= _sizes_of("mamba", texts.pop("mamba"), MAMBA_SIZES)
    traits = _with_overrides(traits, texts)
    try:
        architecture = Architecture(
            name=str(row.get("display_name") or model_type),
            model_type=model_type,
            tied_embeddings=str(row.get("tie_word_embeddings") or "").lower() in ("true", "1"),
            traits=traits,
            **sizes,
        )
        return _with_layers(architecture, layers) if layers else architecture
    except ConfigError as error:
        raise ConfigError(
            [
                FieldError(_COLUMN_OF.get(each.field, each.field), each.message)
                for each in error.errors
            ]
        ) from error


def _overrides(text: str) -> dict[str, str]:
    """In what one model differs from its family: `qkv_bias=false; qk_norm=none`."""
    found = {}
    for piece in filter(None, (piece.strip() for piece in text.split(";"))):
        name, _, value = piece.partition("=")
        found[name.strip()] = value.strip()
    return found


def _with_overrides(traits: FamilyTraits, texts: Mapping[str, str]) -> FamilyTraits:
    changes: dict[str, Any] = {}
    for name, text in texts.items():
        known = getattr(traits, name, None) if name in OVERRIDABLE else None
        if known is None:
            raise ConfigError([FieldError("trait_overrides", f"“{name[:40]}” is not a trait.")])
        changes[name] = _parsed(text, known)
    return replace(traits, **changes)


def _count_override(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        message = f"“{text[:40]}” is not a whole number."
        raise ConfigError([FieldError("trait_overrides", message)])
    return int(text)


def _sizes_of(name: str, text: str, sizes: tuple[str, ...]) -> dict[str, int]:
    """Sizes that have no columns: `48x64x128x1x256`, in the order of their names."""
    numbers = text.split("x")
    if len(numbers) != len(sizes) or not all(
        number.isascii() and number.isdigit() and len(number) <= 15 for number in numbers
    ):
        message = f"“{name}={text[:40]}” is not as many whole numbers as {' × '.join(sizes)}."
        raise ConfigError([FieldError("trait_overrides", message)])
    return dict(zip(sizes, map(int, numbers), strict=True))


def _with_layers(architecture: Architecture, pattern: str) -> Architecture:
    """The architecture with the layers of a pattern such as `5MF9MF`, in their order.

    Each letter is a kind (`LAYER_LETTERS`), after how many layers of it there are, if not one.
    Whether a layer has experts follows from the row's other columns, unless the letter says so.
    """
    if not re.fullmatch(_PATTERN, pattern):
        message = f"“{pattern[:40]}” is not a list of layers."
        raise ConfigError([FieldError("trait_overrides", message)])
    layers: list[LayerKind] = []
    for count, letter in re.findall(r"(\d*)([a-zA-Z])", pattern):
        attention, mlp = LAYER_LETTERS[letter]
        for _ in range(int(count or 1)):
            own = mlp or architecture.mlp_kind(min(len(layers), architecture.layer_count - 1))
            layers.append((attention, own))
    return replace(architecture, stated_layers=tuple(layers))


# A layer's kind by its letter, with the MLP that it has or None where the columns decide.
LAYER_LETTERS: dict[str, tuple[AttentionKind, MlpKind | None]] = {
    "F": ("full", None),
    "C": ("convolution", None),
    "M": ("mamba", None),
    "m": ("mamba", "none"),
    "f": ("full", "none"),
    "d": ("none", "dense"),
    "e": ("none", "moe"),
}
OVERRIDE_SIZES = {
    "per_layer_input": "per_layer_input_size",
    "per_layer_vocab": "per_layer_vocab_size",
    "shared_kv_layers": "shared_kv_layer_count",
    "altup_inputs": "altup_input_count",
    "laurel_rank": "laurel_rank",
    "sparse_layers": "sparse_layer_count",
}
_PATTERN = rf"(\d{{0,3}}[{''.join(LAYER_LETTERS)}]){{1,200}}"
INDEXER_SIZES = ("index_head_count", "index_head_dim")
MAMBA_SIZES = (
    "mamba_head_count",
    "mamba_head_dim",
    "mamba_state_size",
    "mamba_group_count",
    "mamba_chunk_size",
)
OVERRIDABLE = (
    "qkv_bias",
    "o_bias",
    "qk_norm",
    "norms_per_layer",
    "sliding_period",
    "extra_layer_parameters",
    "rotary_fraction",
    "mamba_norm",
    "global_key_is_value",
    "widens_sharing_mlp",
    "router_bias",
    "fused_qkv",
)


def _parsed(value: str, like: object) -> object:
    if isinstance(like, bool):
        return value == "true"
    try:
        return type(like)(value)  # type: ignore[call-arg]
    except ValueError:
        raise ConfigError(
            [FieldError("trait_overrides", f"“{value[:40]}” does not fit.")]
        ) from None
