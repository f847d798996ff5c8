"""Gemma's inputs of each layer: a second embedding, joined with a projection of the first.

Source: modeling_gemma4.py of transformers 5.23, Gemma4TextModel.project_per_layer_inputs and
Gemma4TextDecoderLayer.forward.
"""

from __future__ import annotations

from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import (
    model_modules,
    per_layer_modules,
)
from calculator.estimation.step.activations import activate
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.norms import apply_norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import Gradients, add, gradient, multiply, scale
from calculator.estimation.step.segment import Segment, only
from calculator.estimation.step.shadow import GRADIENTS, Snapshot, Tape, Tensor
from calculator.estimation.step.sizes import Size, fixed, per_token


@lru_cache(maxsize=256)
def run_per_layer_inputs(architecture: Architecture, numerics: Numerics) -> Segment:
    """Make the inputs of all layers at once, before the first; `kept` includes them."""
    tape = Tape(accumulates=numerics.accumulates)
    size, width = architecture.per_layer_input_size, numerics.small_width
    whole, rows = per_token(architecture.layer_count * size), per_token(architecture.layer_count)
    needs = numerics.trains_base or numerics.checkpointing
    # The first layer counts the embedded tokens themselves.
    hidden = Tensor(
        None,
        per_token(architecture.hidden_size),
        width,
        tape.leaf(stays=True) if needs else None,
    )
    embedded = tape.new(whole, width)
    if numerics.trains_base:
        table = fixed(architecture.per_layer_vocab_size * architecture.layer_count * size)
        leaf = Tensor(None, table, width, tape.leaf())
        embedded = tape.record(embedded, [leaf], lambda grads: [tape.new(table, width, GRADIENTS)])
    embedded = scale(tape, embedded)
    projection = model_modules(architecture)[0]
    projected = scale(tape, apply_linear(tape, numerics, hidden, projection))
    projected = apply_norm(tape, numerics, projected, architecture.traits.norm, size, rows)
    inputs = scale(tape, add(tape, projected, embedded))
    del embedded, projected, hidden
    forward = tape.memory.take_moments()
    in_forward = tape.memory.now()
    tape.autocast_cache.clear()
    kept = tape.memory.now()
    cached = in_forward.minus(kept)
    elements, itemsize, edge = inputs.elements, inputs.itemsize, inputs.edge
    del inputs
    if edge is None:
        return Segment(forward, kept, cached, (), Snapshot({}), Snapshot({}))
    tape.seed(edge, elements, itemsize)
    del edge
    tape.run_backward()
    backward = tape.memory.take_moments()
    left = tape.memory.now()
    return Segment(forward, kept, cached, backward, only(left, GRADIENTS), Snapshot({}))


def add_per_layer_input(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """A gated product with the layer's input, projected back to the residual stream and normed."""
    branch = gated_per_layer_input(tape, architecture, numerics, hidden)
    return add(tape, hidden, branch)


def gated_per_layer_input(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """What `add_per_layer_input` adds."""
    gate, projection = per_layer_modules(architecture)[:2]
    branch = apply_linear(tape, numerics, hidden, gate)
    branch = activate(tape, numerics, architecture.traits.activation, branch)
    branch = multiply(tape, branch, _input_of_layer(tape, architecture, numerics, hidden))
    branch = apply_linear(tape, numerics, branch, projection)
    return apply_norm(
        tape,
        numerics,
        branch,
        architecture.traits.norm,
        architecture.hidden_size,
        per_token(1),
    )


def _input_of_layer(
    tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor
) -> Tensor:
    """A view of all layers' inputs, whose gradient is as large as they are together."""
    size, width = architecture.per_layer_input_size, numerics.small_width
    whole = per_token(architecture.layer_count * size)
    trained = hidden.requires_grad and per_layer_inputs_need_gradient(architecture, numerics)
    leaf = Tensor(None, whole, width, tape.leaf(stays=True) if trained else None)

    def backward(grads: Gradients) -> Gradients:
        return [gradient(tape, whole, width)]

    return tape.record(Tensor(None, per_token(size), width), [leaf], backward)


def per_layer_inputs_need_gradient(architecture: Architecture, numerics: Numerics) -> bool:
    """Whether anything that makes the layers' inputs is trained, or said to be."""
    return (
        numerics.trains_base
        or numerics.checkpointing
        or any(numerics.targets_module(module) for module in model_modules(architecture)[:1])
    )


def per_layer_inputs_bytes(architecture: Architecture, numerics: Numerics) -> Size:
    """Bytes of all layers' inputs together."""
    count = architecture.layer_count * architecture.per_layer_input_size
    return per_token(count * numerics.small_width)
