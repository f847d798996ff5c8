"""What the model families do differently, in the words of their modelling code.

One `FamilyTraits` per `model_type` of transformers 5.23 (src/transformers/models/<model_type>).
Everything that follows from a family (which linear maps exist, which norms, what is saved for the
backward pass) is derived from these traits by the operations in `decoder_layer.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Norm = Literal["rms", "rms_fp32", "rms_gemma", "layer", "layer_fp32", "layer_unweighted"]
QkNorm = Literal["none", "head", "full", "l2"]
Activation = Literal[
    "silu", "gelu", "gelu_new", "relu2", "xielu", "clamped_swiglu", "relu", "gelu_bloom"
]


@dataclass(frozen=True, slots=True)
class FamilyTraits:
    """How a family's decoder layer is built.

    norm: "rms" multiplies after casting back to the input's dtype (Llama); "rms_fp32" multiplies
    in fp32 and casts the product (OLMo 2, gpt-oss); "rms_gemma" does so with 1 + w; "layer" is `nn.LayerNorm`; "layer_fp32" is
    Cohere's, which computes in fp32; "layer_unweighted" is OLMo's, fused and in fp32.
    norms_per_layer: 1 for a parallel block with a shared norm, 2 usual, 4 with post-norms.
    post_norm: the norms stand after attention and MLP instead of before (OLMo 2).
    sliding_period: every n-th layer attends to everything, the others to the window; 1 means
    that all layers use the window, 0 that none does.
    embedding_scale: the model multiplies what its embedding gives (Granite; Gemma's embedding
    does so itself).
    lightning: linear attention is MiniMax's lightning attention, not a gated DeltaNet.
    normed_residual: what a norm gives is also what its branch is added to, both multiplied by
    constants (MiniMax).
    convolution_bias: short convolutions have biases, and in LFM2 the linear maps around them.
    splits_delta_net: a DeltaNet layer has a linear map for each of its inputs (Qwen3.5).
    mamba_norm: a Mamba-2 layer's output is normed with its gate, not only multiplied by it.
    adapts_mamba_output: peft puts adapters on a Mamba-2 layer's out_proj; for some families it
    refuses them (tuners_utils.py, _check_lora_target_modules_mamba), as the kernels use that
    map's weight alone.
    scales_branches: inputs and outputs of attention, Mamba and MLP are multiplied by constants
    (Falcon-H1).
    every_layer: all layers are of this kind (Falcon-H1).
    value_norm: values are normed by head, without a weight (Gemma 4).
    global_key_is_value: keys serve as values in layers without a window (Gemma 4 31B, 26B-A4B).
    widens_sharing_mlp: layers that share keys and values have an MLP of twice the width (E2B).
    scales_output: the layer multiplies its output by a constant, in place (Gemma 4).
    router_name: of a router that is a linear map like others, "" elsewhere.
    adapts_experts: peft's "all-linear" reaches the stacked experts (stacked_adapters.py).
    narrow_routing: the chosen experts' weights are cast to the router logits' width.
    broadcast_heads: keys and values are broadcast to the query heads by hand (Falcon).
    rotary_fp32: heads are rotated in fp32 and cast back.
    own_scores: attention scores are computed in the family's own way, without a fused kernel.
    scales_query: queries are multiplied by a constant, and not the scores (OPT).
    embedding_norm: a norm stands between the embedding and the first layer (BLOOM).
    rotary_interleaved: each layer makes cosines and sines anew, in pairs (GLM, ERNIE).
    rotary_complex: heads are rotated as complex numbers, in the layers with a window only, and
    qk_norm "l2" is a norm without a weight after that (Llama 4).
    runs_every_expert: each token goes through all experts (Llama 4).
    litgpt: the step is as LitGPT's own code runs it (step/litgpt.py).
    rotary_joined: rotated heads are joined with the unrotated part of them, even if there is none.
    """

    norm: Norm = "rms"
    norm_has_bias: bool = False
    norms_per_layer: int = 2
    post_norm: bool = False
    qkv_bias: bool = False
    o_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    expert_bias: bool = False
    router_bias: bool = False
    qk_norm: QkNorm = "none"
    activation: Activation = "silu"
    gated_mlp: bool = True
    fused_qkv: bool = False
    fused_gate_up: bool = False
    fused_shared_gate_up: bool = False
    parallel: bool = False
    output_gate: bool = False
    shared_expert_gate: bool = False
    adapts_experts: bool = False
    narrow_routing: bool = False
    broadcast_heads: bool = False
    value_norm: bool = False
    global_key_is_value: bool = False
    widens_sharing_mlp: bool = False
    scales_output: bool = False
    router_name: str = ""
    attention_sinks: bool = False
    attention_softcap: bool = False
    logit_softcap: bool = False
    logit_scale: bool = False
    embedding_scale: bool = False
    residual_scale: bool = False
    normed_residual: bool = False
    lightning: bool = False
    convolution_bias: bool = False
    splits_delta_net: bool = False
    mamba_norm: bool = True
    mamba_bias: bool = False
    mamba_out_bias: bool = False
    adapts_mamba_output: bool = True
    scales_branches: bool = False
    every_layer: Literal["", "mamba_and_full"] = ""
    rotary_fraction: float = 1.0
    rotary_fp32: bool = False
    rotary_joined: bool = False
    litgpt: bool = False
    own_scores: Literal["", "gptj", "bloom", "mpt"] = ""
    scales_query: bool = False
    embedding_norm: bool = False
    rotary_interleaved: bool = False
    rotary_complex: bool = False
    runs_every_expert: bool = False
    learned_positions: bool = False
    sliding_period: int = 0
    extra_layer_parameters: int = 0
    q_name: str = "q_proj"
    k_name: str = "k_proj"
    v_name: str = "v_proj"
    qkv_name: str = "qkv_proj"
    o_name: str = "o_proj"
    gate_name: str = "gate_proj"
    up_name: str = "up_proj"
    gate_up_name: str = "gate_up_proj"
    down_name: str = "down_proj"

    def fuses_gate_up(self, mlp: str) -> bool:
        """Whether gate and up of a dense MLP, or of the experts that all tokens use, are one."""
        return self.fused_gate_up and (mlp == "dense" or self.fused_shared_gate_up)


_LLAMA = FamilyTraits()
_LLAMA4 = FamilyTraits(qk_norm="l2", rotary_complex=True, runs_every_expert=True, sliding_period=4)
_QWEN2 = FamilyTraits(qkv_bias=True)
_QWEN3 = FamilyTraits(qk_norm="head")
_DELTANET = FamilyTraits(
    norm="rms_gemma",
    qk_norm="head",
    output_gate=True,
    shared_expert_gate=True,
    narrow_routing=True,
    rotary_fraction=0.25,
)
_QWEN3_5 = replace(_DELTANET, splits_delta_net=True)
_GEMMA = FamilyTraits(norm="rms_gemma", activation="gelu")
_GEMMA3 = replace(_GEMMA, norms_per_layer=4, qk_norm="head", sliding_period=6)
_GEMMA4 = replace(
    _GEMMA3,
    norm="rms_fp32",
    logit_softcap=True,
    value_norm=True,
    scales_output=True,
    router_name="proj",
)
_COHERE = FamilyTraits(
    norm="layer_fp32", norms_per_layer=1, parallel=True, logit_scale=True, rotary_fp32=True
)
_LFM2 = FamilyTraits(
    qk_norm="head", o_name="out_proj", gate_name="w1", up_name="w3", down_name="w2"
)
_ERNIE = FamilyTraits(rotary_fp32=True, rotary_interleaved=True)
_GLM = FamilyTraits(
    qkv_bias=True, fused_gate_up=True, rotary_fraction=0.5, rotary_interleaved=True
)
_LAYER_NORM = FamilyTraits(norm="layer", norm_has_bias=True, activation="gelu", gated_mlp=False)

FAMILIES: dict[str, FamilyTraits] = {
    "llama": _LLAMA,
    "mistral": replace(_LLAMA, sliding_period=1),
    "ministral3": _LLAMA,
    "mixtral": replace(_LLAMA, adapts_experts=True),
    "llama4": _LLAMA4,
    "llama4_text": _LLAMA4,
    "qwen2": _QWEN2,
    "qwen2_moe": replace(
        _QWEN2, shared_expert_gate=True, adapts_experts=True, narrow_routing=True
    ),
    "qwen3": _QWEN3,
    "qwen3_moe": replace(_QWEN3, adapts_experts=True, narrow_routing=True),
    "qwen3_next": replace(_DELTANET, adapts_experts=True),
    "qwen3_5": _QWEN3_5,
    "qwen3_5_text": _QWEN3_5,
    "qwen3_5_moe": _QWEN3_5,
    "qwen3_5_moe_text": _QWEN3_5,
    "gemma": _GEMMA,
    "gemma2": replace(
        _GEMMA, norms_per_layer=4, attention_softcap=True, logit_softcap=True, sliding_period=2
    ),
    "gemma3": _GEMMA3,
    "gemma3_text": _GEMMA3,
    "gemma4": replace(_GEMMA4, global_key_is_value=True),
    "gemma4_e": replace(_GEMMA4, norms_per_layer=5),
    "gemma3n_text": replace(
        _GEMMA4, norms_per_layer=7, scales_output=False, router_name="", sliding_period=5
    ),
    "phi": replace(
        _LAYER_NORM,
        activation="gelu_new",
        norms_per_layer=1,
        parallel=True,
        qkv_bias=True,
        o_bias=True,
        mlp_bias=True,
        head_bias=True,
        rotary_fraction=0.4,
        o_name="dense",
        up_name="fc1",
        down_name="fc2",
    ),
    "phi3": FamilyTraits(fused_qkv=True, fused_gate_up=True, sliding_period=1, rotary_joined=True),
    "phimoe": FamilyTraits(
        norm="layer", norm_has_bias=True, qkv_bias=True, o_bias=True, head_bias=True
    ),
    "gpt_oss": FamilyTraits(
        norm="rms_fp32",
        qkv_bias=True,
        o_bias=True,
        expert_bias=True,
        router_bias=True,
        attention_sinks=True,
        activation="clamped_swiglu",
        sliding_period=2,
    ),
    "deepseek_v2": replace(_LLAMA, adapts_experts=True),
    "deepseek_v3": replace(_LLAMA, router_bias=True, adapts_experts=True),
    "deepseek_v32": replace(_LLAMA, router_bias=True, adapts_experts=True),
    "glm_moe_dsa": replace(_LLAMA, router_bias=True, adapts_experts=True),
    "glm": _GLM,
    "glm4": replace(_GLM, norms_per_layer=4),
    "chatglm": replace(
        _GLM,
        fused_qkv=True,
        qkv_name="query_key_value",
        o_name="dense",
        gate_up_name="dense_h_to_4h",
        down_name="dense_4h_to_h",
    ),
    "glm4_moe": FamilyTraits(
        adapts_experts=True, qkv_bias=True, router_bias=True, rotary_fraction=0.5, qk_norm="head"
    ),
    "glm4_moe_lite": replace(_LLAMA, router_bias=True, adapts_experts=True),
    "olmo": replace(_LLAMA, norm="layer_unweighted", rotary_fp32=True),
    "olmo2": FamilyTraits(norm="rms_fp32", qk_norm="full", post_norm=True, rotary_fp32=True),
    "olmo3": FamilyTraits(
        norm="rms_fp32", qk_norm="full", post_norm=True, rotary_fp32=True, sliding_period=4
    ),
    "olmoe": FamilyTraits(qk_norm="full", adapts_experts=True, narrow_routing=True),
    "falcon": replace(
        _LAYER_NORM,
        parallel=True,
        norms_per_layer=1,
        fused_qkv=True,
        broadcast_heads=True,
        qkv_name="query_key_value",
        o_name="dense",
        up_name="dense_h_to_4h",
        down_name="dense_4h_to_h",
    ),
    "gpt_neox": replace(
        _LAYER_NORM,
        parallel=True,
        fused_qkv=True,
        qkv_bias=True,
        o_bias=True,
        mlp_bias=True,
        rotary_fraction=0.25,
        qkv_name="query_key_value",
        o_name="dense",
        up_name="dense_h_to_4h",
        down_name="dense_4h_to_h",
    ),
    "gpt2": replace(
        _LAYER_NORM,
        activation="gelu_new",
        fused_qkv=True,
        qkv_bias=True,
        o_bias=True,
        mlp_bias=True,
        learned_positions=True,
        rotary_fraction=0.0,
        qkv_name="c_attn",
        o_name="c_proj",
        up_name="c_fc",
        down_name="c_proj",
    ),
    "opt": replace(
        _LAYER_NORM,
        activation="relu",
        qkv_bias=True,
        o_bias=True,
        mlp_bias=True,
        scales_query=True,
        learned_positions=True,
        rotary_fraction=0.0,
        o_name="out_proj",
        up_name="fc1",
        down_name="fc2",
    ),
    "bloom": replace(
        _LAYER_NORM,
        activation="gelu_bloom",
        fused_qkv=True,
        qkv_bias=True,
        o_bias=True,
        mlp_bias=True,
        own_scores="bloom",
        embedding_norm=True,
        rotary_fraction=0.0,
        qkv_name="query_key_value",
        o_name="dense",
        up_name="dense_h_to_4h",
        down_name="dense_4h_to_h",
    ),
    "gptj": replace(
        _LAYER_NORM,
        activation="gelu_new",
        norms_per_layer=1,
        parallel=True,
        mlp_bias=True,
        head_bias=True,
        own_scores="gptj",
        rotary_fraction=0.25,
        rotary_interleaved=True,
        o_name="out_proj",
        up_name="fc_in",
        down_name="fc_out",
    ),
    "mpt": replace(
        _LAYER_NORM,
        norm_has_bias=False,
        fused_qkv=True,
        own_scores="mpt",
        rotary_fraction=0.0,
        qkv_name="Wqkv",
        o_name="out_proj",
    ),
    "cohere": _COHERE,
    "cohere2": replace(_COHERE, sliding_period=4),
    "granite": replace(_LLAMA, embedding_scale=True, residual_scale=True, logit_scale=True),
    "starcoder2": replace(
        _LAYER_NORM, qkv_bias=True, o_bias=True, mlp_bias=True, up_name="c_fc", down_name="c_proj"
    ),
    "stablelm": FamilyTraits(
        norm="layer", norm_has_bias=True, qkv_bias=True, rotary_fraction=0.25
    ),
    "apertus": FamilyTraits(
        qk_norm="head", activation="xielu", gated_mlp=False, extra_layer_parameters=2
    ),
    "minimax": replace(_LLAMA, adapts_experts=True, normed_residual=True, lightning=True),
    "minimax_m2": FamilyTraits(
        adapts_experts=True, qk_norm="full", router_bias=True, rotary_fraction=0.5
    ),
    "seed_oss": FamilyTraits(qkv_bias=True),
    "internlm3": _LLAMA,
    "exaone4": replace(_QWEN3, post_norm=True, sliding_period=4),
    "hunyuan_v1_dense": _QWEN3,
    "hunyuan_v1_moe": replace(_QWEN3, router_name="wg", adapts_experts=True),
    "ernie4_5": _ERNIE,
    "ernie4_5_moe": replace(_ERNIE, adapts_experts=True, router_bias=True),
    "mimo": _QWEN2,
    "granitemoehybrid": FamilyTraits(
        embedding_scale=True,
        residual_scale=True,
        logit_scale=True,
        rotary_fraction=0.0,
        convolution_bias=True,
        fused_gate_up=True,
        fused_shared_gate_up=True,
        gate_up_name="input_linear",
        down_name="output_linear",
    ),
    "nemotron_h": FamilyTraits(
        norm="rms_fp32",
        norms_per_layer=1,
        activation="relu2",
        gated_mlp=False,
        rotary_fraction=0.0,
        router_bias=True,
        convolution_bias=True,
        adapts_mamba_output=False,
    ),
    "falcon_h1": FamilyTraits(
        embedding_scale=True,
        logit_scale=True,
        convolution_bias=True,
        mamba_norm=False,
        scales_branches=True,
        adapts_mamba_output=False,
        every_layer="mamba_and_full",
    ),
    "lfm2": _LFM2,
    "lfm2_moe": _LFM2,
    "smollm3": _LLAMA,
}
