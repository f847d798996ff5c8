"""Routed experts of one decoder layer, as the operations of the modelling code."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import router_module
from calculator.estimation.step.activations import activate, gated
from calculator.estimation.step.expert_modules import apply_expert_modules
from calculator.estimation.step.expert_stacks import Stack, router_weight, stacked_product
from calculator.estimation.step.linear_maps import apply_linear, product_with
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    add,
    cast,
    gradient,
    multiply,
    part,
    pointwise,
    saves_output,
    scale,
    split,
)
from calculator.estimation.step.shadow import (
    FP32,
    Tape,
    Tensor,
)
from calculator.estimation.step.sizes import Size, per_token


def apply_experts(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    hidden: Tensor,
    logits: Tensor | None = None,
) -> Tensor:
    """Routed experts as grouped matrix products (integrations/moe.py of transformers 5.23).

    Or each with linear maps of its own (expert_modules.py). Every token is copied for each of its experts, so all sizes are T · experts_per_token.
    """
    if numerics.experts == "linear":
        return apply_expert_modules(tape, architecture, numerics, hidden)
    traits = architecture.traits
    size, chosen = architecture.hidden_size, architecture.experts_per_token
    width = architecture.expert_intermediate_size
    matrices = 2 if traits.gated_mlp else 1
    adapters = numerics.stacked_adapters(architecture)
    experts = architecture.expert_count
    if logits is None and traits.router_name:
        logits = apply_linear(tape, numerics, hidden, router_module(architecture))
    elif logits is None:
        router = router_weight(tape, numerics, experts * size, adapters.get("router"))
        logits = product_with(tape, numerics, hidden, router, experts / size)
    probabilities = saves_output(tape, cast(tape, logits, FP32))
    routed_width = logits.itemsize if traits.narrow_routing else FP32
    del logits
    weights = part(tape, probabilities, per_token(chosen))
    weights = cast(tape, multiply(tape, weights, weights), routed_width)
    order = tape.new(per_token(2 * chosen), 8)  # sorting permutation and its inverse, int64
    selected = _gather(tape, hidden, per_token(chosen * size))
    # What the function calls by a name stays till it is done, and so does a stack that was folded
    # or dequantised when it was asked for.
    held = [selected]
    wide = stacked_product(
        tape,
        numerics,
        selected,
        Stack(experts, size, matrices * width),
        adapters.get("gate_up"),
        held,
    )
    del selected
    if traits.gated_mlp:
        half = per_token(chosen * width)
        gate, up = split(tape, wide, [half, half])
        if traits.activation == "clamped_swiglu":
            wide = _clamped_gate(tape, gate, up)
        else:
            wide = gated(tape, numerics, traits.activation, gate, up)
        del gate, up
    else:
        wide = activate(tape, numerics, traits.activation, wide)
    output = stacked_product(
        tape, numerics, wide, Stack(experts, width, size), adapters.get("down"), held
    )
    del wide
    output = multiply(tape, output, weights)
    output = _gather(tape, output, output.elements)
    result = tape.record(
        tape.new(per_token(size), output.itemsize),
        [output],
        lambda grads: [gradient(tape, per_token(chosen * size), FP32)],
    )
    del output, order
    held.clear()
    return cast(tape, result, hidden.itemsize)


def _clamped_gate(tape: Tape, gate: Tensor, up: Tensor) -> Tensor:
    """gpt-oss: clamp both, gate · sigmoid(1.702·gate) · (up + 1) (modeling_gpt_oss.py)."""
    gate, up = pointwise(tape, gate), pointwise(tape, up)
    sigmoid = saves_output(tape, scale(tape, gate))
    glu = multiply(tape, gate, sigmoid)
    del gate, sigmoid
    return multiply(tape, add(tape, up, Tensor(None, up.elements, up.itemsize)), glu)


def _gather(tape: Tape, x: Tensor, elements: Size) -> Tensor:
    """x[index]: a copy; backward scatters into a gradient of x's size."""
    original, itemsize = x.elements, x.itemsize
    return tape.record(
        tape.new(elements, itemsize), [x], lambda grads: [gradient(tape, original, itemsize)]
    )
