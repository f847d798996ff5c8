"""The MLP and the experts of one decoder layer, as the operations of the modelling code."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture, MlpKind
from calculator.estimation.architectures.families import Activation
from calculator.estimation.architectures.linear_modules import mlp_modules
from calculator.estimation.step.linear_maps import apply_linear, product
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
from calculator.estimation.step.shadow import FP32, GRADIENTS, Tape, Tensor
from calculator.estimation.step.sizes import Size, fixed, per_token


def feed_forward(
    tape: Tape, architecture: Architecture, numerics: Numerics, kind: MlpKind, hidden: Tensor
) -> Tensor:
    """The MLP's output for the normed hidden states."""
    if kind == "dense":
        return _dense(tape, architecture, numerics, kind, hidden)
    routed = _experts(tape, architecture, numerics, hidden)
    if not architecture.shared_intermediate_size:
        return routed
    shared = _dense(tape, architecture, numerics, kind, hidden)
    return add(tape, routed, shared)


def activate(tape: Tape, activation: Activation, x: Tensor) -> Tensor:
    """The activation function; PyTorch's silu and gelu save their input only."""
    if activation == "gelu_new":
        return _new_gelu(tape, x)
    if activation == "relu2":
        rectified = saves_output(tape, x)
        return pointwise(tape, rectified, temporaries=1)
    if activation == "xielu":
        # Both branches of transformers' XIELUActivation are computed and keep their inputs.
        positive = multiply(tape, pointwise(tape, x), x)
        negative = pointwise(tape, saves_output(tape, x))
        return add(tape, positive, negative)
    return pointwise(tape, x)


def _new_gelu(tape: Tape, x: Tensor) -> Tensor:
    """NewGELUActivation: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), operation by operation."""
    half = scale(tape, x)
    cube = pointwise(tape, x, temporaries=2)
    inner = add(tape, x, scale(tape, cube))
    del cube
    bent = saves_output(tape, scale(tape, inner))
    del inner
    return multiply(tape, half, add(tape, bent, Tensor(None, x.elements, x.itemsize)))


def gated(
    tape: Tape, numerics: Numerics, activation: Activation, gate: Tensor, up: Tensor
) -> Tensor:
    """act(gate) · up."""
    if numerics.fused_kernels:
        return _fused_gate(tape, gate, up)
    return multiply(tape, activate(tape, activation, gate), up)


def _fused_gate(tape: Tape, gate: Tensor, up: Tensor) -> Tensor:
    """Liger's SwiGLU/GeGLU: saves gate and up; backward writes the gradients into them.

    Source: linkedin/Liger-Kernel, src/liger_kernel/ops/swiglu.py.
    """
    needed = gate.requires_grad or up.requires_grad
    saved = (gate, up) if needed else None

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        return [
            Tensor(item.buffer, item.elements, item.itemsize) if item.requires_grad else None
            for item in saved
        ]

    return tape.record(tape.new(gate.elements, gate.itemsize), [gate, up], backward)


def _dense(
    tape: Tape, architecture: Architecture, numerics: Numerics, kind: MlpKind, hidden: Tensor
) -> Tensor:
    traits = architecture.traits
    modules = mlp_modules(architecture, kind)
    if traits.fused_gate_up and kind == "dense":
        joined = apply_linear(tape, numerics, hidden, modules[0])
        half = per_token(modules[1].input_size)
        gate, up = split(tape, joined, [half, half])
        # Phi-3 computes up · act(gate).
        product_ = gated(tape, numerics, traits.activation, gate, up)
        return apply_linear(tape, numerics, product_, modules[1])
    if not traits.gated_mlp:
        wide = apply_linear(tape, numerics, hidden, modules[0])
        wide = activate(tape, traits.activation, wide)
        return apply_linear(tape, numerics, wide, modules[1])
    gate = apply_linear(tape, numerics, hidden, modules[0])
    if numerics.fused_kernels:
        up = apply_linear(tape, numerics, hidden, modules[1])
        wide = _fused_gate(tape, gate, up)
        del gate, up
    else:
        active = activate(tape, traits.activation, gate)
        del gate
        up = apply_linear(tape, numerics, hidden, modules[1])
        wide = multiply(tape, active, up)
        del active, up
    output = apply_linear(tape, numerics, wide, modules[2])
    if len(modules) == 4:
        weight = saves_output(tape, apply_linear(tape, numerics, hidden, modules[3]))
        output = multiply(tape, output, weight)
    return output


def _experts(tape: Tape, architecture: Architecture, numerics: Numerics, hidden: Tensor) -> Tensor:
    """Routed experts as grouped matrix products (integrations/moe.py of transformers 5.23).

    Every token is copied for each of its experts, so all sizes are T · experts_per_token.
    """
    traits = architecture.traits
    size, chosen = architecture.hidden_size, architecture.experts_per_token
    width = architecture.expert_intermediate_size
    router_count = architecture.expert_count * size
    logits = product(
        tape,
        numerics,
        hidden,
        architecture.expert_count / size,
        router_count,
        numerics.small_width,
        trained=numerics.trains_base,
    )
    probabilities = saves_output(tape, cast(tape, logits, FP32))
    del logits
    weights = part(tape, probabilities, per_token(chosen))
    weights = multiply(tape, weights, weights)
    order = tape.new(per_token(2 * chosen), 8)  # sorting permutation and its inverse, int64
    selected = _gather(tape, hidden, per_token(chosen * size))
    matrices = 2 if traits.gated_mlp else 1
    wide = _grouped_product(
        tape,
        numerics,
        selected,
        matrices * width / size,
        architecture.expert_count * matrices * size * width,
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
        wide = activate(tape, traits.activation, wide)
    output = _grouped_product(
        tape, numerics, wide, size / width, architecture.expert_count * size * width
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


def _grouped_product(
    tape: Tape, numerics: Numerics, x: Tensor, widening: float, weight_count: int
) -> Tensor:
    """grouped_mm: x is cast to the weights' width (it does not autocast); saves as a product.

    The stacked weights are no linear maps: `prepare_model_for_kbit_training` widens them.
    """
    width = numerics.small_width
    x = cast(tape, x, width)
    trained = numerics.trains_base
    weight = Tensor(None, fixed(weight_count), width, tape.leaf() if trained else None)
    saved_x = x if trained else None
    needs_x, elements = x.requires_grad, x.elements

    def backward(grads: Gradients) -> Gradients:
        grad_x = gradient(tape, elements, width) if needs_x else None
        grad_weight = None
        if trained:
            assert saved_x is not None
            grad_weight = tape.new(fixed(weight_count), width, GRADIENTS)
        return [grad_x, grad_weight]

    return tape.record(tape.new(elements.times(widening), width), [x, weight], backward)
