"""The step as a timeline: every moment that may be the peak, for any batch and length.

The segments (layers, head with loss, embedding) run one after the other, forward and then
backward. A moment's bytes are those of the segment that runs, of what the segments before it keep
for their backward pass, and of the gradients that the segments after it have left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeVar

from calculator.estimation.architectures.architecture import (
    ATTENDING,
    Architecture,
    AttentionKind,
    MlpKind,
)
from calculator.estimation.step.altup import run_first_streams
from calculator.estimation.step.decoder_layer import run_layer
from calculator.estimation.step.language_head import run_head
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.offloading import input_copies, kept_on_gpu
from calculator.estimation.step.per_layer_inputs import (
    per_layer_inputs_bytes,
    per_layer_inputs_need_gradient,
    run_per_layer_inputs,
)
from calculator.estimation.step.resident import has_adapters
from calculator.estimation.step.rotary import table_width
from calculator.estimation.step.scores import runs_eager
from calculator.estimation.step.segment import Segment
from calculator.estimation.step.shadow import (
    ACTIVATION_GRADIENTS,
    ACTIVATIONS,
    ADAPTED_EXPERTS,
    DEQUANTIZED,
    DORA_WEIGHTS,
    GRADIENTS,
    LOGITS,
    STEP_TEMPORARIES,
    WEIGHT_CASTS,
    Snapshot,
)
from calculator.estimation.step.shared_keys import probabilities_bytes, shared_bytes
from calculator.estimation.step.sizes import NOTHING, Size

Phase = Literal["forward", "loss", "backward", "optimizer_step", "evaluation"]
PHASE_NAMES: dict[Phase, str] = {
    "forward": "forward pass",
    "loss": "loss",
    "backward": "backward pass",
    "optimizer_step": "optimizer step",
    "evaluation": "evaluation",
}
PHASES: tuple[Phase, ...] = tuple(PHASE_NAMES)

KEPT = "saved_activations"
CHECKPOINTS = "checkpoints"
RUNNING = "running_layer"
RECOMPUTED = "recomputed_layer"
FINAL_NORM = "final_norm"
INPUTS = "inputs_and_masks"
T = TypeVar("T")
LayerKey = tuple[AttentionKind, MlpKind, bool, bool]


@dataclass(frozen=True, slots=True)
class Moment:
    """Bytes of one moment of a phase by component, still to be evaluated for T and s."""

    phase: Phase
    parts: tuple[tuple[str, Size], ...]
    total: Size


@dataclass(frozen=True, slots=True)
class Timeline:
    """The moments of a step before the optimizer's, without what is always resident."""

    moments: tuple[Moment, ...]


class _Bytes:
    """Sizes by component, added up."""

    __slots__ = ("parts",)

    def __init__(self, parts: dict[str, Size] | None = None) -> None:
        self.parts: dict[str, Size] = dict(parts or {})

    def add(self, component: str, size: Size) -> _Bytes:
        if size == NOTHING:
            return self
        self.parts[component] = self.parts.get(component, NOTHING).plus(size)
        return self

    def moment(self, phase: Phase) -> Moment:
        total = NOTHING
        for size in self.parts.values():
            total = total.plus(size)
        return Moment(phase, tuple(self.parts.items()), total)


