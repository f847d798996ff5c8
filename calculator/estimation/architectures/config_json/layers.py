"""From a configuration to the sizes of heads and MLPs, and the kind of every layer."""

from __future__ import annotations

from typing import Any

from calculator.estimation.architectures.architecture import (
    SHARING,
    AttentionKind,
    LayerKind,
    MlpKind,
)
from calculator.estimation.architectures.config_json.hybrids import (
    hybrid_layers,
    hybrid_mlp_sizes,
    lone_layers,
)
from calculator.estimation.architectures.config_json.reading import Reading, one_of
from calculator.estimation.architectures.families import FamilyTraits

# Families whose experts have the width that the configuration calls intermediate_size.
EXPERTS_OF_FULL_WIDTH = frozenset(
    {
        "mixtral",
        "gpt_oss",
        "phimoe",
        "llama4_text",
        "olmoe",
        "minimax",
        "minimax_m2",
        "granitemoehybrid",
        "hunyuan_v1_moe",
    }
)
# Families whose MLP is four times as wide as the model where no width is stated.
FOUR_TIMES_AS_WIDE = frozenset({"gpt2", "falcon", "gptj", "bloom", "mpt"})
SHARES_KEYS = frozenset({"gemma3n_text", "gemma4"})
WITH_LATENT_ATTENTION = frozenset(
    {"deepseek_v2", "deepseek_v3", "deepseek_v32", "glm4_moe_lite", "glm_moe_dsa"}
)
QWEN_MOE = frozenset({"qwen2_moe", "qwen3_moe", "qwen3_next"})
# Where a configuration has no layer_types, Qwen slides in the last layers, if it is told to.
SLIDES_AT_THE_END = frozenset({"qwen2", "qwen3", "mimo"})
LAYER_TYPES: dict[str, AttentionKind] = {
    "full_attention": "full",
    "sliding_attention": "sliding",
    "chunked_attention": "sliding",
    "linear_attention": "linear",
    # Sparse attention is full attention with a mask, as transformers runs it.
    "indexed_attention": "full",
    "deepseek_sparse_attention": "full",
}


def head_sizes(reading: Reading, family: str) -> dict[str, int]:
    """Heads, and the parts of one with latent attention."""
    heads = reading.size("head_count") or 0
    hidden = reading.size("hidden_size") or 0
    found = {"head_count": heads, "kv_head_count": _kv_heads(reading, family, heads)}
    if family in WITH_LATENT_ATTENTION:
        for size in ("kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim"):
            found[size] = reading.size(size) or 0
        found["q_lora_rank"] = reading.size("q_lora_rank") or 0
        return {**found, "kv_head_count": heads, "head_dim": found["v_head_dim"]}
    head_dim = None if family in ("falcon", "gpt_neox", "gpt2") else reading.size("head_dim")
    if head_dim is None:
        head_dim = hidden // heads if heads > 0 else 0
    return {**found, "head_dim": head_dim}


def _kv_heads(reading: Reading, family: str, heads: int) -> int:
    if family == "falcon" and not reading.flag("new_decoder_architecture"):
        # The first Falcons have one key for all heads, whatever num_kv_heads says.
        return 1 if reading.flag("multi_query") else heads
    if family in ("gpt2", "gpt_neox"):
        return heads
    return reading.size("kv_head_count") or heads


def mlp_sizes(reading: Reading, family: str) -> dict[str, int]:
    """Widths of the dense MLP, of an expert and of the shared experts; how many there are."""
    hidden = reading.size("hidden_size") or 0
    width = reading.size("intermediate_size")
    if width is None:
        width = 4 * hidden if family in FOUR_TIMES_AS_WIDE else 0
    sizes = {"intermediate_size": width}
    if _may_have_experts(reading, family):
        sizes = _with_experts(reading, family, width)
    return hybrid_mlp_sizes(reading, family, sizes)


def _with_experts(reading: Reading, family: str, width: int) -> dict[str, int]:
    experts, per_token = reading.size("expert_count"), reading.size("experts_per_token")
    one = width if family in EXPERTS_OF_FULL_WIDTH else reading.size("expert_intermediate_size")
    if not experts:
        return {"intermediate_size": width}
    found = {
        "intermediate_size": width,
        "expert_count": experts,
        "experts_per_token": per_token or 0,
        "expert_intermediate_size": one or 0,
        "shared_intermediate_size": _shared_width(reading, family, one or 0, width),
    }
    if family == "llama4_text":
        found["intermediate_size"] = reading.count("intermediate_size_mlp") or 0
    return found


def _may_have_experts(reading: Reading, family: str) -> bool:
    if family == "nemotron_h":
        return any(mlp == "moe" for _, mlp in lone_layers(reading))
    if family == "gemma4":
        return reading.flag("enable_moe_block")
    return any(
        key in reading.defaults
        for key in ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
    )


def _shared_width(reading: Reading, family: str, one: int, width: int) -> int:
    if family in (
        "llama4_text",
        "gemma4",
        "hunyuan_v1_moe",
    ):  # beside the routed experts, in every layer of them
        return width
    stated = reading.size("shared_intermediate_size")
    if stated is not None:
        return stated
    return one * (reading.size("shared_expert_count") or 0)


