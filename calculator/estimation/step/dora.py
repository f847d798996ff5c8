"""DoRA (arXiv 2402.09353): a trained magnitude for each output beside LoRA's direction.

Source: peft/tuners/lora/dora.py, DoraLinearLayer.forward, and variants.py (0.21).
"""

from __future__ import annotations

from collections.abc import Callable

from calculator.estimation.architectures.linear_modules import LinearModule
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import add, multiply, scale
from calculator.estimation.step.shadow import DORA_WEIGHTS, GRADIENTS, Tape, Tensor
from calculator.estimation.step.sizes import fixed


def with_magnitude(
    tape: Tape,
    numerics: Numerics,
    x: Tensor,
    base: Callable[[Tensor], Tensor] | Tensor,
    low_rank: Callable[[], Tensor],
    module: LinearModule,
) -> Tensor:
    """(m/‖W + B·A‖ - 1) · W·x + m/‖W + B·A‖ · B·A·x.

    base: W·x, or, where dropout has changed x, how to multiply it by W anew.
    """
    width, outputs = numerics.adapter_width, fixed(module.output_size)
    held = _recomposed(tape, numerics, x, module)
    leaf = Tensor(None, outputs, width, tape.leaf())
    magnitude = tape.record(
        tape.new(outputs, width), [leaf], lambda grads: [tape.new(outputs, width, GRADIENTS)]
    )
    delta = low_rank()
    if not isinstance(base, Tensor):
        base = base(held[-1])
    elif module.bias:
        base = scale(tape, base)
    kept = multiply(tape, base, magnitude)
    del base
    added = scale(tape, multiply(tape, delta, magnitude))
    del delta
    result = add(tape, kept, added)
    del kept, added, held
    return result


def _recomposed(tape: Tape, numerics: Numerics, x: Tensor, module: LinearModule) -> list[Tensor]:
    """B·A as adapters of the identity, and W, both in the width of x, for the norm of their sum.

    The identity and A of it are saved by a graph that nothing comes back through, and that stays
    as long as B·A does.
    """
    inputs, count = module.input_size, fixed(module.weight_count)
    width, given = numerics.adapter_width, x.itemsize
    compute = numerics.compute_width if numerics.autocast else width

    def new(elements: float, itemsize: int) -> Tensor:
        return tape.new(fixed(elements), itemsize, DORA_WEIGHTS)

    identity = new(inputs**2, width)
    saved = [identity if width == compute else new(inputs**2, compute)]
    saved.append(new(inputs * numerics.rank, compute))
    product = new(count.fixed, compute)
    del identity
    if compute != given:
        product = new(count.fixed, given)
    weight = Tensor(None, count, numerics.base_width)
    if numerics.quantizes_linear_maps:
        weight = new(count.fixed, numerics.compute_width)
    if weight.itemsize != given:
        weight = new(count.fixed, given)
    scaled = new(count.fixed, given)
    total = new(count.fixed, given)
    del scaled, total
    return [*saved, product, weight]
