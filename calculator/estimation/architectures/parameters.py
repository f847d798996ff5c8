"""How many parameters a model has, exactly, by what they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture, AttentionKind, MlpKind
from calculator.estimation.architectures.linear_modules import (
    layer_modules,
    mamba_sizes,
    model_modules,
)


@dataclass(frozen=True, slots=True)
class LayerParameters:
    """Parameters of one decoder layer.

    linear_count: in linear maps, whose weights 4-bit loading quantises and LoRA may target.
    linear_bias_count: their biases. expert_count: in stacked experts. active_expert_count: of
    those, what one token uses. small_count: norms, router, convolutions and the like.
    """

    linear_count: int
    linear_bias_count: int
    expert_count: int
    active_expert_count: int
    small_count: int

    @property
    def total_count(self) -> int:
        return self.linear_count + self.linear_bias_count + self.expert_count + self.small_count


@dataclass(frozen=True, slots=True)
class ParameterCounts:
    """Parameters of a model, by what they are; `total_count` is their sum."""

    embedding_count: int
    head_count: int
    linear_count: int
    expert_count: int
    other_count: int
    vision_count: int

    @property
    def total_count(self) -> int:
        return self.text_count + self.vision_count

    @property
    def text_count(self) -> int:
        return (
            self.embedding_count
            + self.head_count
            + self.linear_count
            + self.expert_count
            + self.other_count
        )


@lru_cache(maxsize=4096)
def layer_parameters(
    architecture: Architecture, attention: AttentionKind, mlp: MlpKind
) -> LayerParameters:
    """Parameters of one layer of that kind."""
    modules = layer_modules(architecture, attention, mlp)
    linear = sum(module.weight_count for module in modules)
    bias = sum(module.output_size for module in modules if module.bias)
    experts, active, router = _expert_counts(architecture) if mlp == "moe" else (0, 0, 0)
    small = (
        router
        + _norm_count(architecture)
        + _attention_extra_count(architecture, attention)
        + architecture.traits.extra_layer_parameters
        + (architecture.hidden_size if architecture.altup_input_count else 0)  # a scale
    )
    return LayerParameters(linear, bias, experts, active, small)


def norm_parameter_count(architecture: Architecture) -> int:
    """Parameters of one norm over the hidden size."""
    if architecture.traits.norm == "layer_unweighted":
        return 0
    return architecture.hidden_size * (2 if architecture.traits.norm_has_bias else 1)


def _norm_count(architecture: Architecture) -> int:
    return architecture.traits.norms_per_layer * norm_parameter_count(architecture)


def _attention_extra_count(architecture: Architecture, kind: AttentionKind) -> int:
    traits = architecture.traits
    if kind == "none":
        return 0
    if kind == "convolution":
        bias = 1 if traits.convolution_bias else 0
        return architecture.hidden_size * (architecture.linear_conv_kernel + bias)
    if kind in ("mamba", "mamba_and_full"):
        sizes = mamba_sizes(architecture)
        kernel = architecture.linear_conv_kernel + (1 if traits.convolution_bias else 0)
        norm = sizes.inner if traits.mamba_norm else 0
        # The rates, skips and step biases of the heads; the gated norm.
        own = sizes.mixed * kernel + 3 * sizes.heads + norm
        if kind == "mamba":
            return own
        return own + _attention_extra_count(architecture, "full")
    if kind == "linear":
        key_size = architecture.linear_key_head_count * architecture.linear_head_dim
        value_size = architecture.linear_value_head_count * architecture.linear_head_dim
        if traits.lightning:
            return value_size  # its norm
        convolution = (2 * key_size + value_size) * architecture.linear_conv_kernel
        # A_log and dt_bias per value head, the gated norm over one head.
        return (
            convolution + 2 * architecture.linear_value_head_count + architecture.linear_head_dim
        )
    count = architecture.head_count if traits.attention_sinks else 0
    if architecture.is_latent:
        # The indexer's layer norm has a bias.
        count += 2 * architecture.index_head_dim if architecture.index_head_count else 0
        return count + architecture.kv_lora_rank + architecture.q_lora_rank
    head_dim = architecture.head_dim
    if kind in ("full", "shared_full") and architecture.global_head_dim:
        head_dim = architecture.global_head_dim
    if traits.qk_norm == "head":
        count += head_dim if kind.startswith("shared") else 2 * head_dim
    elif traits.qk_norm == "full":
        count += architecture.q_size + architecture.kv_size
    return count


def _expert_counts(architecture: Architecture) -> tuple[int, int, int]:
    """Parameters in all routed experts, in those that a token uses, and in the router."""
    traits, hidden = architecture.traits, architecture.hidden_size
    width = architecture.expert_intermediate_size
    matrices = 3 if traits.gated_mlp else 2
    one_expert = matrices * hidden * width
    if traits.expert_bias:
        one_expert += (matrices - 1) * width + hidden
    router = 0 if traits.router_name else architecture.expert_count * hidden
    if traits.router_bias:
        router += architecture.expert_count
    return (
        architecture.expert_count * one_expert,
        architecture.experts_per_token * one_expert,
        router,
    )


@lru_cache(maxsize=1024)
def count_parameters(architecture: Architecture) -> ParameterCounts:
    """Count all parameters of a model.

    Tied embeddings are counted once. The vision tower counts in the total, not in `text_count`.
    """
    embedding = architecture.vocab_size * architecture.hidden_size
    head = 0 if architecture.tied_embeddings else embedding
    if architecture.traits.head_bias:
        head += architecture.vocab_size
    linear = experts = other = 0
    for (attention, mlp), layers in Counter(architecture.layer_kinds()).items():
        layer = layer_parameters(architecture, attention, mlp)
        linear += layers * layer.linear_count
        experts += layers * layer.expert_count
        other += layers * (layer.small_count + layer.linear_bias_count)
    other += norm_parameter_count(architecture)
    if architecture.traits.embedding_norm:
        other += norm_parameter_count(architecture)
    other += architecture.position_count * architecture.hidden_size
    if architecture.per_layer_input_size:
        per_token = architecture.layer_count * architecture.per_layer_input_size
        other += architecture.per_layer_vocab_size * per_token + architecture.per_layer_input_size
        linear += sum(module.weight_count for module in model_modules(architecture))
    scale = architecture.parameter_scale_fraction
    if scale != 1.0:
        linear = round(linear * scale)
    return ParameterCounts(
        embedding_count=embedding,
        head_count=head,
        linear_count=linear,
        expert_count=experts,
        other_count=other,
        vision_count=architecture.vision_parameter_count,
    )
