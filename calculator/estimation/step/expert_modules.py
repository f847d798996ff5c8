"""Routed experts as linear maps of their own: transformers 4, and linearised models."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import routed_expert_modules
from calculator.estimation.step.activations import activate, gated
from calculator.estimation.step.linear_maps import apply_linear, product
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    cast,
    gradient,
    multiply,
    part,
    saves_output,
)
from calculator.estimation.step.shadow import FP32, BackwardStep, Tape, Tensor
from calculator.estimation.step.sizes import Size, per_token

# Experts run one after the other. All that they save is there when the last one's backward pass
# begins, whose temporaries are those of its own tokens: it is told from the others by this many
# turns of as many tokens, or, of many experts, by a few.
MAXIMUM_TURNS = 8
TURNS_OF_MANY = 4


def apply_expert_modules(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """Each expert on the tokens that are routed to it, evenly (modeling_mixtral.py, 4.48).

    MixtralSparseMoeBlock.forward: softmax in fp32, a one-hot mask of int64, and for every expert
    a copy of its tokens, its MLP, the product with their weights, and index_add_ into one result.
    """
    size, chosen = architecture.hidden_size, architecture.experts_per_token
    experts = architecture.expert_count
    logits = product(
        tape,
        numerics,
        hidden,
        experts / size,
        experts * size,
        numerics.small_width,
        trained=numerics.trains_base,
    )
    probabilities = saves_output(tape, cast(tape, logits, FP32))
    weights = part(tape, probabilities, per_token(chosen))
    weights = cast(tape, multiply(tape, weights, weights), hidden.itemsize)
    mask = tape.new(per_token(chosen * experts), 8)
    result = tape.new(per_token(size), hidden.itemsize)
    turns = experts if experts <= MAXIMUM_TURNS else TURNS_OF_MANY
    for _ in range(turns):
        share = chosen / turns
        taken = _rows(tape, hidden, per_token(share * size))
        output = _expert(tape, architecture, numerics, taken, experts / turns)
        del taken
        weight = _rows(tape, weights, per_token(share))
        output = multiply(tape, output, weight)
        del weight
        output = cast(tape, output, hidden.itemsize)
        result = tape.record(
            Tensor(result.buffer, result.elements, result.itemsize, result.edge),
            [result, output],
            _adding(tape, output),
        )
        del output
    del mask
    return result


def _adding(tape: Tape, source: Tensor) -> BackwardStep:
    """index_add_ adds in place; backward takes the gradient's rows, shaped as the source.

    That shape is read off the source itself, which is saved for it (derivatives.yaml, index_add).
    """

    def backward(grads: Gradients) -> Gradients:
        return [grads[0], gradient(tape, source.elements, source.itemsize)]

    return backward


def _rows(tape: Tape, x: Tensor, elements: Size) -> Tensor:
    """x[index]: a copy; backward scatters into a gradient of x's size."""
    original, itemsize = x.elements, x.itemsize
    return tape.record(
        tape.new(elements, itemsize), [x], lambda grads: [gradient(tape, original, itemsize)]
    )


def _expert(
    tape: Tape, architecture: Architecture, numerics: Numerics, x: Tensor, repeats: float
) -> Tensor:
    """The MLP of `repeats` experts, each on its part of x."""
    traits = architecture.traits
    modules = routed_expert_modules(architecture)
    if not traits.gated_mlp:
        wide = apply_linear(tape, numerics, x, modules[0], repeats)
        wide = activate(tape, numerics, traits.activation, wide)
        return apply_linear(tape, numerics, wide, modules[1], repeats)
    gate = apply_linear(tape, numerics, x, modules[0], repeats)
    up = apply_linear(tape, numerics, x, modules[1], repeats)
    activation = "silu" if traits.activation == "clamped_swiglu" else traits.activation
    wide = gated(tape, numerics, activation, gate, up)
    del gate, up
    return apply_linear(tape, numerics, wide, modules[2], repeats)
