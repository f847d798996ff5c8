"""From a Hugging Face config.json to an `Architecture`.

Families name the same sizes differently; what each name means is in the `configuration_*.py` and
`modeling_*.py` of its family in transformers 5.23. Keys that do not change a size are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from calculator.estimation.architectures.architecture import (
    Architecture,
    LayerKind,
)
from calculator.estimation.architectures.config_json.aliases import (
    SAME_FAMILY,
    in_known_words,
    might_be_llama,
)
from calculator.estimation.architectures.config_json.hybrids import hybrid_sizes, lone_layers
from calculator.estimation.architectures.config_json.layers import (
    head_sizes,
    layer_kinds,
    mlp_sizes,
    sparse_layers,
)
from calculator.estimation.architectures.config_json.notes import config_notes
from calculator.estimation.architectures.config_json.reading import (
    KEYS,
    Reading,
    defaults_of,
    one_of,
)
from calculator.estimation.architectures.config_json.traits import traits_of
from calculator.estimation.architectures.families import FAMILIES, FamilyTraits
from calculator.estimation.architectures.linear_modules import LIGHTNING_BLOCK_TOKENS
from calculator.estimation.architectures.rows import NOT_MODELLED
from calculator.estimation.errors import ConfigError, FieldError

__all__ = ["KEYS", "architecture_from_config", "config_notes"]

# The text model of one that also sees is in there.
TEXT_CONFIG_KEYS = ("text_config", "llm_config", "language_config")
# Where a configuration does not say it (configuration_gemma4.py, __post_init__).
GEMMA4_GLOBAL_HEAD_DIM = 512
GEMMA4_SIZES = (
    "global_head_dim",
    "global_kv_head_count",
    "per_layer_input_size",
    "per_layer_vocab_size",
    "shared_kv_layer_count",
)
GEMMA3N_SIZES = (
    "per_layer_input_size",
    "per_layer_vocab_size",
    "shared_kv_layer_count",
    "altup_input_count",
    "laurel_rank",
)
LONGEST_NAME = 120


def architecture_from_config(config: Mapping[str, object], name: str = "") -> Architecture:
    """The architecture that a config.json describes.

    Raises:
        ConfigError: with each key that is missing or wrong, or the family that is not known.
    """
    text_config, is_inner = _text_config(config)
    family = _family(text_config, config)
    reading = Reading(text_config, defaults_of(family), is_inner)
    sizes: dict[str, Any] = {
        size: reading.size(size) or 0 for size in ("hidden_size", "layer_count", "vocab_size")
    }
    if family == "nemotron_h":
        sizes["layer_count"] = len(lone_layers(reading)) or sizes["layer_count"] or 1
    sizes |= head_sizes(reading, family)
    sizes |= mlp_sizes(reading, family)
    sizes |= _other_sizes(reading, family)
    traits = traits_of(reading, family, FAMILIES[family])
    tied = _is_tied(reading, config, family)
    if reading.errors:
        raise ConfigError(reading.errors)
    # Checks the sizes against their bounds before anything is made in their number.
    unstated = _checked(
        reading,
        name=name or _own_name(config) or family,
        model_type=family,
        tied_embeddings=tied,
        traits=traits,
        **sizes,
    )
    wanted = layer_kinds(reading, family, traits, unstated.layer_count)
    if reading.errors:
        raise ConfigError(reading.errors)
    return _with_layers(reading, unstated, wanted)


def _text_config(config: Mapping[str, object]) -> tuple[Mapping[str, object], bool]:
    for key in TEXT_CONFIG_KEYS:
        inner = config.get(key)
        if isinstance(inner, Mapping):
            return in_known_words(inner), True
    return in_known_words(config), False


def _own_name(config: Mapping[str, object]) -> str:
    own = config.get("_name_or_path")
    return own[:LONGEST_NAME] if isinstance(own, str) else ""


def _family(text_config: Mapping[str, object], config: Mapping[str, object]) -> str:
    """The family whose layers the model has.

    Raises:
        ConfigError: none is stated, or it is not known.
    """
    stated = text_config.get("model_type") or config.get("model_type")
    if stated is None:
        raise ConfigError([FieldError("model_type", "is missing.")])
    if not isinstance(stated, str):
        raise ConfigError([FieldError("model_type", "must be a word, such as “llama”.")])
    family = SAME_FAMILY.get(stated, stated)
    if family in NOT_MODELLED:
        message = (
            f"“{family}” cannot be computed: {NOT_MODELLED[family]}."
            " Its number of parameters is enough for the rule of thumb."
        )
        raise ConfigError([FieldError("model_type", message)])
    if family not in FAMILIES:
        message = f"“{stated[:40]}” is not a family known here. Known: {one_of(FAMILIES)}."
        if might_be_llama({**config, **text_config}):
            message += (
                " Its sizes have the names of Llama's: if its layers are Llama's too,"
                " set “model_type” to “llama”."
            )
        raise ConfigError([FieldError("model_type", message)])
    return family


def _other_sizes(reading: Reading, family: str) -> dict[str, int]:
    found = {"sliding_window": reading.size("sliding_window") or 0}
    found |= hybrid_sizes(reading, family)
    if "index_n_heads" in reading.defaults:
        for size in ("index_head_count", "index_head_dim"):
            found[size] = reading.size(size) or 0
        _check_indexers(reading)
    if family in ("gpt2", "opt"):
        # OPT's first position is the third of its embedding.
        offset = 2 if family == "opt" else 0
        found["position_count"] = (reading.size("position_count") or 0) + offset
    if family == "gemma4":
        for size in GEMMA4_SIZES:
            found[size] = reading.size(size) or 0
        if "global_head_dim" not in reading.config:
            found["global_head_dim"] = GEMMA4_GLOBAL_HEAD_DIM
        if not found["per_layer_input_size"]:
            found["per_layer_vocab_size"] = 0
        if not reading.flag("attention_k_eq_v"):
            found["global_kv_head_count"] = 0  # configuration_gemma4.py asks for both
    if family == "gemma3n_text":
        for size in GEMMA3N_SIZES:
            found[size] = reading.size(size) or 0
        layer_count = reading.size("layer_count") or 0
        found["sparse_layer_count"] = sparse_layers(reading, family, layer_count)
    if family == "minimax":  # lightning attention has the heads of the other layers' queries
        if (reading.count("block_size") or 0) != LIGHTNING_BLOCK_TOKENS:
            reading.report("block_size", f"must be {LIGHTNING_BLOCK_TOKENS}.")
        heads = head_sizes(reading, family)
        found |= {
            "linear_key_head_count": heads["head_count"],
            "linear_value_head_count": heads["head_count"],
            "linear_head_dim": heads["head_dim"],
        }
    if "linear_num_key_heads" in reading.defaults:
        for size in (
            "linear_key_head_count",
            "linear_value_head_count",
            "linear_head_dim",
            "linear_conv_kernel",
        ):
            found[size] = reading.size(size) or 0
    return found


def _check_indexers(reading: Reading) -> None:
    """Layers that share another one's indexer are not computed."""
    types = reading.texts("indexer_types") or []
    pattern = reading.config.get("index_topk_pattern")
    if "shared" in types:
        reading.report("indexer_types", "must be “full” throughout: nothing else is modelled.")
    if isinstance(pattern, str | list | tuple) and ("S" in pattern or "shared" in pattern):
        reading.report("index_topk_pattern", "must share none: nothing else is modelled.")
    if (reading.count("index_topk_freq", 1) or 1) > 1:
        reading.report("index_topk_freq", "must be 1: shared indexers are not modelled.")


