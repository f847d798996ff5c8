"""From a configuration's flags to a family's traits: biases, norms, the rotated part of a head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from calculator.estimation.architectures.config_json.reading import Reading
from calculator.estimation.architectures.families import FamilyTraits

QKV, OUT, MLP, HEAD = "qkv_bias", "o_bias", "mlp_bias", "head_bias"

# Which linear maps have a bias where the flag is set, by family; elsewhere attention_bias means
# all four of attention and mlp_bias all of the MLP, as in Llama.
BIASES: dict[str, dict[str, tuple[str, ...]]] = {
    "opt": {"enable_bias": (QKV, OUT, MLP)},
    "chatglm": {"attention_bias": (QKV,), "add_bias_linear": (OUT, MLP)},
    "glm": {"attention_bias": (QKV,)},
    "glm4": {"attention_bias": (QKV,)},
    "glm4_moe": {"attention_bias": (QKV,)},
    "seed_oss": {"attention_bias": (QKV,), "attention_out_bias": (OUT,), "mlp_bias": (MLP,)},
    "internlm3": {"attention_bias": (QKV, OUT), "qkv_bias": (QKV, OUT), "mlp_bias": (MLP,)},
    "qwen2_moe": {"qkv_bias": (QKV,)},
    "stablelm": {"use_qkv_bias": (QKV,)},
    "falcon": {"bias": (QKV, OUT, MLP)},
    "starcoder2": {"use_bias": (QKV, OUT, MLP)},
    "ernie4_5": {"use_bias": (QKV, OUT, MLP)},
    "ernie4_5_moe": {"use_bias": (QKV, OUT, MLP, HEAD)},
    "granitemoehybrid": {"attention_bias": (QKV, OUT)},
    "nemotron_h": {"mlp_bias": (MLP,)},
    "deepseek_v32": {"attention_bias": (QKV, OUT)},
    "glm_moe_dsa": {"attention_bias": (QKV, OUT)},
    "phimoe": {"attention_bias": (QKV, OUT), "lm_head_bias": (HEAD,)},
}
LIKE_LLAMA: dict[str, tuple[str, ...]] = {"attention_bias": (QKV, OUT), "mlp_bias": (MLP,)}
# Families whose biases no flag changes.
FIXED_BIASES = frozenset({"qwen2", "mimo", "phi", "gpt2", "gptj", "bloom", "mpt"})


def traits_of(reading: Reading, family: str, traits: FamilyTraits) -> FamilyTraits:
    """The family's traits as this configuration has them."""
    changes: dict[str, Any] = {**_biases(reading, family, traits), **_rotary(reading, traits)}
    changes |= _norms_and_order(reading, family, traits)
    changes |= _hybrid(reading, family)
    return replace(traits, **changes)


def _biases(reading: Reading, family: str, traits: FamilyTraits) -> dict[str, bool]:
    if family in FIXED_BIASES:
        return {}
    found: dict[str, bool] = {}
    for flag, maps in BIASES.get(family, LIKE_LLAMA).items():
        if flag not in reading.config and flag not in reading.defaults:
            continue
        is_set = reading.flag(flag)
        for name in maps:
            found[name] = found.get(name, False) or is_set
    return found


def _rotary(reading: Reading, traits: FamilyTraits) -> dict[str, float]:
    """The part of each head that is rotated: stated by itself, or among the rotary settings."""
    if not traits.rotary_fraction:
        return {}
    if reading.flag("alibi"):
        return {"rotary_fraction": 0.0}
    rotated = reading.count("rotary_dim")
    if rotated and traits.own_scores == "gptj":
        heads, hidden = reading.size("head_count") or 1, reading.size("hidden_size") or 1
        return _fraction(reading, "rotary_dim", rotated * heads / hidden)
    for key in ("partial_rotary_factor", "rotary_pct"):
        if reading.config.get(key) is not None:
            return _fraction(reading, key, reading.config[key])
    for key in ("rope_parameters", "rope_scaling"):
        rope = reading.config.get(key)
        if isinstance(rope, Mapping) and rope.get("partial_rotary_factor") is not None:
            return _fraction(reading, key, rope["partial_rotary_factor"])
    default = reading.defaults.get("partial_rotary_factor")
    return {} if default is None else {"rotary_fraction": float(default)}


def _fraction(reading: Reading, key: str, value: object) -> dict[str, float]:
    found = reading.fraction(key, value)
    return {} if found is None else {"rotary_fraction": found}


