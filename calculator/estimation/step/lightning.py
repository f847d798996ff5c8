"""Lightning attention of MiniMax-Text-01 and M1: linear attention over blocks of tokens.

Source: modeling_minimax.py of transformers 5.23, MiniMaxLightningAttention.forward (arXiv
2501.08313). Sequences are taken as whole blocks, and one in a batch: where there are several,
each product copies the slices that it reads.
"""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import (
    LIGHTNING_BLOCK_TOKENS,
    attention_modules,
)
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.norms import apply_norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    concatenate,
    copy,
    gradient,
    multiply,
    pointwise,
    saves_output,
    split,
)
from calculator.estimation.step.shadow import Tape, Tensor
from calculator.estimation.step.sizes import per_token


def lightning_attention(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """The layer's output for the normed hidden states."""
    joined_map, gate_map, out_map = attention_modules(architecture, "linear")
    size = architecture.linear_value_head_count * architecture.linear_head_dim
    joined = pointwise(tape, apply_linear(tape, numerics, hidden, joined_map))
    query, key, value = split(tape, joined, 3 * [per_token(size)])
    output = _blocks(tape, architecture, numerics, query, key, value)
    output = concatenate(tape, [output], output.elements)
    # It is laid out by head: taking it back to tokens copies it.
    output = copy(tape, output)
    output = apply_norm(tape, numerics, output, "rms", size, per_token(1))
    gate = saves_output(tape, apply_linear(tape, numerics, hidden, gate_map))
    output = multiply(tape, gate, output)
    return apply_linear(tape, numerics, output, out_map)


def _blocks(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    query: Tensor,
    key: Tensor,
    value: Tensor,
) -> Tensor:
    """The loop over the blocks, in which each hands its state, of keys by values, on to the next.

    A block keeps its decayed scores, queries and keys and its state; where autocast narrows what
    it multiplies, also narrow copies of queries and keys, and of the values for two products. The
    gradient of each slice is made in the size of the whole sequence. The first block's zeros need
    no gradient and the last one's state is not used: a block's share less, left out here.
    """
    heads, head_dim = architecture.linear_value_head_count, architecture.linear_head_dim
    width = numerics.compute_width if numerics.autocast else query.itemsize
    scores = per_token(heads * LIGHTNING_BLOCK_TOKENS)
    state = per_token(heads * head_dim * head_dim / LIGHTNING_BLOCK_TOKENS)
    inputs = [query, key, value]
    elements, itemsize, count = query.elements, query.itemsize, len(inputs)
    kept: list[Tensor] = []
    if any(item.requires_grad for item in inputs) and tape.saves:
        copies = 4 if itemsize != width else 0
        sizes = [scores, state, *((2 + copies) * [elements])]
        kept = [tape.new(size, width) for size in sizes]
        kept += [] if copies else inputs

    def backward(grads: Gradients) -> Gradients:
        made = [gradient(tape, elements, itemsize) for _ in range(count)]
        in_flight = gradient(tape, elements, itemsize)
        del in_flight
        kept.clear()
        return made

    return tape.record(tape.new(elements, width), inputs, backward)