@lru_cache(maxsize=2048)
def timeline(architecture: Architecture, numerics: Numerics, masked: bool) -> Timeline:
    """All moments that may be a peak. `masked`: sequences are longer than the sliding window."""
    base = architecture.unnamed(scaled=False)
    fraction = architecture.parameter_scale_fraction
    width = residual_width(architecture, numerics)
    keys = layer_keys(architecture, numerics, masked)
    segments = _segments(base, numerics, keys, width)
    head = run_head(base, numerics, input_width=width)
    common = _inputs(architecture, numerics, masked)
    input_size = Size(token=float(architecture.stream_size * width))
    kept_name = CHECKPOINTS if numerics.checkpointing else KEPT
    moments: list[Moment] = []
    fronts = _fronts(base, numerics)
    shared = shared_bytes(base, numerics)
    if numerics.checkpointing:  # otherwise attention has saved them
        common.add(kept_name, shared)

    def before(index: int, *, in_forward: bool) -> _Bytes:
        """What the layers before that one hold, in the forward pass or in the backward pass."""
        result = _Bytes(common.parts)
        copies = input_copies(numerics, index, len(keys), in_forward=in_forward)
        result.add(kept_name, input_size.times(copies))
        for key, count in Counter(keys[:index]).items():
            on_gpu = kept_on_gpu(numerics, segments[key], input_size)
            _add_kept(result, on_gpu, count, kept_name, fraction)
            if in_forward:
                _add_kept(result, segments[key].cached, count, kept_name, fraction)
        for front in fronts:
            _add_kept(result, front.kept, 1, kept_name, 1.0)
            if in_forward:
                _add_kept(result, front.cached, 1, kept_name, 1.0)
        return result

    def arrived(index: int) -> Size:
        """Gradients that the layers after that one have left for what all layers share."""
        if index == len(keys) - 1:
            return NOTHING
        total = shared if keys[-1][2] else NOTHING
        if per_layer_inputs_need_gradient(base, numerics):
            total = total.plus(per_layer_inputs_bytes(base, numerics))
        return total

    def after(index: int) -> Size:
        total = head.gradients.total
        for key, count in Counter(keys[index + 1 :]).items():
            total = total.plus(segments[key].gradients.total.times(count * fraction))
        return total

    def held_after(index: int) -> Size:
        total = NOTHING
        if numerics.checkpointing and numerics.offload == "checkpoints":
            return total
        for key, count in Counter(keys[index + 1 :]).items():
            total = total.plus(segments[key].held.total.times(count))
        return total

    for index in _ends(keys):
        segment = segments[keys[index]]
        ground = before(index, in_forward=True)
        for snapshot in segment.forward:
            state = _Bytes(ground.parts)
            if index and architecture.traits.own_scores and numerics.checkpointing:
                # These layers give their probabilities back, which wait for the next layer's.
                state.add(RUNNING, probabilities_bytes(base, numerics))
            moments.append(_with(state, snapshot.by_kind, RUNNING, fraction).moment("forward"))
        running = RECOMPUTED if numerics.checkpointing else KEPT
        ground = before(index, in_forward=False).add(GRADIENTS, after(index))
        ground.add(kept_name, held_after(index)).add(ACTIVATION_GRADIENTS, arrived(index))
        ground.add(LOGITS, head.held.total)
        for snapshot in segment.backward:
            state = _Bytes(ground.parts)
            moments.append(_with(state, snapshot.by_kind, running, fraction).moment("backward"))
    for snapshots, in_forward in ((head.forward, True), (head.backward, False)):
        ground = before(len(keys), in_forward=in_forward)
        for snapshot in snapshots:
            state = _Bytes(ground.parts)
            moments.append(_with(state, snapshot.by_kind, FINAL_NORM, 1.0).moment("loss"))
    left = after(-1)
    for front in fronts:
        for snapshot in front.forward:
            state = _Bytes(common.parts)
            moments.append(_with(state, snapshot.by_kind, RUNNING, 1.0).moment("forward"))
        for snapshot in front.backward:
            state = _Bytes(common.parts).add(GRADIENTS, left)
            moments.append(_with(state, snapshot.by_kind, KEPT, 1.0).moment("backward"))
        left = left.plus(front.gradients.total)
    embedding = _embedding_gradient(architecture, numerics)
    if embedding is not None:
        state = _Bytes(common.parts).add(GRADIENTS, left.plus(embedding))
        state.add(kept_name, held_after(-1)).add(LOGITS, head.held.total)
        moments.append(
            state.add(
                ACTIVATION_GRADIENTS, Size(token=float(architecture.hidden_size * width))
            ).moment("backward")
        )
    if embedding is not None and numerics.step_in_backward_width:
        # Its step comes when all else of the backward pass is gone.
        embedded = float(architecture.vocab_size * architecture.hidden_size)
        state = _Bytes(common.parts).add(GRADIENTS, Size(fixed=embedded * numerics.end_width))
        state.add(STEP_TEMPORARIES, Size(fixed=embedded * numerics.step_in_backward_width))
        moments.append(state.moment("backward"))
    return Timeline(_worth_keeping(moments))


