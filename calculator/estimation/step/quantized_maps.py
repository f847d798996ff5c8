"""Products with 4- and 8-bit weights, as bitsandbytes 0.50 runs them on a GPU."""

from __future__ import annotations

from collections.abc import Sequence

from calculator.estimation.architectures.linear_modules import LinearModule
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import cast, gradient
from calculator.estimation.step.shadow import DEQUANTIZED, FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size, fixed, per_token

# Weights that share a scale (QLoRA, arXiv 2305.14314), which is fp32 once it is unpacked.
NF4_BLOCK = 64
FP16 = 2


def quantized_product(tape: Tape, numerics: Numerics, x: Tensor, module: LinearModule) -> Tensor:
    """x · Wᵀ in the width of x, also under autocast."""
    if numerics.quantized == "int8":
        return _eight_bit_product(tape, x, module)
    given = x.itemsize
    result = _four_bit_product(tape, numerics, cast(tape, x, numerics.compute_width), module)
    return cast(tape, result, given)


def _four_bit_product(tape: Tape, numerics: Numerics, x: Tensor, module: LinearModule) -> Tensor:
    """W is dequantised to the compute width while it is used, forward and backward.

    Neither x nor the dequantised weight is saved (bitsandbytes/autograd/_functions.py,
    MatMul4Bit). Before 0.43.2 x is an attribute of the context, and stays as long as the graph
    (pull request 1270 took it away); before 0.43 weights were quantised from fp16 and are
    dequantised to it, so that a copy in another compute width follows (0.42, nn/modules.py,
    Params4bit.cuda). Nested scales are unpacked first, in the forward pass with one more copy as their
    offset is added (backends/cuda/ops.py, _dequant_linear_fallback; functional.py,
    dequantize_4bit). The fused kernel, which needs no dequantised weight forward, is
    left out: it takes at most 1,536 tokens, and sizes that depend on the card.
    """
    compute, elements, count = numerics.compute_width, x.elements, fixed(module.weight_count)
    halves = fixed(module.weight_count if numerics.dequantizes_to_fp16 else 0.0)
    scales = fixed(module.weight_count / NF4_BLOCK if numerics.quantized == "nf4_double" else 0.0)
    if numerics.keeps_map_inputs:
        tape.hold(x)

    def forward() -> Tensor:
        held = [tape.new(scales, FP32, DEQUANTIZED) for _ in range(2)]
        half: Tensor | None = tape.new(halves, FP16, DEQUANTIZED)
        held.append(tape.new(count, compute, DEQUANTIZED))
        assert half is not None
        half = None
        return tape.new(elements.times(module.output_size / module.input_size), compute)

    def backward(grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        temporaries = [
            tape.new(scales, FP32, DEQUANTIZED),
            tape.new(halves, FP16, DEQUANTIZED),
        ]
        weight = tape.new(count, compute, DEQUANTIZED)
        temporaries.clear()
        grad = gradient(tape, elements, compute)
        del weight
        return [grad]

    return tape.record(forward(), [x], backward)


def _eight_bit_product(tape: Tape, x: Tensor, module: LinearModule) -> Tensor:
    """LLM.int8(): rows of x and W in 8 bits, summed in 32.

    x itself stays for as long as the graph does: it is an attribute of the context and no saved
    tensor, so neither checkpointing that has a graph nor the backward pass drops it. Backward W has the width of
    x. Source: bitsandbytes/autograd/_functions.py, MatMul8bitLt; backends/cuda/ops.py and
    backends/default/ops.py, int8_*. Outlier columns are left out: a few in a thousand.
    """
    given, elements, count = x.itemsize, x.elements, fixed(module.weight_count)
    wide = elements.times(module.output_size / module.input_size)
    tape.hold(x)

    def forward() -> Tensor:
        packed = _eight_bits_of(tape, elements)
        packed.append(tape.new(wide, 4))
        packed.append(tape.new(wide, FP16))
        return tape.new(wide, given)

    def backward(grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        weight = tape.new(count, given, DEQUANTIZED)
        grad = gradient(tape, elements, given)
        del weight
        return [grad]

    return tape.record(forward(), [x], backward)


def _eight_bits_of(tape: Tape, elements: Size) -> list[Tensor]:
    """int8_vectorwise_quant of x in fp16: its rows and their scales; |x| is searched on the way."""
    half = tape.new(elements, FP16)
    packed = [tape.new(per_token(1), FP32), tape.new(elements, 1)]
    magnitude = tape.new(elements, FP16)
    outliers = tape.new(elements, 1)
    del half, magnitude, outliers
    return packed
