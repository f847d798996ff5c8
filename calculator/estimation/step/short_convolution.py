"""Causal convolutions of a few tokens: LFM2's layers, and part of DeltaNet and Mamba-2."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import attention_modules
from calculator.estimation.step.linear_maps import apply_linear, cast_weight
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    cast,
    gradient,
    multiply,
    part,
    pointwise,
    split,
)
from calculator.estimation.step.shadow import GRADIENTS, WEIGHT_CASTS, Tape, Tensor
from calculator.estimation.step.sizes import fixed, per_token


def short_convolution(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """C · conv(B · x) between two linear maps (modeling_lfm2.py, Lfm2ShortConv.forward)."""
    into, out = attention_modules(architecture, "convolution")
    size = per_token(architecture.hidden_size)
    joined = apply_linear(tape, numerics, hidden, into)
    before, after, x = split(tape, joined, [size, size, size])
    del joined
    mixed = multiply(tape, before, x)
    del before, x
    mixed = causal_convolution(tape, numerics, mixed, architecture.linear_conv_kernel, silu=False)
    mixed = multiply(tape, after, mixed)
    del after
    return apply_linear(tape, numerics, mixed, out)


def causal_convolution(
    tape: Tape, numerics: Numerics, x: Tensor, kernel: int, *, silu: bool
) -> Tensor:
    """causal_conv1d_fn: PyTorch's convolution, or the kernel of the causal-conv1d package.

    x has one channel for each of its elements of a token.
    """
    channels = x.elements.token
    trained = tape.leaf() if numerics.trains_base else None
    weight = Tensor(None, fixed(channels * kernel), numerics.small_width, trained)
    if numerics.fused_kernels:
        return _fused_convolution(tape, x, weight)
    width = x.itemsize
    mixed = _convolution(tape, numerics, cast(tape, x, numerics.small_width), weight)
    # The padding on both sides is cut off again: what is kept is a view.
    mixed = part(tape, mixed, mixed.elements)
    if silu:
        mixed = pointwise(tape, mixed)
    return cast(tape, mixed, width)


def _convolution(tape: Tape, numerics: Numerics, x: Tensor, weight: Tensor) -> Tensor:
    """conv1d, which autocasts: saves its input and its weight."""
    compute = numerics.compute_width if numerics.autocast else weight.itemsize
    width = weight.itemsize
    x = cast(tape, x, compute)
    if width != compute:
        weight = cast_weight(tape, weight, compute)
    trained, needs_x = weight.requires_grad, x.requires_grad
    saved = (x, weight) if trained or needs_x else None
    elements, count = x.elements, weight.elements
    kind = GRADIENTS if width == compute else WEIGHT_CASTS

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        return [
            gradient(tape, elements, compute) if needs_x else None,
            tape.new(count, compute, kind) if trained else None,
        ]

    return tape.record(tape.new(elements, compute), [x, weight], backward)


def _fused_convolution(tape: Tape, x: Tensor, weight: Tensor) -> Tensor:
    """Saves its input alone, the activation is computed anew in the backward pass.

    Source: Dao-AILab/causal-conv1d, causal_conv1d_interface.py, CausalConv1dFn.
    """
    trained, needs_x = weight.requires_grad, x.requires_grad
    saved = x if trained or needs_x else None
    elements, width = x.elements, x.itemsize
    count, weight_width = weight.elements, weight.itemsize

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        return [
            gradient(tape, elements, width) if needs_x else None,
            tape.new(count, weight_width, GRADIENTS) if trained else None,
        ]

    return tape.record(tape.new(elements, width), [x, weight], backward)