@lru_cache(maxsize=2048)
def evaluation_moments(
    architecture: Architecture, numerics: Numerics, masked: bool
) -> tuple[Moment, ...]:
    """The moments of a forward pass of which layers keep nothing, and of its loss."""
    base = architecture.unnamed(scaled=False)
    fraction = architecture.parameter_scale_fraction
    width = residual_width(architecture, numerics)
    keys = layer_keys(architecture, numerics, masked)
    segments = _segments(base, numerics, keys, width)
    head = run_head(base, numerics, input_width=width)
    common = _inputs(architecture, numerics, masked)
    if numerics.checkpointing:  # as in the step
        common.add(CHECKPOINTS, shared_bytes(base, numerics))
    evaluation: list[Moment] = []
    for index in (*_ends(keys), len(keys)):
        state = _Bytes(common.parts)
        for key, count in Counter(keys[:index]).items():
            _add_kept(state, segments[key].cached, count, RUNNING, fraction)
        runs = head if index == len(keys) else segments[keys[index]]
        name = FINAL_NORM if index == len(keys) else RUNNING
        for snapshot in runs.forward:
            held = _with(_Bytes(state.parts), snapshot.by_kind, name, fraction)
            evaluation.append(held.moment("evaluation"))
    return _worth_keeping(evaluation)


def _fronts(base: Architecture, numerics: Numerics) -> tuple[Segment, ...]:
    """What runs before the first layer, beside the embedding."""
    if not base.per_layer_input_size:
        return ()
    inputs = run_per_layer_inputs(base, numerics)
    if not base.altup_input_count:
        return (inputs,)
    return inputs, run_first_streams(base, numerics)


def _segments(
    base: Architecture, numerics: Numerics, keys: tuple[LayerKey, ...], width: int
) -> dict[LayerKey, Segment]:
    """Each kind of layer run once."""
    return of_each_kind(run_layer, base, numerics.of_layers(), keys, width)


def of_each_kind(
    run: Callable[..., T],
    base: Architecture,
    numerics: Numerics,
    keys: tuple[LayerKey, ...],
    width: int,
) -> dict[LayerKey, T]:
    """What `run_layer`, or a part of it, says of each kind of layer."""
    return {
        key: run(
            base,
            numerics,
            key[0],
            key[1],
            input_width=width,
            input_needs_gradient=key[2],
            masked=key[3],
        )
        for key in set(keys)
    }


@lru_cache(maxsize=4096)
def layer_keys(
    architecture: Architecture, numerics: Numerics, masked: bool
) -> tuple[LayerKey, ...]:
    """For each layer: attention, MLP, whether its input needs a gradient, whether it is masked."""
    # transformers lets the embedding's output require gradients for checkpointed adapters
    # (enable_input_require_grads), so that the first layer's recomputation runs.
    needs = numerics.trains_embedding or numerics.checkpointing
    kinds = architecture.layer_kinds()
    adapted = {kind: has_adapters(architecture, numerics, *kind) for kind in set(kinds)}
    keys: list[LayerKey] = []
    for attention, mlp in kinds:
        packs = numerics.packs and attention in ATTENDING
        has_mask = masked and (attention.endswith("sliding") or packs)
        keys.append((attention, mlp, needs, has_mask))
        needs = needs or numerics.trains_base or adapted[attention, mlp]
    return tuple(keys)


def _ends(keys: tuple[LayerKey, ...]) -> Iterable[int]:
    """First and last layer of each kind: between them bytes grow or shrink evenly."""
    first: dict[LayerKey, int] = {}
    last: dict[LayerKey, int] = {}
    for index, key in enumerate(keys):
        first.setdefault(key, index)
        last[key] = index
    return sorted({*first.values(), *last.values()})


