"""Families whose layers are of several kinds: convolutions, Mamba-2, or one part of a layer alone."""

from __future__ import annotations

from typing import Any

from calculator.estimation.architectures.architecture import AttentionKind, LayerKind
from calculator.estimation.architectures.config_json.reading import Reading, one_of

WITH_CONVOLUTIONS = frozenset({"lfm2", "lfm2_moe"})
WITH_MAMBA = frozenset({"granitemoehybrid", "nemotron_h", "falcon_h1"})
# The names of transformers 5, and those of configurations from before.
ATTENTION_OF_NAME: dict[str, AttentionKind] = {
    "full_attention": "full",
    "attention": "full",
    "conv": "convolution",
    "linear_attention": "mamba",
    "mamba": "mamba",
}
LAYER_OF_NAME: dict[str, LayerKind] = {
    "linear_attention": ("mamba", "none"),
    "mamba": ("mamba", "none"),
    "full_attention": ("full", "none"),
    "attention": ("full", "none"),
    "mlp": ("none", "dense"),
    "moe": ("none", "moe"),
}
NAME_OF_LETTER = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}
MAMBA_SIZES = (
    "mamba_head_count",
    "mamba_head_dim",
    "mamba_state_size",
    "mamba_group_count",
    "mamba_chunk_size",
    "linear_conv_kernel",
)


def hybrid_sizes(reading: Reading, family: str) -> dict[str, int]:
    """Sizes of convolutions and of Mamba-2."""
    if family in WITH_CONVOLUTIONS:
        return {"linear_conv_kernel": reading.size("linear_conv_kernel") or 0}
    if family not in WITH_MAMBA:
        return {}
    found = {size: reading.size(size) or 0 for size in MAMBA_SIZES if size != "mamba_head_dim"}
    if family == "nemotron_h":
        return {**found, "mamba_head_dim": reading.size("mamba_head_dim") or 0}
    hidden, expand = reading.size("hidden_size") or 0, reading.count("mamba_expand") or 0
    # mamba_d_head may be “auto”: the width of all heads together decides.
    inner = reading.count("mamba_d_ssm") or expand * hidden
    heads = found["mamba_head_count"]
    if heads > 0 and inner % heads:
        reading.report("mamba_n_heads", f"must divide the layer's width, {inner:,}.")
    return {**found, "mamba_head_dim": inner // heads if heads > 0 else 0}


def hybrid_mlp_sizes(reading: Reading, family: str, sizes: dict[str, int]) -> dict[str, int]:
    """What a family means by the sizes of its MLPs."""
    width = sizes["intermediate_size"]
    if family == "lfm2" and reading.flag("block_auto_adjust_ff_dim"):
        # modeling_lfm2.py, Lfm2MLP: two thirds of it, rounded up to a multiple.
        factor = reading.config.get("block_ffn_dim_multiplier", 1.0)
        multiple = max(1, reading.count("block_multiple_of") or 1)
        width = int(2 * width / 3)
        if isinstance(factor, int | float) and not isinstance(factor, bool) and 0 < factor < 100:
            width = int(factor * width)
            width = multiple * -(-width // multiple)
        return {**sizes, "intermediate_size": width}
    if family == "granitemoehybrid":
        shared = reading.count("shared_intermediate_size") or 0
        if sizes.get("expert_count"):
            return {**sizes, "shared_intermediate_size": shared}
        return {**sizes, "intermediate_size": shared}
    if family == "nemotron_h" and sizes.get("expert_count"):
        shared = reading.count("moe_shared_expert_intermediate_size") or 0
        return {**sizes, "shared_intermediate_size": shared}
    return sizes


def hybrid_layers(reading: Reading, family: str, layer_count: int) -> list[AttentionKind] | None:
    """What each layer does with its tokens, in a family of which this is stated."""
    if family == "falcon_h1":
        return ["mamba_and_full"] * layer_count
    if family not in (*WITH_CONVOLUTIONS, "granitemoehybrid"):
        return None
    key = next((k for k in ("layer_types", "layers_block_type") if k in reading.config), "")
    stated = reading.texts(key) if key else None
    if stated is not None:
        return [
            ATTENTION_OF_NAME[name]
            for name in _checked(reading, key, stated, ATTENTION_OF_NAME, layer_count)
        ] or ["full"] * layer_count
    if family == "granitemoehybrid":
        return ["mamba"] * layer_count
    attending = reading.counts("full_attn_idxs")
    every = attending is None
    return [
        "full" if every or layer in (attending or ()) else "convolution"
        for layer in range(layer_count)
    ]


def lone_layers(reading: Reading) -> tuple[LayerKind, ...]:
    """Nemotron-H's layers, each of which is attention, Mamba-2, an MLP or experts alone."""
    pattern = reading.config.get("hybrid_override_pattern")
    if isinstance(pattern, str) and "layers_block_type" not in reading.config:
        unknown = set(pattern) - set(NAME_OF_LETTER)
        if unknown or not pattern or len(pattern) > 1_024:
            words = f"must be a list of the letters {one_of(NAME_OF_LETTER)}."
            reading.report("hybrid_override_pattern", words)
            return ()
        names = [NAME_OF_LETTER[letter] for letter in pattern]
    else:
        key = "layer_types" if "layer_types" in reading.config else "layers_block_type"
        stated = reading.texts(key)
        if stated is None:
            reading.report("layers_block_type", "is missing.")
            return ()
        names = _checked(reading, key, stated, LAYER_OF_NAME, len(stated))
    return tuple(LAYER_OF_NAME[name] for name in names)


def _checked(
    reading: Reading, key: str, stated: list[str], known: dict[str, Any], layer_count: int
) -> list[str]:
    """The list, or an empty one and an error."""
    unknown = [name for name in stated if name not in known]
    if unknown:
        words = f"has “{unknown[0][:40]}”. Layers of these kinds are computed: {one_of(known)}."
        reading.report(key, words)
    elif len(stated) != layer_count:
        words = f"names {len(stated):,} layers, and the model has {layer_count:,}."
        reading.report(key, words)
    else:
        return stated
    return []
