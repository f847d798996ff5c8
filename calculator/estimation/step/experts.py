"""Routed experts of one decoder layer, as the operations of the modelling code."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import router_module
from calculator.estimation.architectures.stacked_adapters import StackedAdapter, stacked_adapters
from calculator.estimation.step.activations import activate, gated
from calculator.estimation.step.linear_maps import apply_linear, product_with
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
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
    ADAPTED_EXPERTS,
    FP32,
    GRADIENTS,
    WEIGHT_CASTS,
    Tape,
    Tensor,
)
from calculator.estimation.step.sizes import Size, fixed, per_token


def apply_experts(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    hidden: Tensor,
    logits: Tensor | None = None,
) -> Tensor:
    """Routed experts as grouped matrix products (integrations/moe.py of transformers 5.23).

    Every token is copied for each of its experts, so all sizes are T · experts_per_token.
    """
    traits = architecture.traits
    size, chosen = architecture.hidden_size, architecture.experts_per_token
    width = architecture.expert_intermediate_size
    matrices = 2 if traits.gated_mlp else 1
    adapters = stacked_adapters(architecture, numerics.targets, numerics.rank)
    experts = architecture.expert_count
    if logits is None and traits.router_name:
        logits = apply_linear(tape, numerics, hidden, router_module(architecture))
    elif logits is None:
        router = _stack(tape, numerics, experts * size, adapters.get("router"))
        logits = product_with(tape, numerics, hidden, router, experts / size)
    probabilities = saves_output(tape, cast(tape, logits, FP32))
    del logits
    weights = part(tape, probabilities, per_token(chosen))
    weights = multiply(tape, weights, weights)
    order = tape.new(per_token(2 * chosen), 8)  # sorting permutation and its inverse, int64
    selected = _gather(tape, hidden, per_token(chosen * size))
    # peft folds an adapter in when its weight is asked for, and keeps the result till the end.
    gate_up = _stack(tape, numerics, experts * matrices * size * width, adapters.get("gate_up"))
    wide = _grouped_product(tape, selected, gate_up, matrices * width / size)
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
    down = _stack(tape, numerics, experts * size * width, adapters.get("down"))
    output = _grouped_product(tape, wide, down, size / width)
    del wide
    output = multiply(tape, output, weights)
    output = _gather(tape, output, output.elements)
    result = tape.record(
        tape.new(per_token(size), output.itemsize),
        [output],
        lambda grads: [gradient(tape, per_token(chosen * size), FP32)],
    )
    del output, order
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


def _stack(tape: Tape, numerics: Numerics, count: int, adapter: StackedAdapter | None) -> Tensor:
    """Stacked weights, with their adapter folded in if they have one.

    The stacked weights are no linear maps: `prepare_model_for_kbit_training` widens them.
    """
    width = numerics.small_width
    if adapter is None:
        return Tensor(None, fixed(count), width, tape.leaf() if numerics.trains_base else None)
    return _fold(tape, numerics, count, adapter)


def _fold(tape: Tape, numerics: Numerics, count: int, adapter: StackedAdapter) -> Tensor:
    """W + B·A for every expert at once: a second stack of W's size, whose gradient is made whole.

    Source: peft/tuners/lora/layer.py, ParamWrapper and _LoraFactorsProxy (0.21).
    """
    width = numerics.small_width
    down, up = (
        _factor(tape, fixed(size), numerics.adapter_width, width)
        for size in (adapter.down_count, adapter.up_count)
    )
    shapes = (down.elements, up.elements)
    saved = (down, up)

    def backward(grads: Gradients) -> Gradients:
        assert saved
        return [tape.new(shape, width, WEIGHT_CASTS) for shape in shapes]

    return tape.record(tape.new(fixed(count), width, ADAPTED_EXPERTS), [down, up], backward)


def _factor(tape: Tape, elements: Size, width: int, folded_width: int) -> Tensor:
    """A's or B's parameters, cast to the width of the weights that they are folded into."""
    parameter = Tensor(None, elements, width, tape.leaf())
    if width == folded_width:
        return parameter
    return tape.record(
        tape.new(elements, folded_width, WEIGHT_CASTS),
        [parameter],
        lambda grads: [tape.new(elements, width, GRADIENTS)],
    )


def _grouped_product(tape: Tape, x: Tensor, weight: Tensor, widening: float) -> Tensor:
    """grouped_mm: x is cast to the weights' width (it does not autocast); saves as a product."""
    width, count = weight.itemsize, weight.elements
    x = cast(tape, x, width)
    saved_x = x if weight.requires_grad else None
    saved_weight = weight if x.requires_grad else None
    needs_x, elements = x.requires_grad, x.elements
    # A folded stack's gradient goes on to the adapters, and is none that is kept.
    kind = GRADIENTS if weight.buffer is None else ADAPTED_EXPERTS

    def backward(grads: Gradients) -> Gradients:
        grad_x = grad_weight = None
        if needs_x:
            assert saved_weight is not None
            grad_x = gradient(tape, elements, width)
        if saved_x is not None:
            grad_weight = tape.new(count, width, kind)
        return [grad_x, grad_weight]

    return tape.record(tape.new(elements.times(widening), width), [x, weight], backward)