def _add_kept(state: _Bytes, kept: Snapshot, count: int, kept_name: str, fraction: float) -> None:
    for kind, size in kept.by_kind.items():
        if size == NOTHING:
            continue
        name = kind if kind in (WEIGHT_CASTS, ADAPTED_EXPERTS) else kept_name
        scaled = size.times(count)
        state.add(name, scaled._replace(fixed=scaled.fixed * fraction))


def _with(state: _Bytes, by_kind: dict[str, Size], running: str, fraction: float) -> _Bytes:
    for kind, size in by_kind.items():
        if size == NOTHING:
            continue
        name = running if kind == ACTIVATIONS else kind
        if kind in (WEIGHT_CASTS, DEQUANTIZED, DORA_WEIGHTS, GRADIENTS):
            size = size._replace(fixed=size.fixed * fraction)
        state.add(name, size)
    return state


def _inputs(architecture: Architecture, numerics: Numerics, masked: bool) -> _Bytes:
    """Token ids, labels and shifted labels (int64); rotary tables; a boolean mask."""
    rotary = architecture.head_dim * architecture.traits.rotary_fraction
    if architecture.is_latent:
        rotary = architecture.qk_rope_head_dim
    token = 4 * 8.0
    traits = architecture.traits
    changed = traits.embedding_scale or traits.learned_positions or traits.embedding_norm
    if changed and numerics.checkpointing and not numerics.trains_base:
        # The embedding's output, which is made to require a gradient, stays beside what its
        # multiple, or its sum with the positions, is.
        token += architecture.hidden_size * numerics.small_width
    position = 2.0 * rotary * table_width(architecture, numerics) + 8.0
    indexes = architecture.index_head_count > 0
    kinds = {attention for attention, _ in architecture.layer_kinds()} & ATTENDING
    masks = float(len(kinds) if numerics.packs else 1) if masked else 0.0
    mask = Size(position_pair=masks, pair=1.0 if indexes else 0.0)
    if runs_eager(architecture, numerics):
        # One of the residual stream's width for each kind of layer.
        mask = Size(pair=float(numerics.small_width * len(kinds)))
    return _Bytes({INPUTS: Size(token=token, position=position).plus(mask)})


def residual_width(architecture: Architecture, numerics: Numerics) -> int:
    """Bytes of an element of the residual stream.

    fp32 where autocast norms the embedding or scales it (AltUp), or where it norms what a quantised map takes: that
    gives back the width of its input, and the sum with it is as wide.
    """
    traits = architecture.traits
    hands_on_norm = traits.norm == "layer" and numerics.quantizes_linear_maps
    if traits.embedding_norm or hands_on_norm or architecture.altup_input_count:
        return numerics.function_width(numerics.small_width)
    return numerics.small_width


def _embedding_gradient(architecture: Architecture, numerics: Numerics) -> Size | None:
    """The embedding's gradient, made whole.

    A tied head's is there already and is added to, unless it is a view, as the gradient of a
    transposed weight is: then their sum is a third (torch/csrc/autograd/input_buffer.cpp,
    can_accumulate_inplace). Autocast's cast of the weight makes a gradient that is none.
    """
    if not numerics.trains_embedding:
        return None
    count = architecture.vocab_size * architecture.hidden_size
    tied = architecture.tied_embeddings and numerics.trains_base
    views = tied and not numerics.autocast and numerics.loss != "chunked"
    return Size(fixed=float(count * numerics.end_width * (2 if views else 1)))


def _worth_keeping(moments: list[Moment]) -> tuple[Moment, ...]:
    """Of each phase, the moments that no other covers."""
    kept_of: dict[Phase, list[Moment]] = {}
    for moment in moments:
        kept, total = kept_of.setdefault(moment.phase, []), moment.total
        for other in kept:
            if other.total.covers(total):
                break
        else:
            kept[:] = [other for other in kept if not total.covers(other.total)]
            kept.append(moment)
    return tuple(moment for kept in kept_of.values() for moment in kept)
