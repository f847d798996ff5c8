"""The linear maps of one decoder layer, under the names that LoRA targets use."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.architectures.architecture import Architecture, AttentionKind, MlpKind

# Tokens that lightning attention takes at once (configuration_minimax.py, block_size).
LIGHTNING_BLOCK_TOKENS = 256


@dataclass(frozen=True, slots=True)
class LinearModule:
    """One `nn.Linear`: its module name, widths and whether it has a bias.

    adaptable: LoRA can target it; not so where its name means the stacked experts, or where peft
    refuses it since its weight alone is used.
    of_expert: of an expert, shared or routed.
    learns: its weight, or its adapter, gets a gradient; that of an indexer, which runs without
    gradients, does not.
    """

    name: str
    input_size: int
    output_size: int
    bias: bool = False
    adaptable: bool = True
    of_expert: bool = False
    of_routed_expert: bool = False
    learns: bool = True

    def is_named_by(self, target: str) -> bool:
        """Whether a target with its path, such as shared_expert.up_proj, is this module."""
        path, _, name = target.rpartition(".")
        if name != self.name:
            return False
        if "shared_expert" in path:
            return self.of_expert and not self.of_routed_expert
        return "expert" not in path or self.of_routed_expert

    @property
    def weight_count(self) -> int:
        return self.input_size * self.output_size


def attention_modules(architecture: Architecture, kind: AttentionKind) -> tuple[LinearModule, ...]:
    """The linear maps of a layer's attention."""
    if kind == "none":
        return ()
    if kind == "linear":
        if architecture.traits.lightning:
            return _lightning_modules(architecture)
        return _delta_net_modules(architecture)
    if kind == "convolution":
        return _short_convolution_modules(architecture)
    if kind == "mamba":
        return mamba_modules(architecture)
    if kind == "mamba_and_full":
        return mamba_modules(architecture) + attention_modules(architecture, "full")
    if architecture.is_latent:
        return _latent_modules(architecture) + indexer_modules(architecture)
    traits, hidden = architecture.traits, architecture.hidden_size
    q_size, kv_size = architecture.q_size, architecture.kv_size
    is_global = kind in ("full", "shared_full") and architecture.global_head_dim > 0
    if is_global:
        q_size = architecture.head_count * architecture.global_head_dim
        kv_heads = architecture.global_kv_head_count or architecture.kv_head_count
        kv_size = kv_heads * architecture.global_head_dim
    out = LinearModule(traits.o_name, q_size, hidden, traits.o_bias)
    if traits.fused_qkv:
        return (
            LinearModule(traits.qkv_name, hidden, q_size + 2 * kv_size, traits.qkv_bias),
            out,
        )
    doubled = 2 if traits.output_gate else 1
    query = LinearModule(traits.q_name, hidden, doubled * q_size, traits.qkv_bias)
    if kind in ("shared_full", "shared_sliding"):
        return (query, out)
    key = LinearModule(traits.k_name, hidden, kv_size, traits.qkv_bias)
    if is_global and traits.global_key_is_value:
        return (query, key, out)
    value = LinearModule(traits.v_name, hidden, kv_size, traits.qkv_bias)
    return (query, key, value, out)


def _latent_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """DeepSeek's low-rank queries, keys and values (modeling_deepseek_v3.py)."""
    hidden, heads = architecture.hidden_size, architecture.head_count
    q_size, bias = architecture.q_size, architecture.traits.qkv_bias
    queries: tuple[LinearModule, ...] = (LinearModule("q_proj", hidden, q_size),)
    if architecture.q_lora_rank:
        queries = (
            LinearModule("q_a_proj", hidden, architecture.q_lora_rank, bias),
            LinearModule("q_b_proj", architecture.q_lora_rank, q_size),
        )
    key_value_size = heads * (architecture.qk_nope_head_dim + architecture.v_head_dim)
    return (
        *queries,
        LinearModule(
            "kv_a_proj_with_mqa",
            hidden,
            architecture.kv_lora_rank + architecture.qk_rope_head_dim,
            bias,
        ),
        LinearModule("kv_b_proj", architecture.kv_lora_rank, key_value_size),
        LinearModule(
            "o_proj", heads * architecture.v_head_dim, hidden, architecture.traits.o_bias
        ),
    )


