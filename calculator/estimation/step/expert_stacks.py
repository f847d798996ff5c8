"""Products with stacked experts: as they are held, dequantised, and with LoRA.

A stack is one 3-D parameter, which transformers 5 multiplies as a grouped product
(integrations/moe.py). How a quantised one is dequantised is the trainer's:

- "quantized": whole, for one product, and again in the backward pass; nothing of it is saved
  (unsloth_zoo/temporary_patches/moe_utils.py, _GroupedMMRecompute; moe_utils_bnb4bit.py).
- "quantized_kept": whole when the module asks for it. PyTorch's cache of parametrizations holds
  it until the experts are done, and the product saves it for the backward pass
  (axolotl/monkeypatch/moe_quant.py; bitsandbytes/nn/parametrize.py).
"""

from __future__ import annotations

from typing import NamedTuple

from calculator.estimation.architectures.stacked_adapters import StackedAdapter
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import Gradients, add, cast, gradient, scale
from calculator.estimation.step.shadow import (
    ADAPTED_EXPERTS,
    DEQUANTIZED,
    GRADIENTS,
    WEIGHT_CASTS,
    Tape,
    Tensor,
)
from calculator.estimation.step.sizes import Size, fixed


class Stack(NamedTuple):
    """One matrix of every expert."""

    expert_count: int
    input_size: int
    output_size: int

    @property
    def weight_count(self) -> int:
        return self.expert_count * self.input_size * self.output_size

    @property
    def widening(self) -> float:
        return self.output_size / self.input_size


def router_weight(
    tape: Tape, numerics: Numerics, count: int, adapter: StackedAdapter | None
) -> Tensor:
    """The router's weight, which is never quantised, with its adapter folded in if it has one."""
    width = numerics.small_width
    if adapter is None:
        return _parameter(tape, numerics, count, width)
    return _fold(tape, numerics, count, adapter, width, quantized=False)


def stacked_product(
    tape: Tape,
    numerics: Numerics,
    x: Tensor,
    stack: Stack,
    adapter: StackedAdapter | None,
    held: list[Tensor],
) -> Tensor:
    """x times the matrix of each row's expert. `held`: what stays until the experts are done."""
    count, width = stack.weight_count, numerics.expert_width
    if adapter is not None and not numerics.splits_expert_lora:
        quantized = numerics.quantizes_experts
        weight = _fold(tape, numerics, count, adapter, width, quantized=quantized)
        held.append(weight)
        return _grouped_product(tape, x, weight, stack.widening)
    if not numerics.quantizes_experts:
        weight = _parameter(tape, numerics, count, width)
        result = _grouped_product(tape, x, weight, stack.widening)
    elif numerics.experts == "quantized_kept":
        weight = tape.new(fixed(count), width, DEQUANTIZED)
        held.append(weight)
        result = _grouped_product(tape, x, weight, stack.widening)
    else:
        result = _dequantizing_product(tape, x, stack, width)
    if adapter is None:
        return result
    return _with_split_adapter(tape, numerics, x, result, adapter, width)


def _parameter(tape: Tape, numerics: Numerics, count: int, width: int) -> Tensor:
    return Tensor(None, fixed(count), width, tape.leaf() if numerics.trains_base else None)


def _dequantizing_product(tape: Tape, x: Tensor, stack: Stack, width: int) -> Tensor:
    x = cast(tape, x, width)
    elements, count = x.elements, fixed(stack.weight_count)

    def forward() -> Tensor:
        weight = tape.new(count, width, DEQUANTIZED)
        output = tape.new(elements.times(stack.widening), width)
        del weight
        return output

    def backward(grads: Gradients) -> Gradients:
        weight = tape.new(count, width, DEQUANTIZED)
        grad = gradient(tape, elements, width)
        del weight
        return [grad]

    return tape.record(forward(), [x], backward)


def _with_split_adapter(
    tape: Tape,
    numerics: Numerics,
    x: Tensor,
    result: Tensor,
    adapter: StackedAdapter,
    width: int,
) -> Tensor:
    """result + x·A·B · scaling, both factors grouped products of their own.

    Source: unsloth_zoo/temporary_patches/moe_utils.py, forward_native_grouped_mm.
    """
    down, up = (
        _factor(tape, fixed(size), numerics.adapter_width, width, copies=True)
        for size in (adapter.down_count, adapter.up_count)
    )
    # The adapter's rank is that of each expert, and its input that of the stack.
    rank = adapter.rank
    low = _grouped_product(tape, x, down, rank / adapter.input_size)
    high = _grouped_product(tape, low, up, adapter.output_size / rank)
    del low
    return add(tape, result, scale(tape, high))


def _fold(
    tape: Tape,
    numerics: Numerics,
    count: int,
    adapter: StackedAdapter,
    width: int,
    *,
    quantized: bool,
) -> Tensor:
    """W + B·A for every expert at once: a second stack of W's size, whose gradient is made whole.

    A quantised W is dequantised for it. Source: peft/tuners/lora/layer.py, ParamWrapper and
    _LoraFactorsProxy (0.21).
    """
    down, up = (
        _factor(tape, fixed(size), numerics.adapter_width, width)
        for size in (adapter.down_count, adapter.up_count)
    )
    shapes = (down.elements, up.elements)
    saved = (down, up)

    def backward(grads: Gradients) -> Gradients:
        assert saved
        return [tape.new(shape, width, WEIGHT_CASTS) for shape in shapes]

    def folded() -> Tensor:
        dense = tape.new(fixed(count if quantized else 0), width, DEQUANTIZED)
        result = tape.new(fixed(count), width, ADAPTED_EXPERTS)
        del dense
        return result

    return tape.record(folded(), [down, up], backward)


def _factor(
    tape: Tape, elements: Size, width: int, folded_width: int, *, copies: bool = False
) -> Tensor:
    """A's or B's parameters in the width of the weights; `copies`: laid out anew in any case."""
    parameter = Tensor(None, elements, width, tape.leaf())
    if width == folded_width and not copies:
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
    # The gradient of a stack that was folded or cast goes on to the adapters, and is none that
    # is kept.
    kind = GRADIENTS if weight.buffer is None else weight.buffer.kind

    def backward(grads: Gradients) -> Gradients:
        grad_x = grad_weight = None
        if needs_x:
            assert saved_weight is not None
            grad_x = gradient(tape, elements, width)
        if saved_x is not None:
            grad_weight = tape.new(count, width, kind)
        return [grad_x, grad_weight]

    return tape.record(tape.new(elements.times(widening), width), [x, weight], backward)
