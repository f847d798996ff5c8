"""The state-space scan of Mamba-2 over chunks of tokens, as transformers' PyTorch code computes it.

Source: mamba2_chunk_scan of modeling_granitemoehybrid.py (transformers 5.23): everything in fp32
but the products within einsum(), which autocast narrows. Sequences are taken as whole chunks.
"""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import mamba_sizes
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    add,
    cast,
    concatenate,
    copy,
    gradient,
    matmul,
    multiply,
    part,
    pointwise,
    repeat_heads,
    saves_output,
    scale,
    split,
)
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, fixed, per_token


def chunked_scan(
    tape: Tape, architecture: Architecture, numerics: Numerics, mixed: Tensor, step: Tensor
) -> Tensor:
    """The scan's output, in fp32. mixed: x, B and C joined; step: Δ of every head.

    Every local tensor is held until the function returns, as there.
    """
    sizes = mamba_sizes(architecture)
    heads, chunk = sizes.heads, architecture.mamba_chunk_size
    by_state = per_token(heads * architecture.mamba_state_size)
    pairs = per_token(heads * chunk)
    entries = heads * architecture.mamba_head_dim * architecture.mamba_state_size
    states_elements = per_token(entries / chunk)
    x, keys, queries = split(
        tape, mixed, [per_token(size) for size in (sizes.inner, sizes.grouped, sizes.grouped)]
    )
    edges = [tape.leaf() if numerics.trains_base else None for _ in range(3)]
    bias, rate, skip = (Tensor(None, fixed(heads), numerics.small_width, edge) for edge in edges)
    rate = scale(tape, saves_output(tape, cast(tape, rate, FP32)))
    step = pointwise(tape, pointwise(tape, add(tape, step, cast(tape, bias, step.itemsize))))
    x = cast(tape, x, FP32)
    keys = repeat_heads(tape, cast(tape, keys, FP32), by_state)
    queries = repeat_heads(tape, cast(tape, queries, FP32), by_state)
    skipped = multiply(tape, copy(tape, x), skip)
    x = multiply(tape, x, cast(tape, step, FP32))
    decay = multiply(tape, cast(tape, step, FP32), rate)
    # Padding to whole chunks copies, even where there is nothing to pad.
    x, decay, keys, queries = (copy(tape, item) for item in (x, decay, keys, queries))
    summed = scale(tape, decay)
    pairwise = _pairwise_decay(tape, decay, pairs)
    scores = _contract(tape, numerics, copy(tape, queries), copy(tape, keys), pairs)
    weights = multiply(tape, scores, pairwise)
    within = _contract(tape, numerics, weights, copy(tape, x), x.elements)
    to_end = saves_output(tape, scale(tape, summed))
    decayed = multiply(tape, keys, to_end)
    states = _contract(tape, numerics, copy(tape, decayed), copy(tape, x), states_elements)
    one_more = states_elements.plus(Size(sequence=entries))
    states = concatenate(tape, [cast(tape, states, FP32)], one_more)
    between = _decay_between_chunks(tape, summed, Size(pair=heads / chunk**2))
    carried = _contract(tape, numerics, between, copy(tape, states), one_more)
    started = part(tape, carried, states_elements)
    across = _contract(tape, numerics, copy(tape, queries), copy(tape, started), x.elements)
    outside = multiply(tape, across, saves_output(tape, summed))
    output = copy(tape, add(tape, within, outside))
    return add(tape, output, skipped)


def _contract(tape: Tape, numerics: Numerics, a: Tensor, b: Tensor, elements: Size) -> Tensor:
    """einsum() of two: a batched product of its permuted, hence copied, operands."""
    width = numerics.compute_width if numerics.autocast else FP32
    return matmul(tape, cast(tape, a, width), cast(tape, b, width), elements)


def _pairwise_decay(tape: Tape, decay: Tensor, pairs: Size) -> Tensor:
    """exp(segment_sum): sums for the pairs of a chunk, masked before and after they are added."""
    masked = repeat_heads(tape, decay, pairs)
    summed = scale(tape, masked)
    summed = scale(tape, summed)
    del masked
    return saves_output(tape, summed)


def _decay_between_chunks(tape: Tape, summed: Tensor, pairs: Size) -> Tensor:
    """segment_sum again, over whole chunks."""
    elements = summed.elements
    return tape.record(
        tape.new(pairs, FP32), [summed], lambda grads: [gradient(tape, elements, FP32)]
    )