def indexer_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """The linear maps of the indexer of sparse attention (modeling_deepseek_v32.py)."""
    heads, head_dim = architecture.index_head_count, architecture.index_head_dim
    if not heads:
        return ()
    hidden = architecture.hidden_size
    return (
        LinearModule("wq_b", architecture.q_lora_rank, heads * head_dim, learns=False),
        LinearModule("wk", hidden, head_dim, learns=False),
        LinearModule("weights_proj", hidden, heads, learns=False),
    )


def _delta_net_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """Gated DeltaNet of Qwen3-Next and Qwen3.5 (modeling_qwen3_next.py)."""
    hidden = architecture.hidden_size
    key_size = architecture.linear_key_head_count * architecture.linear_head_dim
    heads = architecture.linear_value_head_count
    value_size = heads * architecture.linear_head_dim
    if architecture.traits.splits_delta_net:
        return (
            LinearModule("in_proj_qkv", hidden, 2 * key_size + value_size),
            LinearModule("in_proj_z", hidden, value_size),
            LinearModule("in_proj_b", hidden, heads),
            LinearModule("in_proj_a", hidden, heads),
            LinearModule("out_proj", value_size, hidden),
        )
    return (
        LinearModule("in_proj_qkvz", hidden, 2 * key_size + 2 * value_size),
        LinearModule("in_proj_ba", hidden, 2 * heads),
        LinearModule("out_proj", value_size, hidden),
    )


def _lightning_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """MiniMax's lightning attention (modeling_minimax.py, MiniMaxLightningAttention)."""
    hidden = architecture.hidden_size
    size = architecture.linear_value_head_count * architecture.linear_head_dim
    return (
        LinearModule("qkv_proj", hidden, 3 * size),
        LinearModule("output_gate", hidden, size),
        LinearModule("out_proj", size, hidden),
    )


def lightning_buffer_count(architecture: Architecture) -> int:
    """Elements of the decays that lightning attention keeps beside its parameters.

    For each head a slope, a decay for each query and key of a block, and one for each pair.
    """
    if not architecture.traits.lightning:
        return 0
    layers = sum(kind == "linear" for kind, _ in architecture.layer_kinds())
    block = LIGHTNING_BLOCK_TOKENS
    return layers * architecture.linear_value_head_count * (1 + 2 * block + block * block)


@dataclass(frozen=True, slots=True)
class MambaSizes:
    """Widths of a Mamba-2 layer: of x, of B or C for all groups, of the three joined."""

    heads: int
    inner: int
    grouped: int
    mixed: int


def mamba_sizes(architecture: Architecture) -> MambaSizes:
    heads = architecture.mamba_head_count
    inner = heads * architecture.mamba_head_dim
    grouped = architecture.mamba_group_count * architecture.mamba_state_size
    return MambaSizes(heads, inner, grouped, inner + 2 * grouped)


def mamba_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """The linear maps around Mamba-2's convolution and scan (modeling_granitemoehybrid.py)."""
    hidden, sizes = architecture.hidden_size, mamba_sizes(architecture)
    bias, out_bias = architecture.traits.mamba_bias, architecture.traits.mamba_out_bias
    return (
        LinearModule("in_proj", hidden, sizes.inner + sizes.mixed + sizes.heads, bias),
        LinearModule(
            "out_proj", sizes.inner, hidden, out_bias, architecture.traits.adapts_mamba_output
        ),
    )


def _short_convolution_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """The linear maps around LFM2's convolution (modeling_lfm2.py, Lfm2ShortConv)."""
    hidden, bias = architecture.hidden_size, architecture.traits.convolution_bias
    return (
        LinearModule("in_proj", hidden, 3 * hidden, bias),
        LinearModule("out_proj", hidden, hidden, bias),
    )


