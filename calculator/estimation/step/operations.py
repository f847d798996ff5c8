"""PyTorch operations on shadow tensors: what each allocates, saves, and makes when run backward.

Sources: tools/autograd/derivatives.yaml and torch/csrc/autograd/FunctionsManual.cpp of PyTorch
2.13. An operation saves an input only if the gradient of another input needs it.
"""

from __future__ import annotations

from collections.abc import Sequence

from calculator.estimation.step.shadow import ACTIVATION_GRADIENTS, FP32, Tape, Tensor
from calculator.estimation.step.sizes import Size

Gradients = Sequence[Tensor | None]


def gradient(tape: Tape, elements: Size, itemsize: int) -> Tensor:
    return tape.new(elements, itemsize, ACTIVATION_GRADIENTS)


def cast(tape: Tape, x: Tensor, itemsize: int) -> Tensor:
    """x.to(dtype): nothing if it has that width already, else a copy; saves nothing."""
    if x.itemsize == itemsize:
        return x
    elements, original = x.elements, x.itemsize
    return tape.record(
        tape.new(elements, itemsize), [x], lambda grads: [gradient(tape, elements, original)]
    )


def copy(tape: Tape, x: Tensor) -> Tensor:
    """clone() or contiguous(): a copy; the gradient passes through."""
    return tape.record(tape.new(x.elements, x.itemsize), [x], lambda grads: list(grads))


