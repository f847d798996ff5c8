"""The norms of the families, as the operations of their modelling code."""

from __future__ import annotations

from calculator.estimation.architectures.families import Norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    add,
    cast,
    gradient,
    layer_norm,
    mean,
    mean_of_squares,
    multiply,
    saves_output,
)
from calculator.estimation.step.shadow import FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, fixed


def apply_norm(
    tape: Tape, numerics: Numerics, x: Tensor, norm: Norm, size: int, rows: Size
) -> Tensor:
    """Normalise x, whose `rows` (one mean each) are `size` wide."""
    width = numerics.small_width
    weight = Tensor(None, fixed(size), width, tape.leaf() if numerics.trains_base else None)
    if norm == "layer":
        wide = numerics.function_width(x.itemsize)
        return layer_norm(tape, cast(tape, x, wide), cast(tape, weight, wide), rows, wide)
    if norm == "layer_unweighted":
        return cast(tape, layer_norm(tape, cast(tape, x, FP32), None, rows, FP32), x.itemsize)
    if numerics.fused_kernels:
        return _fused_rms_norm(tape, x, weight, rows)
    if norm == "layer_fp32":
        return _layer_norm_in_fp32(tape, x, weight, rows)
    if norm == "rms_gemma":
        return _gemma_rms_norm(tape, x, weight, rows)
    if norm == "rms_fp32":
        return _rms_norm_in_fp32(tape, x, weight, rows)
    return _rms_norm(tape, x, weight, rows)


def normalize(tape: Tape, x: Tensor, rows: Size) -> Tensor:
    """A norm without a weight, in fp32 and back (Llama4TextL2Norm)."""
    return cast(tape, normalized(tape, cast(tape, x, FP32), rows), x.itemsize)


def normalized(tape: Tape, x: Tensor, rows: Size) -> Tensor:
    """x · rsqrt(mean(x²) + ε) of an fp32 x; the product saves x and the rsqrt."""
    mean = mean_of_squares(tape, x, rows)
    return multiply(tape, x, saves_output(tape, mean))


def _rms_norm(tape: Tape, x: Tensor, weight: Tensor, rows: Size) -> Tensor:
    """LlamaRMSNorm: computes in fp32, casts back, then multiplies by the weight."""
    width = x.itemsize
    hidden = cast(tape, x, FP32)
    hidden = normalized(tape, hidden, rows)
    return multiply(tape, cast(tape, hidden, width), weight)


def _rms_norm_in_fp32(tape: Tape, x: Tensor, weight: Tensor, rows: Size) -> Tensor:
    """Olmo2RMSNorm: multiplies by the weight in fp32, then casts back."""
    output = normalized(tape, cast(tape, x, FP32), rows)
    output = multiply(tape, output, weight)
    return cast(tape, output, x.itemsize)


def _layer_norm_in_fp32(tape: Tape, x: Tensor, weight: Tensor, rows: Size) -> Tensor:
    """CohereLayerNorm: subtracts the mean twice, once for the variance and once for the result."""
    wide = cast(tape, x, FP32)
    variance = mean_of_squares(tape, add(tape, wide, mean(tape, wide, rows)), rows)
    centred = add(tape, wide, mean(tape, wide, rows))
    del wide
    output = multiply(tape, centred, saves_output(tape, variance))
    del centred, variance
    output = multiply(tape, output, cast(tape, weight, FP32))
    return cast(tape, output, x.itemsize)


def _gemma_rms_norm(tape: Tape, x: Tensor, weight: Tensor, rows: Size) -> Tensor:
    """GemmaRMSNorm: multiplies by 1 + w in fp32, then casts back."""
    output = normalized(tape, cast(tape, x, FP32), rows)
    weight = cast(tape, weight, FP32)
    weight = add(tape, weight, Tensor(None, weight.elements, FP32))
    output = multiply(tape, output, weight)
    return cast(tape, output, x.itemsize)


def _fused_rms_norm(tape: Tape, x: Tensor, weight: Tensor, rows: Size) -> Tensor:
    """Liger's RMSNorm: one kernel that saves x and 1/rms; backward writes into the gradient.

    Source: linkedin/Liger-Kernel, src/liger_kernel/ops/rms_norm.py (in_place=True).
    """
    needed = x.requires_grad or weight.requires_grad
    statistics = tape.new(rows, FP32) if needed else None
    saved = x if needed else None
    needs_x, trained = x.requires_grad, weight.requires_grad
    elements, itemsize = weight.elements, weight.itemsize

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        assert statistics is not None
        return [
            grads[0] if needs_x else None,
            gradient(tape, elements, itemsize) if trained else None,
        ]

    return tape.record(tape.new(x.elements, x.itemsize), [x, weight], backward)
