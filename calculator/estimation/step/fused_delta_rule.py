"""The gated delta rule by the kernel of flash-linear-attention."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import Gradients, cast, copy, gradient
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import per_token

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
    # They are views of one convolution, which the kernel does not take as they are (input_guard).
    query, key, value = (
        copy(tape, item) if item.itemsize == width else cast(tape, item, width)
        for item in (query, key, value)
    )
    pairs, states = per_token(heads * CHUNK_TOKENS), per_token(heads * head_dim**2 / CHUNK_TOKENS)
    by_value = value.elements
    inputs = [query, key, value, decay, step]
    shapes = [(item.elements, item.itemsize) for item in inputs]
    needed = [item.requires_grad for item in inputs]
    unit = [tape.new(item.elements, width) for item in (query, key)]
    del query, key
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
        # w, u and v anew, the gradients of v, q, k and w, and the second ones of k and v.
        by_head = [gradient(tape, by_value, width) for _ in range(9)]
        by_chunk = [gradient(tape, states, width) for _ in range(2)]
        del by_head, by_chunk
        return [
            gradient(tape, *shape) if need else None
            for shape, need in zip(shapes, needed, strict=True)
        ]

    return tape.record(output, inputs, backward)
