"""Gated DeltaNet of Qwen3-Next and Qwen3.5: linear attention by a delta rule over chunks.

With kernels "standard" as transformers' own PyTorch code runs it (modeling_qwen3_next.py and
modeling_qwen3_5.py, 5.23), which is what runs where flash-linear-attention and causal-conv1d are
not installed; with "fused" by those packages' kernels, to which the gated norm does not belong.
"""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import attention_modules
from calculator.estimation.step.delta_rule import chunked_delta_rule
from calculator.estimation.step.fused_delta_rule import fused_delta_rule
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.norms import normalized
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    add,
    cast,
    concatenate,
    copy,
    multiply,
    pointwise,
    repeat_heads,
    saves_output,
    scale,
    split,
)
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.short_convolution import causal_convolution
from calculator.estimation.step.sizes import fixed, per_token


def delta_net(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """The layer's output for the normed hidden states."""
    heads, head_dim = architecture.linear_value_head_count, architecture.linear_head_dim
    key_size = architecture.linear_key_head_count * head_dim
    value_size = heads * head_dim
    out = attention_modules(architecture, "linear")[-1]
    mixed, gate, step, decay = _projected(tape, architecture, numerics, hidden)
    mixed = causal_convolution(tape, numerics, mixed, architecture.linear_conv_kernel, silu=True)
    query, key, value = split(
        tape, mixed, [per_token(key_size), per_token(key_size), per_token(value_size)]
    )
    step = saves_output(tape, step)
    decay = _decay(tape, numerics, decay, heads)
    # The function holds its tensors until it returns.
    if numerics.fused_kernels:
        core = fused_delta_rule(tape, architecture, numerics, query, key, value, decay, step)
    else:
        core = chunked_delta_rule(
            tape,
            numerics,
            heads,
            head_dim,
            repeat_heads(tape, query, per_token(value_size)),
            repeat_heads(tape, key, per_token(value_size)),
            value,
            decay,
            step,
        )
    normed = _gated_norm(tape, numerics, core, gate, heads, head_dim)
    return apply_linear(tape, numerics, normed, out)


def _projected(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Queries, keys and values joined; the output's gate; the steps; the decays."""
    modules = attention_modules(architecture, "linear")
    heads = architecture.linear_value_head_count
    key_size = architecture.linear_key_head_count * architecture.linear_head_dim
    value_size = heads * architecture.linear_head_dim
    if architecture.traits.splits_delta_net:
        mixed, gate, step, decay = (
            apply_linear(tape, numerics, hidden, module) for module in modules[:4]
        )
        return mixed, gate, step, decay
    joined = apply_linear(tape, numerics, hidden, modules[0])
    both = apply_linear(tape, numerics, hidden, modules[1])
    sizes = [per_token(size) for size in (key_size, key_size, value_size, value_size)]
    # Qwen3-Next interleaves them by key head: what is taken apart has to be copied together.
    query, key, value, gate = split(tape, joined, sizes)
    del joined
    step, decay = split(tape, both, [per_token(heads), per_token(heads)])
    del both
    value, gate = copy(tape, value), copy(tape, gate)
    step, decay = copy(tape, step), copy(tape, decay)
    query, key = copy(tape, query), copy(tape, key)
    mixed = concatenate(tape, [query, key, value], per_token(2 * key_size + value_size))
    return mixed, gate, step, decay


def _decay(tape: Tape, numerics: Numerics, decay: Tensor, heads: int) -> Tensor:
    """-exp(A) · softplus(a + bias), in fp32."""
    edges = [tape.leaf() if numerics.trains_base else None for _ in range(2)]
    bias, rate = (Tensor(None, fixed(heads), numerics.small_width, edge) for edge in edges)
    rate = scale(tape, saves_output(tape, cast(tape, rate, FP32)))
    softened = pointwise(tape, add(tape, cast(tape, decay, FP32), bias))
    return multiply(tape, softened, rate)


def _gated_norm(
    tape: Tape, numerics: Numerics, x: Tensor, gate: Tensor, heads: int, head_dim: int
) -> Tensor:
    """RMSNormGated: the norm first, then silu(gate) in fp32."""
    edge = tape.leaf() if numerics.trains_base else None
    weight = Tensor(None, fixed(head_dim), numerics.small_width, edge)
    width = x.itemsize
    normed = normalized(tape, cast(tape, x, FP32), per_token(heads))
    normed = multiply(tape, cast(tape, normed, width), weight)
    normed = multiply(tape, normed, pointwise(tape, cast(tape, gate, FP32)))
    return cast(tape, normed, width)