def _hybrid(reading: Reading, family: str) -> dict[str, Any]:
    """Convolutions, Mamba-2, and Granite 4's rotary positions, which its hybrids go without."""
    if family in ("lfm2", "lfm2_moe"):
        return {"convolution_bias": reading.flag("conv_bias")}
    if family == "nemotron_h":
        if reading.config.get("moe_latent_size") is not None:
            reading.report("moe_latent_size", "must be null: latent experts are not modelled.")
        bias = reading.flag("use_bias")
        return {
            "convolution_bias": reading.flag("use_conv_bias"),
            "mamba_bias": bias,
            "mamba_out_bias": bias,
        }
    if family not in ("granitemoehybrid", "falcon_h1"):
        return {}
    found: dict[str, Any] = {
        "convolution_bias": reading.flag("mamba_conv_bias"),
        "mamba_bias": reading.flag("mamba_proj_bias"),
    }
    if family == "falcon_h1":
        return {
            **found,
            "mamba_out_bias": reading.flag("projectors_bias"),
            "mamba_norm": reading.flag("mamba_rms_norm"),
        }
    rotates = reading.config.get("position_embedding_type") == "rope"
    return {
        **found,
        "mamba_out_bias": found["mamba_bias"],
        "rotary_fraction": 1.0 if rotates else 0.0,
    }


def _norms_and_order(reading: Reading, family: str, traits: FamilyTraits) -> dict[str, Any]:
    """Norms of queries and keys, and attention and MLP one after the other or side by side."""
    if family == "falcon":
        parallel = reading.flag("parallel_attn")
        two = not parallel or reading.flag("new_decoder_architecture")
        norms = reading.count("num_ln_in_parallel_attn") if parallel else None
        return {"parallel": parallel, "norms_per_layer": norms or (2 if two else 1)}
    if family == "gpt_neox":
        return {"parallel": reading.flag("use_parallel_residual")}
    if family == "stablelm":
        parallel = reading.flag("use_parallel_residual")
        qk_norm = "full" if reading.flag("qk_layernorm") else "none"
        norms = 1 if parallel else 2
        return {"parallel": parallel, "norms_per_layer": norms, "qk_norm": qk_norm}
    if family == "cohere":
        return {"qk_norm": "full" if reading.flag("use_qk_norm") else "none"}
    if family == "glm4_moe":
        return {"qk_norm": "head" if reading.flag("use_qk_norm") else "none"}
    if family == "opt":
        return _opt(reading)
    if family == "llama4_text":
        return {"qk_norm": "l2" if reading.flag("use_qk_norm", default=True) else "none"}
    if family == "phi" and reading.flag("qk_layernorm"):
        # Layer norms over one head, with a bias each.
        biases = 2 * (
            (reading.size("hidden_size") or 0) // max(1, reading.size("head_count") or 1)
        )
        return {"qk_norm": "head", "extra_layer_parameters": biases}
    if family == "gemma4":
        return _gemma4(reading)
    return {}


def _gemma4(reading: Reading) -> dict[str, Any]:
    """Norms before and after attention, MLP and experts, and after a layer's own input."""
    found: dict[str, Any] = {
        "norms_per_layer": 4 + (1 if reading.size("per_layer_input_size") else 0),
        "global_key_is_value": reading.flag("attention_k_eq_v"),
        "widens_sharing_mlp": reading.flag("use_double_wide_mlp"),
        "logit_softcap": reading.config.get("final_logit_softcapping") is not None,
    }
    if reading.flag("enable_moe_block"):
        # A scale for each input of the router and for each expert (modeling_gemma4.py).
        router = (reading.size("hidden_size") or 0) + (reading.size("expert_count") or 0)
        found["norms_per_layer"] += 3
        found["extra_layer_parameters"] = router
    return found


def _opt(reading: Reading) -> dict[str, Any]:
    """OPT 350M alone norms after its layers, and embeds in another width: it is not computed."""
    if not reading.flag("do_layer_norm_before", default=True):
        reading.report("do_layer_norm_before", "must be true: nothing else is modelled.")
    width = reading.config.get("word_embed_proj_dim")
    if width is not None and width != reading.config.get("hidden_size"):
        reading.report("word_embed_proj_dim", "must be hidden_size: nothing else is modelled.")
    is_galactica = reading.config.get("activation_function") == "gelu"
    return {"activation": "gelu"} if is_galactica else {}
