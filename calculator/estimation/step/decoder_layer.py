"""One decoder layer, forward and backward, on shadow tensors: the moments of most memory."""

from __future__ import annotations

from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture, AttentionKind, MlpKind
from calculator.estimation.architectures.linear_modules import mlp_modules
from calculator.estimation.step.altup import altup_layer
from calculator.estimation.step.attention import attend
from calculator.estimation.step.mlp import feed_forward, normed_feed_forward
from calculator.estimation.step.norms import apply_norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.operations import add, scale, scale_in_place
from calculator.estimation.step.per_layer_inputs import add_per_layer_input
from calculator.estimation.step.segment import Segment, only
from calculator.estimation.step.shadow import (
    ACTIVATION_GRADIENTS,
    ACTIVATIONS,
    GRADIENTS,
    Memory,
    Snapshot,
    Tape,
    Tensor,
)
from calculator.estimation.step.sizes import NOTHING, Size, per_token


@lru_cache(maxsize=4096)
def run_layer(
    architecture: Architecture,
    numerics: Numerics,
    attention: AttentionKind,
    mlp: MlpKind,
    *,
    input_width: int,
    input_needs_gradient: bool,
    masked: bool,
) -> Segment:
    """Run a layer of that kind forward and backward.

    input_width: bytes of an element of the residual stream. input_needs_gradient: whether
    anything before it is trained. masked: an attention mask is materialised.
    """
    tape = Tape(
        accumulates=numerics.accumulates,
        step_in_backward_width=numerics.step_in_backward_width,
    )
    hidden: Tensor | None = _input(tape, architecture, input_width, input_needs_gradient)
    assert hidden is not None
    if numerics.checkpointing:
        tape.saves, tape.drops_as_read = False, not numerics.reentrant
        tape.has_graph = not numerics.reentrant
        output = _decoder_layer(tape, architecture, numerics, attention, mlp, hidden, masked)
        forward = tape.memory.take_moments()
        elements, width = output.elements, output.itemsize
        del output
        in_forward = tape.memory.now()
        tape.autocast_cache.clear()
        kept = tape.memory.now()
        tape.saves = tape.has_graph = True
        held, tape.held = tape.held, []
        incoming = [tape.new(elements, width, ACTIVATION_GRADIENTS)]
        ends_in_adapter = not numerics.reentrant and _ends_in_an_adapter(
            architecture, numerics, mlp
        )
        if ends_in_adapter:
            scaled = numerics.compute_width if numerics.autocast else numerics.adapter_width
            incoming.append(tape.new(elements, scaled, ACTIVATION_GRADIENTS))
        edge = _decoder_layer(tape, architecture, numerics, attention, mlp, hidden, masked).edge
        if ends_in_adapter:
            tape.memory.noted = tape.before_last_adapter
        del incoming
        tape.autocast_cache.clear()
        if not numerics.reentrant:
            # The graph of the recomputation goes as soon as it has given what was saved.
            tape.held = held
    else:
        output = _decoder_layer(tape, architecture, numerics, attention, mlp, hidden, masked)
        hidden = None
        forward = tape.memory.take_moments()
        elements, width, edge = output.elements, output.itemsize, output.edge
        # The output belongs to what comes next.
        del output
        in_forward = tape.memory.now()
        tape.autocast_cache.clear()
        kept = tape.memory.now()
    cached = in_forward.minus(kept)
    if edge is None:
        return Segment(forward, kept, cached, (), Snapshot({}), Snapshot({}))
    tape.seed(edge, elements, width)
    del edge
    tape.run_backward()
    hidden = None
    backward = tape.memory.take_moments()
    if numerics.reentrant:
        tape.held.clear()
    left = tape.memory.now()
    return Segment(forward, kept, cached, backward, only(left, GRADIENTS), only(left, ACTIVATIONS))


