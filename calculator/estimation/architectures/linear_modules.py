"""The linear maps of one decoder layer, under the names that LoRA targets use."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.architectures.architecture import Architecture, AttentionKind, MlpKind


@dataclass(frozen=True, slots=True)
class LinearModule:
    """One `nn.Linear`: its module name, widths and whether it has a bias.

    adaptable: LoRA can target it; not so where its name means the stacked experts.
    of_expert: of an expert, shared or routed.
    """

    name: str
    input_size: int
    output_size: int
    bias: bool = False
    adaptable: bool = True
    of_expert: bool = False
    of_routed_expert: bool = False

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

    @property
    def parameter_count(self) -> int:
        return self.weight_count + (self.output_size if self.bias else 0)


def attention_modules(architecture: Architecture, kind: AttentionKind) -> tuple[LinearModule, ...]:
    """The linear maps of a layer's attention."""
    if kind == "linear":
        return _delta_net_modules(architecture)
    if architecture.is_latent:
        return _latent_modules(architecture)
    traits, hidden = architecture.traits, architecture.hidden_size
    q_size, kv_size = architecture.q_size, architecture.kv_size
    shares_key_and_value = False
    if kind == "full" and architecture.global_head_dim:
        q_size = architecture.head_count * architecture.global_head_dim
        kv_heads = architecture.global_kv_head_count or architecture.kv_head_count
        kv_size = kv_heads * architecture.global_head_dim
        shares_key_and_value = True
    out = LinearModule(traits.o_name, q_size, hidden, traits.o_bias)
    if traits.fused_qkv:
        return (
            LinearModule(traits.qkv_name, hidden, q_size + 2 * kv_size, traits.qkv_bias),
            out,
        )
    doubled = 2 if traits.output_gate else 1
    query = LinearModule(traits.q_name, hidden, doubled * q_size, traits.qkv_bias)
    key = LinearModule(traits.k_name, hidden, kv_size, traits.qkv_bias)
    if shares_key_and_value:
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


def _delta_net_modules(architecture: Architecture) -> tuple[LinearModule, ...]:
    """Gated DeltaNet of Qwen3-Next and Qwen3.5 (modeling_qwen3_next.py)."""
    hidden = architecture.hidden_size
    key_size = architecture.linear_key_head_count * architecture.linear_head_dim
    value_size = architecture.linear_value_head_count * architecture.linear_head_dim
    return (
        LinearModule("in_proj_qkvz", hidden, 2 * key_size + 2 * value_size),
        LinearModule("in_proj_ba", hidden, 2 * architecture.linear_value_head_count),
        LinearModule("out_proj", value_size, hidden),
    )


def mlp_modules(architecture: Architecture, kind: MlpKind) -> tuple[LinearModule, ...]:
    """The linear maps of a layer's MLP; of a mixture of experts only the shared expert's.

    The routed experts are 3-D parameters in transformers 5, not modules.
    """
    traits, hidden = architecture.traits, architecture.hidden_size
    width = (
        architecture.shared_intermediate_size if kind == "moe" else architecture.intermediate_size
    )
    if not width:
        return ()
    adaptable = not (architecture.is_moe and traits.adapts_experts)
    shared = kind == "moe"
    down = LinearModule(traits.down_name, width, hidden, traits.mlp_bias, adaptable, shared)
    if traits.fused_gate_up and kind == "dense":
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
    return attention_modules(architecture, attention) + mlp_modules(architecture, mlp)