def layer_kinds(
    reading: Reading, family: str, traits: FamilyTraits, layer_count: int
) -> tuple[LayerKind, ...]:
    """The kind of every layer, first to last."""
    if family == "nemotron_h":
        return lone_layers(reading)
    attention = hybrid_layers(reading, family, layer_count)
    if attention is None:
        attention = _attention_kinds(reading, family, traits, layer_count)
    if not reading.size("sliding_window"):
        attention = ["full" if kind == "sliding" else kind for kind in attention]
    mlp = _mlp_kinds(reading, family, layer_count)
    for layer in range(sparse_layers(reading, family, layer_count)):
        mlp[layer] = "sparse"
    shared = reading.size("shared_kv_layer_count") or 0 if family in SHARES_KEYS else 0
    for layer in range(max(0, layer_count - shared), layer_count):
        attention[layer] = SHARING[attention[layer]]
        if traits.widens_sharing_mlp and mlp[layer] == "dense":
            mlp[layer] = "wide"
    return tuple(zip(attention, mlp, strict=True))


def sparse_layers(reading: Reading, family: str, layer_count: int) -> int:
    """How many layers at the start let the largest gates through alone (Gemma 3n).

    Ten where the configuration does not say (configuration_gemma3n.py, __post_init__).
    """
    if family != "gemma3n_text":
        return 0
    pattern = reading.config.get("activation_sparsity_pattern")
    if pattern is None:
        return 10 if layer_count > 10 else 0
    if not isinstance(pattern, list | tuple) or not all(
        isinstance(share, int | float) and not isinstance(share, bool) for share in pattern
    ):
        reading.report("activation_sparsity_pattern", "must be a list of numbers.")
        return 0
    sparse = [share > 0 for share in pattern]
    if len(sparse) != layer_count or sparse != sorted(sparse, reverse=True):
        words = f"must have {layer_count:,} numbers, those above 0 first."
        reading.report("activation_sparsity_pattern", words)
        return 0
    return sum(sparse)


def _attention_kinds(
    reading: Reading, family: str, traits: FamilyTraits, layer_count: int
) -> list[AttentionKind]:
    stated = reading.texts("layer_types")
    if stated is not None and _is_layer_list(reading, stated, layer_count):
        return [LAYER_TYPES[kind] for kind in stated]
    if family == "minimax":
        # configuration_minimax.py: every second layer, the first attending to everything.
        return ["linear" if layer % 2 else "full" for layer in range(layer_count)]
    if "linear_num_key_heads" in reading.defaults:
        interval = reading.count("full_attention_interval", 4) or 4
        return [
            "full" if (layer + 1) % max(1, interval) == 0 else "linear"
            for layer in range(layer_count)
        ]
    slides = reading.flag("use_sliding_window", default=True)
    if family in SLIDES_AT_THE_END:
        first = reading.count("max_window_layers") or 0
        return ["sliding" if slides and layer >= first else "full" for layer in range(layer_count)]
    if family in ("qwen3_moe", "smollm3"):
        return ["sliding" if slides and family == "qwen3_moe" else "full"] * layer_count
    period = reading.count("sliding_window_pattern", traits.sliding_period) or 0
    return [
        "sliding" if period > 0 and (period == 1 or (layer + 1) % period) else "full"
        for layer in range(layer_count)
    ]


def _is_layer_list(reading: Reading, stated: list[str], layer_count: int) -> bool:
    unknown = [kind for kind in stated if kind not in LAYER_TYPES]
    if unknown:
        reading.report(
            "layer_types",
            f"has “{unknown[0][:40]}”. Layers of these kinds are computed: {one_of(LAYER_TYPES)}.",
        )
    elif len(stated) != layer_count:
        reading.report(
            "layer_types", f"names {len(stated):,} layers, and the model has {layer_count:,}."
        )
    return not unknown and len(stated) == layer_count


def _mlp_kinds(reading: Reading, family: str, layer_count: int) -> list[MlpKind]:
    layers = range(layer_count)
    if not mlp_sizes(reading, family).get("expert_count"):
        return ["dense"] * layer_count
    if family in QWEN_MOE:
        dense = set(reading.counts("mlp_only_layers") or [])
        step = max(1, reading.count("decoder_sparse_step", 1) or 1)
        return _moe_where(i not in dense and (i + 1) % step == 0 for i in layers)
    if family == "llama4_text":
        step = max(1, reading.count("interleave_moe_layer_step", 1) or 1)
        sparse = reading.counts("moe_layers")
        return _moe_where((i + 1) % step == 0 if sparse is None else i in sparse for i in layers)
    if family == "ernie4_5_moe":
        step = max(1, reading.count("moe_layer_interval", 1) or 1)
        first = reading.count("moe_layer_start_index", 1) or 0
        last = reading.count("moe_layer_end_index", -1)
        last = layer_count - 1 if last is None or last == -1 else last
        return _moe_where((i + 1) % step == 0 and first <= i <= last for i in layers)
    if family in ("glm4_moe_lite", "deepseek_v32", "glm_moe_dsa"):
        stated = reading.texts("mlp_layer_types")
        if stated is not None and len(stated) == layer_count:
            return _moe_where(kind == "sparse" for kind in stated)
    if family == "glm4_moe_lite":
        return _moe_where(i >= 1 for i in layers)
    dense_count = reading.size("dense_layer_count") or 0
    return _moe_where(i >= dense_count for i in layers)


def _moe_where(is_sparse: Any) -> list[MlpKind]:
    return ["moe" if sparse else "dense" for sparse in is_sparse]