@lru_cache(maxsize=16384)
def saved_by_layer(
    architecture: Architecture,
    numerics: Numerics,
    attention: AttentionKind,
    mlp: MlpKind,
    *,
    input_width: int,
    input_needs_gradient: bool,
    masked: bool,
) -> Size:
    """Bytes that a layer has saved when it has run forward with a graph: a moment of `run_layer`.

    Takes a fifth of a layer run forward and backward. numerics: as of `Numerics.of_saved`.
    """
    tape = Tape(memory=Memory(keeps_moments=False))
    hidden = _input(tape, architecture, input_width, input_needs_gradient)
    edge = _decoder_layer(tape, architecture, numerics, attention, mlp, hidden, masked).edge
    del hidden
    tape.autocast_cache.clear()
    tape.held.clear()
    return tape.memory.now().total if edge is not None else NOTHING


def _ends_in_an_adapter(architecture: Architecture, numerics: Numerics, mlp: MlpKind) -> bool:
    """Whether a layer's last map is adapted, and only the residual's sum comes after it.

    Then the backward pass reaches the adapter's scaling before it needs anything saved, and makes
    a gradient more before the layer is recomputed; and the recomputation stops when the adapter
    has saved its last input (torch/utils/checkpoint.py, early_stop).
    """
    traits = architecture.traits
    if mlp != "dense" or traits.post_norm or traits.norms_per_layer >= 4 or traits.residual_scale:
        return False
    return numerics.targets_module(mlp_modules(architecture, mlp)[-1])


def _input(tape: Tape, architecture: Architecture, width: int, needs_gradient: bool) -> Tensor:
    tensor = tape.new(per_token(architecture.stream_size), width)
    edge = tape.leaf(stays=True) if needs_gradient else None
    return Tensor(tensor.buffer, tensor.elements, width, edge)


def _decoder_layer(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    attention: AttentionKind,
    mlp: MlpKind,
    hidden: Tensor,
    masked: bool,
) -> Tensor:
    if architecture.altup_input_count:
        return altup_layer(tape, architecture, numerics, attention, mlp, hidden, masked)
    traits = architecture.traits
    size, rows = architecture.hidden_size, per_token(1)

    def norm(x: Tensor) -> Tensor:
        return apply_norm(tape, numerics, x, traits.norm, size, rows)

    def residual(before: Tensor, branch: Tensor) -> Tensor:
        return add(tape, before, scale(tape, branch) if traits.residual_scale else branch)

    if traits.parallel:
        first = norm(hidden)
        second = norm(hidden) if traits.norms_per_layer == 2 else first
        attended = attend(tape, architecture, numerics, attention, first, masked)
        if second is not first:
            del first
        fed = feed_forward(tape, architecture, numerics, mlp, second)
        return add(tape, add(tape, attended, fed), hidden)
    if traits.post_norm:
        branch = attend(tape, architecture, numerics, attention, hidden, masked)
        hidden = residual(hidden, norm(branch))
        branch = feed_forward(tape, architecture, numerics, mlp, hidden)
        return residual(hidden, norm(branch))
    if traits.normed_residual:
        hidden = norm(hidden)
        branch = attend(tape, architecture, numerics, attention, hidden, masked)
        hidden = add(tape, scale(tape, hidden), scale(tape, branch))
        del branch
        hidden = norm(hidden)
        branch = feed_forward(tape, architecture, numerics, mlp, hidden)
        return add(tape, scale(tape, hidden), scale(tape, branch))
    if attention != "none":
        branch = norm(hidden)
        branch = attend(tape, architecture, numerics, attention, branch, masked)
        if traits.norms_per_layer >= 4:
            branch = norm(branch)
        hidden = residual(hidden, branch)
        del branch
    if mlp == "none":
        return hidden
    branch = norm(hidden)
    if mlp == "moe" and traits.norms_per_layer >= 7:
        branch = normed_feed_forward(tape, architecture, numerics, hidden, branch)
    else:
        branch = feed_forward(tape, architecture, numerics, mlp, branch)
    if traits.norms_per_layer >= 4:
        branch = norm(branch)
    hidden = residual(hidden, branch)
    del branch
    if architecture.per_layer_input_size:
        hidden = add_per_layer_input(tape, architecture, numerics, hidden)
    return scale_in_place(tape, hidden) if traits.scales_output else hidden