def mlp_modules(architecture: Architecture, kind: MlpKind) -> tuple[LinearModule, ...]:
    """The linear maps of a layer's MLP; of a mixture of experts only the shared expert's.

    The routed experts are 3-D parameters in transformers 5, not modules.
    """
    if kind == "none":
        return ()
    traits, hidden = architecture.traits, architecture.hidden_size
    width = (
        architecture.shared_intermediate_size if kind == "moe" else architecture.intermediate_size
    )
    if not width:
        return ()
    if kind == "wide":
        width *= 2
    adaptable = not (architecture.is_moe and traits.adapts_experts)
    shared = kind == "moe"
    down = LinearModule(traits.down_name, width, hidden, traits.mlp_bias, adaptable, shared)
    if traits.fuses_gate_up(kind):
        return (LinearModule(traits.gate_up_name, hidden, 2 * width, traits.mlp_bias), down)
    up = LinearModule(traits.up_name, hidden, width, traits.mlp_bias, adaptable, shared)
    if not traits.gated_mlp:
        return (up, down)
    gate = LinearModule(traits.gate_name, hidden, width, traits.mlp_bias, adaptable, shared)
    modules: tuple[LinearModule, ...] = (gate, up, down)
    if kind == "moe" and traits.shared_expert_gate:
        modules = (*modules, LinearModule("shared_expert_gate", hidden, 1))
    return modules


def routed_expert_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """One routed expert's linear maps, where they are modules: gate (if any), up and down."""
    traits, hidden = architecture.traits, architecture.hidden_size
    width = architecture.expert_intermediate_size
    up = LinearModule(traits.up_name, hidden, width, False, True, True, True)
    down = LinearModule(traits.down_name, width, hidden, False, True, True, True)
    if not traits.gated_mlp:
        return (up, down)
    return (LinearModule(traits.gate_name, hidden, width, False, True, True, True), up, down)


def layer_modules(
    architecture: Architecture, attention: AttentionKind, mlp: MlpKind
) -> tuple[LinearModule, ...]:
    """All linear maps of a layer of that kind."""
    modules = attention_modules(architecture, attention) + mlp_modules(architecture, mlp)
    if mlp == "moe" and architecture.traits.router_name:
        modules += (router_module(architecture),)
    return modules + per_layer_modules(architecture)


def router_module(architecture: Architecture) -> LinearModule:
    """The router where it is a linear map like others, which can be quantised and adapted."""
    traits = architecture.traits
    return LinearModule(traits.router_name, architecture.hidden_size, architecture.expert_count)


def per_layer_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """The linear maps around a layer's own input, in layers that have one."""
    hidden, size = architecture.hidden_size, architecture.per_layer_input_size
    if not size:
        return ()
    modules: tuple[LinearModule, ...] = (
        LinearModule("per_layer_input_gate", hidden, size),
        LinearModule("per_layer_projection", size, hidden),
    )
    if architecture.altup_input_count:
        modules += altup_modules(architecture) + laurel_modules(architecture)
    return modules


def laurel_modules(architecture: Architecture) -> tuple[LinearModule, LinearModule]:
    """Gemma 3n's learned residual (modeling_gemma3n.py, Gemma3nTextLaurelBlock)."""
    hidden, rank = architecture.hidden_size, architecture.laurel_rank
    return LinearModule("linear_left", hidden, rank), LinearModule("linear_right", rank, hidden)


def altup_modules(
    architecture: Architecture,
) -> tuple[LinearModule, LinearModule, LinearModule]:
    """Router, predictions and corrections of AltUp (modeling_gemma3n.py, Gemma3nTextAltUp).

    A training step clamps the corrections' weight and multiplies by that: an adapter is passed by.
    """
    hidden, count = architecture.hidden_size, architecture.altup_input_count
    return (
        LinearModule("modality_router", hidden, count),
        LinearModule("prediction_coefs", count, count * count),
        LinearModule("correction_coefs", count, count, learns=False),
    )


def stream_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """One of the maps that make a stream of the first, and one that makes it back; () without."""
    if not architecture.altup_input_count:
        return ()
    hidden = architecture.hidden_size
    return (
        LinearModule("altup_projections", hidden, hidden),
        LinearModule("altup_unembed_projections", hidden, hidden),
    )


def model_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """The linear maps outside of the layers, less the head; that of layers' inputs is the first."""
    if not architecture.per_layer_input_size:
        return ()
    all_inputs = architecture.layer_count * architecture.per_layer_input_size
    first = LinearModule("per_layer_model_projection", architecture.hidden_size, all_inputs)
    others = max(0, architecture.altup_input_count - 1)
    return (first, *others * stream_modules(architecture))
