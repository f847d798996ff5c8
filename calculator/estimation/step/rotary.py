"""Rotary position embedding of queries and keys."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.families import FamilyTraits
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    add,
    cast,
    concatenate,
    multiply,
    part,
    scale,
    split,
)
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size


def joins_rotated(traits: FamilyTraits) -> bool:
    return traits.rotary_joined or 0 < traits.rotary_fraction < 1


def own_table(
    tape: Tape, architecture: Architecture, numerics: Numerics, width: int
) -> Tensor | None:
    """A layer's own cosines and sines, in families that make them anew in each.

    width: of the keys, which GPT-J gives its cosines; it makes them anew for keys and queries.
    """
    traits = architecture.traits
    if not traits.rotary_interleaved or numerics.fused_kernels:
        return None
    if traits.own_scores == "gptj":
        four = Size(position=4 * architecture.head_dim * traits.rotary_fraction)
        return tape.new(four, width)
    both = Size(position=2 * architecture.head_dim * traits.rotary_fraction)
    return tape.new(both, FP32 if traits.rotary_fp32 else numerics.small_width)


def rotate(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    x: Tensor,
    table: Tensor | None = None,
) -> Tensor:
    """apply_rotary_pos_emb: x·cos + rotate_half(x)·sin; saves cos and sin.

    table: the layer's own; without one they are shared by all layers.
    """
    fraction = architecture.traits.rotary_fraction
    if numerics.fused_kernels:
        return _fused_rotation(tape, x)
    if fraction < 1.0:
        turned, kept = split(tape, x, [x.elements.times(fraction), x.elements.times(1 - fraction)])
        return concatenate(tape, [rotate_whole(tape, numerics, turned, table), kept], x.elements)
    if architecture.traits.rotary_joined:
        return concatenate(tape, [rotate_whole(tape, numerics, x)], x.elements)
    if architecture.traits.rotary_fp32:
        return cast(tape, rotate_whole(tape, numerics, cast(tape, x, FP32), table), x.itemsize)
    if architecture.altup_input_count:
        table = Tensor(None, x.elements, table_width(architecture, numerics))
    return rotate_whole(tape, numerics, x, table)


def table_width(architecture: Architecture, numerics: Numerics) -> int:
    """Bytes of a cosine: of the residual stream's width, which autocast widens for AltUp."""
    width = numerics.small_width
    return numerics.function_width(width) if architecture.altup_input_count else width


def rotate_whole(tape: Tape, numerics: Numerics, x: Tensor, own: Tensor | None = None) -> Tensor:
    """Cosines and sines have the width of the residual stream, to which the product is widened."""
    table = Tensor(None, x.elements, numerics.small_width)
    if own is not None:
        table = Tensor(own.buffer, x.elements, own.itemsize)
    half = x.elements.times(0.5)
    first = multiply(tape, x, table)
    turned = concatenate(tape, [scale(tape, part(tape, x, half)), part(tape, x, half)], x.elements)
    second = multiply(tape, turned, table)
    del turned
    return add(tape, first, second)


def _fused_rotation(tape: Tape, x: Tensor) -> Tensor:
    """Liger's rotary kernel turns x in place, forward and backward (ops/rope.py)."""

    def backward(grads: Gradients) -> Gradients:
        return list(grads)

    return tape.record(Tensor(x.buffer, x.elements, x.itemsize), [x], backward)
