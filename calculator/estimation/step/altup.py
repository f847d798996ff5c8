"""Gemma 3n's residual streams: several side by side, of which each layer computes one (AltUp).

Source: modeling_gemma3n.py of transformers 5.23: Gemma3nTextAltUp, Gemma3nTextDecoderLayer.forward
and Gemma3nTextModel.forward (AltUp: arXiv 2301.13310; LAuReL: arXiv 2411.07501). Variables have the
modelling code's lifetimes. On a GPU autocast runs the magnitudes' powers in fp32, to which the
streams are widened when they are stacked.
"""

from __future__ import annotations

from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture, AttentionKind, MlpKind
from calculator.estimation.architectures.linear_modules import (
    LinearModule,
    altup_modules,
    laurel_modules,
    stream_modules,
)
from calculator.estimation.step.attention import attend
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.mlp import feed_forward
from calculator.estimation.step.norms import apply_norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import (
    Gradients,
    add,
    add_in_place,
    cast,
    concatenate,
    copy,
    gradient,
    matmul,
    mean_of_squares,
    multiply,
    part,
    saves_output,
    scale,
    subtract,
)
from calculator.estimation.step.per_layer_inputs import gated_per_layer_input
from calculator.estimation.step.segment import Segment, only
from calculator.estimation.step.shadow import FP32, GRADIENTS, Snapshot, Tape, Tensor
from calculator.estimation.step.sizes import fixed, per_token


def altup_layer(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    attention: AttentionKind,
    mlp: MlpKind,
    streams: Tensor,
    masked: bool,
) -> Tensor:
    """Predict all streams, compute the first, and correct the others by what came out."""
    size, rows = per_token(architecture.hidden_size), per_token(1)

    def norm(x: Tensor) -> Tensor:
        width = architecture.hidden_size
        return apply_norm(tape, numerics, x, architecture.traits.norm, width, rows)

    left, right = laurel_modules(architecture)
    predictions = _predict(tape, architecture, numerics, streams)
    active = part(tape, predictions, size)
    active_normed = norm(active)
    learned = apply_linear(
        tape, numerics, apply_linear(tape, numerics, active_normed, left), right
    )
    laurel = add(tape, active_normed, norm(learned))
    del learned
    attended = attend(tape, architecture, numerics, attention, active_normed, masked)
    attended = norm(attended)
    gated = add(tape, active, attended)
    attended_laurel = scale(tape, add(tape, gated, laurel))
    normed = norm(attended_laurel)
    fed = feed_forward(tape, architecture, numerics, mlp, normed)
    fed_normed = norm(fed)
    activated = add(tape, attended_laurel, fed_normed)
    corrected = _correct(tape, architecture, numerics, predictions, activated)
    first = copy(tape, part(tape, corrected, size))
    edge = tape.leaf() if numerics.trains_base else None
    first = multiply(tape, first, Tensor(None, fixed(size.token), numerics.small_width, edge))
    first = gated_per_layer_input(tape, architecture, numerics, first)
    return _add_to_others(tape, architecture, corrected, first)


def _predict(
    tape: Tape, architecture: Architecture, numerics: Numerics, streams: Tensor
) -> Tensor:
    """Each stream plus a mixture of all, whose coefficients the first one gives."""
    first = part(tape, streams, per_token(architecture.hidden_size))
    mixed = altup_modules(architecture)[1]
    coefficients = apply_linear(
        tape, numerics, _modalities(tape, architecture, numerics, first), mixed
    )
    width = numerics.compute_width if numerics.autocast else streams.itemsize
    predictions = matmul(
        tape,
        cast(tape, streams, width),
        cast(tape, coefficients, width),
        per_token(architecture.stream_size),
    )
    predictions = add_in_place(tape, predictions, streams)
    return cast(tape, copy(tape, predictions), streams.itemsize)


def _correct(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    predictions: Tensor,
    activated: Tensor,
) -> Tensor:
    """The predictions plus what the computed stream is off, for each times a coefficient."""
    size, count = per_token(architecture.hidden_size), architecture.altup_input_count
    modalities = _modalities(tape, architecture, numerics, activated)
    innovation = subtract(tape, activated, part(tape, predictions, size))
    innovation = _repeat(tape, innovation, count)
    # A product with a clamped weight of some numbers, whatever is trained.
    coefficients = tape.record(
        tape.new(per_token(count), numerics.compute_width),
        [modalities],
        lambda grads: [gradient(tape, per_token(count), FP32)],
    )
    corrected = multiply(tape, innovation, coefficients)
    return add_in_place(tape, corrected, predictions)


def _modalities(tape: Tape, architecture: Architecture, numerics: Numerics, x: Tensor) -> Tensor:
    """A router's few numbers a token: of the normed and scaled stream, bent in fp32."""
    size, rows = architecture.hidden_size, per_token(1)
    normed = scale(tape, apply_norm(tape, numerics, x, architecture.traits.norm, size, rows))
    routed = apply_linear(tape, numerics, normed, altup_modules(architecture)[0])
    return cast(tape, saves_output(tape, cast(tape, routed, FP32)), x.itemsize)