def add(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """a + b in the wider of their widths; saves nothing, the gradient passes through."""
    itemsize = max(a.itemsize, b.itemsize)

    def backward(grads: Gradients) -> Gradients:
        (grad,) = grads
        assert grad is not None
        return [
            grad if side.itemsize == itemsize else gradient(tape, elements, width)
            for side, elements, width in sides
        ]

    sides = [(_Width(t.itemsize), t.elements, t.itemsize) for t in (a, b)]
    return tape.record(tape.new(a.elements, itemsize), [a, b], backward)


def subtract(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """a - b, b perhaps smaller and broadcast; b's gradient is a negated copy, then summed."""
    itemsize = max(a.itemsize, b.itemsize)
    elements, a_width = a.elements, a.itemsize
    b_elements, b_width = b.elements, b.itemsize

    def backward(grads: Gradients) -> Gradients:
        (grad,) = grads
        assert grad is not None
        negated = gradient(tape, elements, itemsize)
        if b_elements != elements:
            negated = gradient(tape, b_elements, itemsize)
        return [_narrowed(tape, grad, a_width), _narrowed(tape, negated, b_width)]

    return tape.record(tape.new(elements, itemsize), [a, b], backward)


def add_in_place(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """a += b: no new tensor; b's gradient is cast to its width."""
    elements, itemsize, b_width = a.elements, a.itemsize, b.itemsize

    def backward(grads: Gradients) -> Gradients:
        (grad,) = grads
        assert grad is not None
        return [grad, _narrowed(tape, Tensor(grad.buffer, elements, itemsize), b_width)]

    return tape.record(Tensor(a.buffer, elements, itemsize), [a, b], backward)


class _Width:
    """Only a tensor's width, so that `add` does not keep its inputs."""

    __slots__ = ("itemsize",)

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize


def scale(tape: Tape, x: Tensor) -> Tensor:
    """x times, or divided by, a constant (also -x): a new tensor both ways; saves nothing."""
    elements, itemsize = x.elements, x.itemsize
    return tape.record(
        tape.new(elements, itemsize), [x], lambda grads: [gradient(tape, elements, itemsize)]
    )


def scale_in_place(tape: Tape, x: Tensor) -> Tensor:
    """x *= a constant: a new tensor in the backward pass only."""
    elements, itemsize = x.elements, x.itemsize
    return tape.record(
        Tensor(x.buffer, elements, itemsize),
        [x],
        lambda grads: [gradient(tape, elements, itemsize)],
    )


def multiply(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """a · b, b perhaps smaller and broadcast: saves each factor if the other needs a gradient."""
    itemsize = max(a.itemsize, b.itemsize)
    elements = a.elements
    saved_b = b if a.requires_grad else None
    saved_a = a if b.requires_grad else None
    a_width, b_width, b_elements = a.itemsize, b.itemsize, b.elements

    def backward(grads: Gradients) -> Gradients:
        # Both are made in the product's width; the engine then casts one after the other.
        nonlocal saved_a, saved_b
        first = second = None
        if saved_b is not None:
            first = gradient(tape, elements, itemsize)
        if saved_a is not None:
            second = gradient(tape, elements, itemsize)
            if b_elements != elements:
                second = gradient(tape, b_elements, b_width)
        if tape.drops_as_read:
            saved_a = saved_b = None
        if first is not None:
            first = _narrowed(tape, first, a_width)
        if second is not None:
            second = _narrowed(tape, second, b_width)
        return [first, second]

    return tape.record(tape.new(elements, itemsize), [a, b], backward)


def _narrowed(tape: Tape, grad: Tensor, itemsize: int) -> Tensor:
    """A gradient cast to the width of its input, as the engine does after a promotion."""
    return grad if grad.itemsize == itemsize else gradient(tape, grad.elements, itemsize)


def pointwise(tape: Tape, x: Tensor, *, temporaries: int = 0) -> Tensor:
    """silu, gelu, tanh…: saves x (or an output of its size); so many temporaries backward."""
    saved = x if x.requires_grad else None
    elements, itemsize = x.elements, x.itemsize

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        held = [gradient(tape, elements, itemsize) for _ in range(temporaries + 1)]
        return [held[-1]]

    return tape.record(tape.new(elements, itemsize), [x], backward)


def saves_output(tape: Tape, x: Tensor, itemsize: int | None = None) -> Tensor:
    """softmax, tanh, rsqrt, exp…: saves its output instead of its input."""
    elements, original = x.elements, x.itemsize
    output = tape.new(elements, itemsize or original)

    def backward(grads: Gradients) -> Gradients:
        assert output is not None
        grad = gradient(tape, elements, output.itemsize)
        return [_narrowed(tape, grad, original)]

    return tape.record(output, [x], backward)


def mean_of_squares(tape: Tape, x: Tensor, reduced: Size) -> Tensor:
    """x.pow(2).mean(-1): pow saves x; backward makes grad/n, x.pow(1), 2·x and their product."""
    saved = x if x.requires_grad else None
    elements = x.elements
    square: Tensor | None = tape.new(elements, FP32)
    output = tape.new(reduced, FP32)
    square = None

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        spread = gradient(tape, elements, FP32)
        doubled = gradient(tape, elements, FP32)
        power = gradient(tape, elements, FP32)
        del power
        result = gradient(tape, elements, FP32)
        del spread, doubled
        return [result]

    assert square is None
    return tape.record(output, [x], backward)


def mean(tape: Tape, x: Tensor, reduced: Size) -> Tensor:
    """x.mean(-1): saves nothing; its gradient is spread over x."""
    elements = x.elements
    return tape.record(
        tape.new(reduced, x.itemsize), [x], lambda grads: [gradient(tape, elements, FP32)]
    )


def layer_norm(
    tape: Tape, x: Tensor, weight: Tensor | None, tokens: Size, itemsize: int
) -> Tensor:
    """native_layer_norm: saves x, mean and reciprocal deviation (fp32 per token)."""
    trained = weight is not None and weight.requires_grad
    saves = x.requires_grad or trained
    statistics = tape.new(tokens, 2 * FP32) if saves else None
    saved = x if saves else None
    elements, original, needed = x.elements, x.itemsize, x.requires_grad
    shape = (weight.elements, weight.itemsize) if weight is not None else None

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        assert statistics is not None
        grad = gradient(tape, elements, original) if needed else None
        return [grad, gradient(tape, *shape) if trained and shape is not None else None]

    return tape.record(tape.new(elements, itemsize), [x, weight], backward)


def part(tape: Tape, x: Tensor, elements: Size, *, cost: bool = True) -> Tensor:
    """A slice of x (a view): backward fills a gradient of x's whole size with zeros and it."""
    whole, itemsize = x.elements, x.itemsize
    view = Tensor(x.buffer, elements, itemsize)
    return tape.record(
        view, [x], lambda grads: [gradient(tape, whole, itemsize) if cost else grads[0]]
    )


def split(tape: Tape, x: Tensor, sizes: Sequence[Size]) -> list[Tensor]:
    """chunk() or split(): views; backward joins the parts' gradients into one of x's size."""
    whole, itemsize, count = x.elements, x.itemsize, len(sizes)

    def backward(grads: Gradients) -> Gradients:
        return [gradient(tape, whole, itemsize)]

    joined = tape.record(Tensor(x.buffer, whole, itemsize), [x], backward)
    if joined.edge is None:
        return [Tensor(x.buffer, size, itemsize) for size in sizes]
    node = joined.edge[0]
    return [Tensor(x.buffer, sizes[index], itemsize, (node, index)) for index in range(count)]


def concatenate(tape: Tape, parts: Sequence[Tensor], elements: Size) -> Tensor:
    """cat(): a new tensor; the parts' gradients are views of the whole gradient."""
    shapes = [(item.elements, item.itemsize) for item in parts]

    def backward(grads: Gradients) -> Gradients:
        (grad,) = grads
        assert grad is not None
        return [Tensor(grad.buffer, size, width) for size, width in shapes]

    return tape.record(tape.new(elements, parts[0].itemsize), parts, backward)


def repeat_heads(tape: Tape, x: Tensor, elements: Size) -> Tensor:
    """repeat_kv: keys or values copied for every query head; backward sums the gradient."""
    if x.elements == elements:
        return x
    original, itemsize = x.elements, x.itemsize
    return tape.record(
        tape.new(elements, itemsize), [x], lambda grads: [gradient(tape, original, itemsize)]
    )


def expand(tape: Tape, x: Tensor, elements: Size) -> Tensor:
    """expand(): the same memory read again and again; backward sums the gradient."""
    original, itemsize = x.elements, x.itemsize
    return tape.record(
        Tensor(x.buffer, elements, itemsize),
        [x],
        lambda grads: [gradient(tape, original, itemsize)],
    )


def matmul(tape: Tape, a: Tensor, b: Tensor, elements: Size) -> Tensor:
    """Batched product of two activations: saves both, makes both gradients."""
    saved_b = b if a.requires_grad else None
    saved_a = a if b.requires_grad else None
    shapes = [(a.elements, a.itemsize), (b.elements, b.itemsize)]

    def backward(grads: Gradients) -> Gradients:
        return [
            gradient(tape, *shape) if other is not None else None
            for shape, other in zip(shapes, (saved_b, saved_a), strict=True)
        ]

    return tape.record(tape.new(elements, a.itemsize), [a, b], backward)


def flash_attention(
    tape: Tape,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    output: Size,
    row_statistics: Size,
    mask: Tensor | None = None,
) -> Tensor:
    """Scaled dot-product attention without materialised scores.

    Saves q, k, v, the output and the log-sum-exp, fp32 per head and token (FlashAttention-2,
    arXiv 2307.08691); backward makes the gradients of q, k and v.
    """
    out = tape.new(output, q.itemsize)
    needed = [tensor.requires_grad for tensor in (q, k, v)]
    if not any(needed):
        return out
    log_sum_exp = tape.new(row_statistics, FP32)
    saved = (q, k, v, out, log_sum_exp, mask)
    shapes = [(tensor.elements, tensor.itemsize) for tensor in (q, k, v)]

    def backward(grads: Gradients) -> Gradients:
        assert saved
        made = [gradient(tape, *shape) for shape in shapes]
        return [grad if need else None for grad, need in zip(made, needed, strict=True)]

    return tape.record(out, [q, k, v], backward)
