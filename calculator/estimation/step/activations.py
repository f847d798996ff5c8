"""Activation functions and gates, as PyTorch and transformers compute them."""

from __future__ import annotations

from calculator.estimation.architectures.families import Activation
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    add,
    cast,
    gradient,
    multiply,
    pointwise,
    saves_output,
    scale,
    subtract,
)
from calculator.estimation.step.shadow import Tape, Tensor
from calculator.estimation.step.sizes import fixed, per_token


def activate(tape: Tape, numerics: Numerics, activation: Activation, x: Tensor) -> Tensor:
    """The activation function; PyTorch's silu and gelu save their input only."""
    if activation == "gelu_new":
        return _new_gelu(tape, numerics, x)
    if activation == "relu":
        return saves_output(tape, x)
    if activation == "gelu_bloom":
        return _bloom_gelu(tape, x)
    if activation == "relu2":
        # The square is a power, which autocast runs in fp32.
        rectified = saves_output(tape, x)
        wide = cast(tape, rectified, numerics.function_width(rectified.itemsize))
        return pointwise(tape, wide, temporaries=1)
    if activation == "xielu":
        return _xielu(tape, numerics, x)
    return pointwise(tape, x)


def _xielu(tape: Tape, numerics: Numerics, x: Tensor) -> Tensor:
    """XIELUActivation: both branches are computed for every element, and one is chosen.

    Its parameters are tensors of one element, to whose width the products are widened. Autocast
    runs softplus, which they go through, and expm1 in fp32.
    """
    edge = tape.leaf() if numerics.trains_base else None
    alpha = Tensor(None, fixed(1), numerics.function_width(numerics.small_width), edge)
    square = multiply(tape, multiply(tape, x, alpha), x)
    positive = add(tape, square, scale(tape, x))
    del square
    least = cast(tape, scale(tape, x), numerics.function_width(x.itemsize))
    bent = add(tape, saves_output(tape, least), x)
    del least
    negative = add(tape, multiply(tape, bent, alpha), scale(tape, x))
    del bent
    elements, itemsize = x.elements, negative.itemsize
    chosen = tape.new(elements, 1)

    def backward(grads: Gradients) -> Gradients:
        assert chosen is not None
        return [gradient(tape, elements, itemsize) for _ in range(2)]

    return tape.record(tape.new(elements, itemsize), [positive, negative], backward)


def _new_gelu(tape: Tape, numerics: Numerics, x: Tensor) -> Tensor:
    """NewGELUActivation: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), operation by operation.

    Autocast runs pow in fp32, and what follows is as wide.
    """
    half = scale(tape, x)
    cube = pointwise(tape, cast(tape, x, numerics.function_width(x.itemsize)), temporaries=2)
    cube = scale(tape, cube)
    inner = add(tape, x, cube)
    del cube
    inner = scale(tape, inner)
    bent = saves_output(tape, inner)
    del inner
    bent = add(tape, bent, Tensor(None, x.elements, bent.itemsize))
    return multiply(tape, half, bent)


def _bloom_gelu(tape: Tape, x: Tensor) -> Tensor:
    """BloomGelu: one function that saves x, and computes with it step by step, both ways."""
    held = [tape.new(x.elements, x.itemsize) for _ in range(2)]
    result = pointwise(tape, x, temporaries=4)
    del held
    return result


def largest_alone(tape: Tape, x: Tensor) -> Tensor:
    """What is above a number of deviations from the mean, less that (Gemma3nTextMLP).

    std saves its input; backward subtracts the mean from it and multiplies
    (torch/csrc/autograd/FunctionsManual.cpp, std_backward).
    """
    elements, itemsize, rows = x.elements, x.itemsize, per_token(1)
    saved = x if x.requires_grad else None

    def of_mean(grads: Gradients) -> Gradients:
        return [gradient(tape, elements, itemsize)]

    def of_deviation(grads: Gradients) -> Gradients:
        assert saved is not None
        centred = gradient(tape, elements, itemsize)
        product = gradient(tape, elements, itemsize)
        del centred
        return [product]

    middle = tape.record(tape.new(rows, itemsize), [x], of_mean)
    deviation = tape.record(tape.new(rows, itemsize), [x], of_deviation)
    return saves_output(tape, subtract(tape, x, add(tape, middle, deviation)))


def gated(
    tape: Tape, numerics: Numerics, activation: Activation, gate: Tensor, up: Tensor
) -> Tensor:
    """act(gate) · up."""
    if numerics.fused_kernels:
        return fused_gate(tape, gate, up)
    return multiply(tape, activate(tape, numerics, activation, gate), up)


def fused_gate(tape: Tape, gate: Tensor, up: Tensor) -> Tensor:
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