def _repeat(tape: Tape, x: Tensor, count: int) -> Tensor:
    """repeat(): a copy for each stream; backward sums over them."""
    elements, itemsize = x.elements, x.itemsize
    return tape.record(
        tape.new(elements.times(count), itemsize),
        [x],
        lambda grads: [gradient(tape, elements, itemsize)],
    )


def _add_to_others(
    tape: Tape, architecture: Architecture, streams: Tensor, branch: Tensor
) -> Tensor:
    """streams[1:] += branch, in place: a slice's gradient is copied out of a copy of the whole.

    Source: torch/csrc/autograd/functions/tensor.cpp, CopySlices::apply_impl.
    """
    whole, itemsize = streams.elements, streams.itemsize
    others = per_token(architecture.stream_size - architecture.hidden_size)
    elements, branch_width = branch.elements, branch.itemsize

    def backward(grads: Gradients) -> Gradients:
        copied = gradient(tape, whole, itemsize)
        sliced = gradient(tape, others, itemsize)
        summed = cast(tape, gradient(tape, elements, itemsize), branch_width)
        del sliced
        return [copied, summed]

    return tape.record(Tensor(streams.buffer, whole, itemsize), [streams, branch], backward)


@lru_cache(maxsize=256)
def run_first_streams(architecture: Architecture, numerics: Numerics) -> Segment:
    """Make the streams of the embedding, before the first layer, which counts them itself."""
    tape = Tape(accumulates=numerics.accumulates)
    size = per_token(architecture.hidden_size)
    needs = numerics.trains_base or numerics.checkpointing
    buffer = tape.new(size, numerics.small_width).buffer
    hidden = Tensor(buffer, size, numerics.small_width, tape.leaf(stays=True) if needs else None)
    del buffer
    streams = _scaled_streams(
        tape, architecture, numerics, hidden, [hidden], stream_modules(architecture)[0]
    )
    del hidden
    forward = tape.memory.take_moments()
    elements, itemsize, edge = streams.elements, streams.itemsize, streams.edge
    del streams
    in_forward = tape.memory.now()
    tape.autocast_cache.clear()
    kept = tape.memory.now()
    cached = in_forward.minus(kept)
    if edge is None:
        return Segment(forward, kept, cached, (), Snapshot({}), Snapshot({}))
    tape.seed(edge, elements, itemsize)
    del edge
    tape.run_backward()
    backward = tape.memory.take_moments()
    left = tape.memory.now()
    return Segment(forward, kept, cached, backward, only(left, GRADIENTS), Snapshot({}))


def joined_streams(
    tape: Tape, architecture: Architecture, numerics: Numerics, streams: Tensor
) -> Tensor:
    """The mean of all streams, mapped back and scaled to the first one's magnitude."""
    size = per_token(architecture.hidden_size)
    views = [part(tape, streams, size) for _ in range(architecture.altup_input_count)]
    stacked = _scaled_streams(
        tape, architecture, numerics, views[0], views, stream_modules(architecture)[1]
    )
    elements, itemsize = stacked.elements, stacked.itemsize
    return tape.record(
        tape.new(size, itemsize), [stacked], lambda grads: [gradient(tape, elements, itemsize)]
    )


def _scaled_streams(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    first: Tensor,
    sources: list[Tensor],
    module: LinearModule,
) -> Tensor:
    """The first stream and maps of it, or of the others, scaled to its magnitude; stacked."""
    magnitude = _magnitude(tape, numerics, first)
    made = [first]
    for index in range(1, architecture.altup_input_count):
        mapped = apply_linear(tape, numerics, sources[min(index, len(sources) - 1)], module)
        mapped = cast(tape, mapped, numerics.small_width)
        own = _magnitude(tape, numerics, mapped)
        made.append(_divide(tape, multiply(tape, mapped, magnitude), own))
    width = max(item.itemsize for item in made)
    made = [cast(tape, item, width) for item in made]
    return concatenate(tape, made, per_token(architecture.stream_size))


def _magnitude(tape: Tape, numerics: Numerics, x: Tensor) -> Tensor:
    """The square root of the mean square, which autocast computes in fp32."""
    wide = cast(tape, x, numerics.function_width(x.itemsize))
    squares = mean_of_squares(tape, wide, per_token(1))
    return cast(tape, saves_output(tape, squares), wide.itemsize)


def _divide(tape: Tape, a: Tensor, b: Tensor) -> Tensor:
    """a / b, b a number a token: saves both; b's gradient takes a / b, / b and the product."""
    saved = (a, b) if a.requires_grad else None
    elements, itemsize, b_elements = a.elements, a.itemsize, b.elements

    def backward(grads: Gradients) -> Gradients:
        assert saved is not None
        first = gradient(tape, elements, itemsize)
        held = [gradient(tape, elements, itemsize) for _ in range(2)]
        second = gradient(tape, b_elements, itemsize)
        del held
        return [first, second]

    return tape.record(tape.new(elements, itemsize), [a, b], backward)