def _is_tied(reading: Reading, config: Mapping[str, object], family: str) -> bool:
    """Whether the head is the embedding. The outer configuration owns the head, if it says so."""
    if family == "nemotron_h":  # modeling_nemotron_h.py ties nothing, whatever the flag says
        return False
    if reading.is_inner and config.get("tie_word_embeddings") is not None:
        outer = Reading(config, {}, errors=reading.errors)
        return outer.flag("tie_word_embeddings")
    return reading.flag("tie_word_embeddings")


def _checked(reading: Reading, **values: Any) -> Architecture:
    """The architecture, or what is wrong with it under the configuration's own keys."""
    try:
        return Architecture(**values)
    except ConfigError as error:
        for each in error.errors:
            reading.report(reading.key_of(each.field), each.message)
        raise ConfigError(reading.errors) from error


def _with_layers(
    reading: Reading, plain: Architecture, wanted: tuple[LayerKind, ...]
) -> Architecture:
    """The architecture whose layers are of those kinds: by a rule if one gives them."""
    attention = [kind for kind, _ in wanted]
    if "sliding" not in attention:
        plain = replace(plain, sliding_window=0)
    mlp = [kind for _, kind in wanted]
    linear = attention.count("linear")
    dense = next((i for i, kind in enumerate(mlp) if kind == "moe"), len(mlp))
    interval = 1
    if plain.is_moe and "dense" in mlp[dense:]:
        interval, dense = dense + 1, 0
    period = next((i + 1 for i, kind in enumerate(attention) if kind == "full"), 1)
    slides = "sliding" in attention
    for traits in (plain.traits, _sliding_every(plain.traits, period if slides else 0)):
        with suppress(ConfigError):
            ruled = replace(
                plain,
                linear_layer_count=linear,
                dense_layer_count=dense if plain.is_moe else 0,
                moe_layer_interval=interval,
                traits=traits,
            )
            if ruled.layer_kinds() == wanted:
                return ruled
    try:
        return replace(plain, linear_layer_count=linear, stated_layers=wanted)
    except ConfigError as error:
        for each in error.errors:
            reading.report(reading.key_of(each.field), each.message)
        raise ConfigError(reading.errors) from error


def _sliding_every(traits: FamilyTraits, period: int) -> FamilyTraits:
    return replace(traits, sliding_period=period)
