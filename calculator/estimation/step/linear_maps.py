"""A linear map as fine-tuning runs it: 16- or 32-bit, under autocast, quantised, with LoRA."""

from __future__ import annotations

from collections.abc import Sequence

from calculator.estimation.architectures.linear_modules import LinearModule
from calculator.estimation.step.dora import with_magnitude
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import add, cast, copy, gradient, scale
from calculator.estimation.step.quantized_maps import quantized_product
from calculator.estimation.step.shadow import GRADIENTS, WEIGHT_CASTS, Tape, Tensor
from calculator.estimation.step.sizes import fixed


def apply_linear(
    tape: Tape, numerics: Numerics, x: Tensor, module: LinearModule, repeats: float = 1.0
) -> Tensor:
    """The module's output for x, with its adapter's if it has one.

    repeats: so many modules of that kind share x, as experts do; what they train is that often
    there, what is dequantised while it is used is not.
    """
    if numerics.quantizes_linear_maps:
        result = quantized_product(tape, numerics, x, module)
    else:
        result = product(
            tape,
            numerics,
            x,
            module.output_size / module.input_size,
            repeats * module.weight_count,
            numerics.base_width,
            trained=numerics.trains_base,
        )
    if not numerics.targets_module(module):
        return result
    if numerics.quantized in ("nf4", "nf4_double"):
        result = copy(tape, result)  # peft/tuners/lora/bnb.py, a clone
    return _with_adapter(tape, numerics, x, result, module, repeats)


def product(
    tape: Tape,
    numerics: Numerics,
    x: Tensor,
    widening: float,
    weight_count: float,
    weight_width: int,
    *,
    trained: bool,
    kind: str | None = None,
) -> Tensor:
    """x · Wᵀ. Saves x if W is trained, and W, or its cast, if x needs a gradient.

    Under autocast both are cast to the compute width; the cast of a trained fp32 weight makes its
    gradient in the compute width first and then in fp32.
    """
    weight = Tensor(None, fixed(weight_count), weight_width, tape.leaf() if trained else None)
    return product_with(tape, numerics, x, weight, widening, kind=kind)


def product_with(
    tape: Tape,
    numerics: Numerics,
    x: Tensor,
    weight: Tensor,
    widening: float,
    *,
    kind: str | None = None,
) -> Tensor:
    """`product` with a weight that is there already."""
    weight_width, trained = weight.itemsize, weight.requires_grad
    compute = numerics.compute_width if numerics.autocast else weight_width
    x = cast(tape, x, compute)
    weight_elements = weight.elements
    if weight_width != compute:
        weight = cast_weight(tape, weight, compute)
    saved_x = x if trained else None
    saved_weight = weight if x.requires_grad else None
    needs_x, elements = x.requires_grad, x.elements
    output = tape.new(elements.times(widening), compute, kind)

    def backward(grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        grad_x = grad_weight = None
        if needs_x:
            assert saved_weight is not None
            grad_x = gradient(tape, elements, compute)
        if trained:
            assert saved_x is not None
            gradient_kind = GRADIENTS if weight_width == compute else WEIGHT_CASTS
            grad_weight = tape.new(weight_elements, compute, gradient_kind)
        return [grad_x, grad_weight]

    return tape.record(output, [x, weight], backward)


def cast_weight(tape: Tape, weight: Tensor, compute: int) -> Tensor:
    """The weight cast by autocast, which caches the cast of a trained leaf.

    Source: aten/src/ATen/autocast_mode.cpp, cached_cast.
    """
    count, width = weight.elements, weight.itemsize
    result = tape.record(
        tape.new(count, compute, WEIGHT_CASTS),
        [weight],
        lambda grads: [tape.new(count, width, GRADIENTS)],
    )
    if weight.requires_grad:
        tape.autocast_cache.append(result)
    return result


def _with_adapter(
    tape: Tape,
    numerics: Numerics,
    x: Tensor,
    result: Tensor,
    module: LinearModule,
    repeats: float,
) -> Tensor:
    """result + B(A(dropout(x))) · scaling (peft 0.21).

    Each adapter casts its input to its own width, and autocast casts that copy back: the 16-bit
    copy that A saves is not the tensor that the layer has already, and the sum is cast to the
    layer's width (tuners/lora/layer.py, Linear.forward). On a quantised map nothing of this is
    done under autocast, and the sum has the wider width (tuners/lora/bnb.py, Linear4bit.forward
    and Linear8bitLt.forward).
    """
    rank, width, given = numerics.rank, numerics.adapter_width, result.itemsize
    quantized = numerics.quantizes_linear_maps
    casts = not (quantized and numerics.autocast)
    if casts:
        x = cast(tape, x, width)

    def low_rank(inner: Tensor) -> Tensor:
        low = product(
            tape,
            numerics,
            inner,
            rank / module.input_size,
            repeats * rank * module.input_size,
            width,
            trained=True,
        )
        del inner
        tape.memory.mark()
        tape.before_last_adapter = list(tape.memory.noted)
        return product(
            tape,
            numerics,
            low,
            module.output_size / rank,
            repeats * rank * module.output_size,
            width,
            trained=True,
        )

    if numerics.dora:
        dropped = dropout(tape, x) if numerics.dropout else x

        def base_again(weight: Tensor) -> Tensor:
            widening = module.output_size / module.input_size
            return product_with(tape, numerics, dropped, weight, widening)

        base = base_again if numerics.dropout else result
        high = with_magnitude(tape, numerics, dropped, base, lambda: low_rank(dropped), module)
    else:
        high = scale(tape, low_rank(dropout(tape, x) if numerics.dropout else x))
    if not quantized:
        return cast(tape, add(tape, result, high), given)
    return add(tape, result, cast(tape, high, given) if casts else high)


def dropout(tape: Tape, x: Tensor) -> Tensor:
    """Dropout makes a copy and saves its mask, one byte an element."""
    elements, itemsize = x.elements, x.itemsize
    mask = tape.new(elements, 1)

    def backward(grads: Sequence[Tensor | None]) -> Sequence[Tensor | None]:
        assert mask is not None
        return [gradient(tape, elements, itemsize)]

    return tape.record(tape.new(elements, itemsize), [x], backward)
