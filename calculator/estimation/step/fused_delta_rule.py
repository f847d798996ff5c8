"""The gated delta rule and its gated norm by the kernels of flash-linear-attention."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import Gradients, cast, gradient
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, per_token

CHUNK_TOKENS = 64


def fused_delta_rule(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    decay: Tensor,
    step: Tensor,
) -> Tensor:
    """chunk_gated_delta_rule: saves q and k of unit length, v, gates and one square a chunk.

    The states of the chunks are computed anew in the backward pass, beside w, u and v.
    Source: fla/ops/gated_delta_rule/chunk.py, ChunkGatedDeltaRuleFunction (fla 0.4, August 2026).
    """
    heads, head_dim = architecture.linear_value_head_count, architecture.linear_head_dim
    width = numerics.compute_width if numerics.autocast else value.itemsize
    query, key, value = (cast(tape, item, width) for item in (query, key, value))
    pairs, states = per_token(heads * CHUNK_TOKENS), per_token(heads * head_dim**2 / CHUNK_TOKENS)
    by_value = value.elements
    inputs = [query, key, value, decay, step]
    shapes = [(item.elements, item.itemsize) for item in inputs]
    needed = [item.requires_grad for item in inputs]
    unit = [tape.new(item.elements, width) for item in (query, key)]
    roots = tape.new(per_token(2 * architecture.linear_key_head_count), FP32)
    sums = tape.new(per_token(heads), FP32)
    square = tape.new(pairs, width)
    written = [tape.new(by_value, width) for _ in range(2)]  # w and u
    carried = [tape.new(states, width), tape.new(by_value, width)]  # states and corrected values
    output = tape.new(by_value, width)
    del written, carried
    saved = [*unit, value, roots, sums, step, square] if any(needed) else []
    del unit, roots, sums, square

    def backward(grads: Gradients) -> Gradients:
        assert saved
        rewritten = [gradient(tape, by_value, width) for _ in range(2)]
        again = [gradient(tape, states, width), gradient(tape, by_value, width)]
        of_values = gradient(tape, by_value, width)
        of_states = gradient(tape, states, width)
        summed = gradient(tape, by_value, width)
        del of_values
        by_head = [gradient(tape, by_value, FP32 if _ else width) for _ in range(3)]
        del again, of_states, rewritten, summed, by_head
        return [
            gradient(tape, *shape) if need else None
            for shape, need in zip(shapes, needed, strict=True)
        ]

    return tape.record(output, inputs, backward)


def fused_gated_norm(tape: Tape, x: Tensor, gate: Tensor, weight: Tensor, rows: Size) -> Tensor:
    """FusedRMSNormGated: saves x, the gate and 1/rms (fla/modules/fused_norm_gate.py)."""
    inputs = [x, gate, weight]
    needed = any(item.requires_grad for item in inputs)
    statistics = tape.new(rows, FP32) if needed else None
    saved = [x, gate, statistics] if needed else []
    shapes = [(item.elements, item.itemsize) for item in inputs]
    wanted = [item.requires_grad for item in inputs]

    def backward(grads: Gradients) -> Gradients:
        assert saved
        return [
            gradient(tape, *shape) if need else None
            for shape, need in zip(shapes, wanted, strict=True)
        ]

    return tape.record(tape.new(x.elements, x.itemsize), inputs, backward)
