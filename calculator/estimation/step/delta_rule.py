"""The gated delta rule over chunks of tokens, as transformers' PyTorch code computes it.

Source: torch_chunk_gated_delta_rule of modeling_qwen3_next.py (transformers 5.23), everything in
fp32 but the matrix products, which autocast narrows. Sequences are taken as whole chunks.
"""

from __future__ import annotations

from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    cast,
    copy,
    gradient,
    matmul,
    multiply,
    saves_output,
    scale,
)
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, per_token

CHUNK_TOKENS = 64


def chunked_delta_rule(
    tape: Tape,
    numerics: Numerics,
    heads: int,
    head_dim: int,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    decay: Tensor,
    step: Tensor,
) -> Tensor:
    """The rule's output, of the query's width; all inputs have `heads` heads."""
    width = query.itemsize
    pairs = per_token(heads * CHUNK_TOKENS)
    # Every local tensor is held until the function returns, as there.
    query, key, value, step = (cast(tape, item, FP32) for item in (query, key, value, step))
    query, key = _unit_length(tape, query, heads), _unit_length(tape, key, heads)
    query = scale(tape, query)
    # Padding to whole chunks copies, even where there is nothing to pad.
    query, key, value = (copy(tape, item) for item in (query, key, value))
    step, decay = copy(tape, step), copy(tape, decay)
    value_step = multiply(tape, value, step)
    key_step = multiply(tape, key, step)
    decay = scale(tape, decay)  # its running sum within a chunk
    pairwise = _pairwise_decay(tape, decay, heads)
    system = multiply(tape, _product(tape, numerics, key_step, key, pairs), pairwise)
    within = multiply(tape, _product(tape, numerics, query, key, pairs), pairwise)
    decayed = multiply(tape, key_step, saves_output(tape, decay))
    values = _solved(tape, system, value_step)
    keys = _solved(tape, system, decayed)
    zeros = tape.new(values.elements, FP32)
    query = multiply(tape, query, saves_output(tape, decay))
    key = multiply(tape, key, saves_output(tape, scale(tape, decay)))
    core = _scan(tape, numerics, heads, head_dim, zeros, values, keys, query, within, key)
    return cast(tape, core, width)


def _unit_length(tape: Tape, x: Tensor, heads: int) -> Tensor:
    """l2norm: x · rsqrt(Σ x²)."""
    norm = multiply(tape, x, x)
    return multiply(tape, x, saves_output(tape, _sum(tape, norm, heads)))


def _sum(tape: Tape, x: Tensor, rows: int) -> Tensor:
    """A sum over each head: its gradient is a view of one value repeated."""
    return tape.record(
        tape.new(per_token(rows), FP32), [x], lambda grads: [gradient(tape, per_token(rows), FP32)]
    )


def _pairwise_decay(tape: Tape, decay: Tensor, heads: int) -> Tensor:
    """exp(dᵢ - dⱼ) for the pairs of a chunk, masked where j follows i."""
    pairs = per_token(heads * CHUNK_TOKENS)
    difference = tape.record(
        tape.new(pairs, FP32), [decay], lambda grads: [gradient(tape, per_token(heads), FP32)]
    )
    return saves_output(tape, scale(tape, difference))


def _product(tape: Tape, numerics: Numerics, a: Tensor, b: Tensor, elements: Size) -> Tensor:
    width = numerics.compute_width if numerics.autocast else FP32
    return matmul(tape, cast(tape, a, width), cast(tape, b, width), elements)


def _solved(tape: Tape, system: Tensor, right: Tensor) -> Tensor:
    """linalg.solve_triangular: saves the system and the solution."""
    output = tape.new(right.elements, FP32)
    pairs, elements = system.elements, right.elements
    saved = system if system.requires_grad else None

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        assert output is not None
        solved = gradient(tape, elements, FP32)
        first = gradient(tape, pairs, FP32)
        second = gradient(tape, pairs, FP32)
        del first
        return [second, solved]

    return tape.record(output, [system, right], backward)


def _scan(
    tape: Tape,
    numerics: Numerics,
    heads: int,
    head_dim: int,
    zeros: Tensor,
    values: Tensor,
    keys: Tensor,
    query: Tensor,
    within: Tensor,
    key: Tensor,
) -> Tensor:
    """The loop over the chunks, in which each hands its state on to the next.

    Every chunk keeps its state, and the factors of its five matrix products: under autocast
    narrow copies of them. Its gradients are made in the size of the whole sequence.
    The first chunk's zeros need no gradient and the last one's state is not used: one chunk's
    share less, which is left out here.
    """
    state = per_token(heads * head_dim * head_dim / CHUNK_TOKENS)
    inputs = [values, keys, query, within, key]
    kept: list[Tensor] = []
    if any(item.requires_grad for item in inputs) and tape.saves:
        kept.append(tape.new(state, FP32))
        if numerics.autocast:
            width = numerics.compute_width
            copies = [state, state, within.elements, *(5 * [values.elements])]
            kept += [tape.new(elements, width) for elements in copies]
        else:
            kept += [tape.new(values.elements, FP32), keys, query, within, key]
    shapes = [item.elements for item in inputs]

    def backward(grads: Gradients) -> Gradients:
        made = [gradient(tape, elements, FP32) for elements in shapes]
        in_flight = gradient(tape, shapes[0], FP32)
        del in_flight
        kept.clear()
        return made

    core = tape.record(Tensor(zeros.buffer, zeros.elements, FP32), inputs, backward)
    elements = core.elements
    # Writing each chunk's output in place: the gradient is copied for each of them.
    return tape.record(
        Tensor(core.buffer, elements, FP32), [core], lambda grads: [gradient(tape, elements, FP32)]
    )
