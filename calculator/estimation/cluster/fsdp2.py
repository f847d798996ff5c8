"""What FSDP 2 gathers, and which gradients wait whole, at each moment of a step.

Units as accelerate 1.15 makes them (utils/fsdp_utils.py, fsdp2_prepare_model): each layer; an
untied embedding; final norm and head, the tail, which stays gathered until its backward is done.
Tied, embedding and tail are one unit from the first layer to the end.

A unit is gathered into one flat buffer and copied out into its weights. In the forward pass the
buffer stays until the next unit has copied out, or the root's forward ends
(_fully_shard/_fsdp_param_group.py, wait_for_unshard; _fsdp_state.py, _root_post_forward). In the
backward pass the next unit's buffer fills while one runs (_backward_prefetch). A unit's gradients
are joined for the reduce-scatter, and that buffer stays until the next unit's gradients are
there (post_backward). validation/sharded_traces.csv holds traced steps against this.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calculator.estimation.cluster.gathered import Units
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.optimizers import Trained
from calculator.estimation.step.shadow import ACTIVATION_GRADIENTS, GRADIENTS
from calculator.estimation.step.sizes import NOTHING, Size, fixed
from calculator.estimation.step.timeline import CHECKPOINTS, INPUTS, KEPT, Moment

# Of a tied embedding: the head's gradient, the embedding's, and their sum.
TIED_GRADIENTS = 3


@dataclass(frozen=True, slots=True)
class Around:
    """Bytes beside a moment: weights gathered, and gradients that are not yet reduced.

    whole_bytes: of the gradients that the moment counts, those that are still whole and so in
    flight: this GPU keeps no part of them yet.
    """

    gathered_bytes: int
    in_flight_bytes: int
    whole_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Fsdp2:
    """The units of a model, tied or not, and what is trained of it."""

    units: Units
    tied: bool
    local: Numerics
    trained: Trained
    hidden_size: int

    def around(self, moment: Moment) -> Around:
        """What lies beside a moment of one GPU's step."""
        parts = dict(moment.parts)
        gradients = round(parts.get(GRADIENTS, NOTHING).fixed)
        tail, layer = self.units.tail_bytes, self.units.layer_bytes
        if moment.phase == "forward":
            return Around((tail if self.tied else 0) + 2 * layer, 0)
        if moment.phase == "loss":
            if ACTIVATION_GRADIENTS not in parts:
                return Around(tail + (layer if self.tied else tail), 0)
            # The tail's own backward starts the prefetch of the last layer.
            return Around(tail + (layer if gradients else 0), gradients)
        head = self.units.head_gradient_bytes
        # While gradients accumulate, a moment counts none but, at the end, the embedding's.
        if self.local.trains_base and gradients >= (self._all_bytes if self._is_known else head):
            return self._embedding(gradients)
        own = self._own_bytes(gradients)
        if self.tied:
            waiting = head + self.units.layer_gradient_bytes + own
            return Around(tail + 2 * layer, waiting, min(own + head, gradients))
        waiting = self.units.layer_gradient_bytes
        beside = layer
        if self._is_last(gradients):
            waiting = max(head, 0 if self._is_known else waiting)
        if self._is_first(gradients):
            beside = self.units.embedding_bytes
            if not self._is_known:
                beside = max(layer, beside)
        return Around(layer + beside, waiting + own, min(own, gradients))

    def between(self, moments: tuple[Moment, ...]) -> Iterator[tuple[Moment, Around]]:
        """Moments at which nothing runs: a unit copies out, or joins its gradients."""
        units = self.units
        if self.tied:
            copied_out = 2 * units.tail_bytes + 2 * units.layer_bytes
        else:
            copied_out = units.layer_bytes + 2 * max(units.tail_bytes, units.layer_bytes)
        for moment in moments:
            if moment.phase == "forward":
                # The tail copies out once all layers have run, a tied one before any has.
                kept = (INPUTS,) if self.tied else (INPUTS, CHECKPOINTS, KEPT)
                yield _without_what_runs(moment, kept), Around(copied_out, 0)
            elif moment.phase == "backward" and self.local.checkpointing:
                around = self.around(moment)
                layers = around.gathered_bytes - units.layer_bytes
                joined = 2 * units.layer_gradient_bytes
                if self.tied:
                    joined += units.head_gradient_bytes
                joined = max(joined, 0 if around.whole_bytes else around.in_flight_bytes)
                quiet = _without_what_runs(moment, (INPUTS, CHECKPOINTS, GRADIENTS))
                yield quiet, Around(max(0, layers), joined, around.whole_bytes)
        # A frozen embedding whose output needs a gradient is gathered for its backward too.
        if not self.tied and self.local.checkpointing and not self.local.trains_base:
            gradient = Size(token=float(self.hidden_size * self.local.small_width))
            parts = ((GRADIENTS, fixed(self._all_bytes)), (ACTIVATION_GRADIENTS, gradient))
            moment = Moment("backward", parts, fixed(self._all_bytes).plus(gradient))
            yield moment, Around(2 * units.embedding_bytes, 0)

    def _embedding(self, gradients: int) -> Around:
        """The last moment of all: the embedding's gradient is made and joined."""
        head = self.units.head_gradient_bytes
        if self.tied:
            in_flight = TIED_GRADIENTS * head + self.units.layer_gradient_bytes
            return Around(self.units.tail_bytes, in_flight, min(gradients, TIED_GRADIENTS * head))
        return Around(2 * self.units.embedding_bytes, self.units.layer_gradient_bytes, head)

    @property
    def _all_bytes(self) -> int:
        return self.trained.count * self.local.compute_width

    @property
    def _is_known(self) -> bool:
        """Whether a moment's gradients say which layer runs: not so while they accumulate."""
        return not self.local.accumulates

    def _is_last(self, gradients: int) -> bool:
        most = self.units.head_gradient_bytes + 1.01 * self.units.layer_gradient_bytes
        return not self._is_known or gradients <= most

    def _is_first(self, gradients: int) -> bool:
        return not self._is_known or gradients >= self._before_first_bytes - 1

    @property
    def _before_first_bytes(self) -> int:
        """Gradients of all but the embedding and the first layer."""
        embedding = self.units.head_gradient_bytes if not self.tied else 0
        return self._all_bytes - embedding - self.units.layer_gradient_bytes

    def _own_bytes(self, gradients: int) -> int:
        """Of a moment's gradients, those of the layer that runs, as far as it is known."""
        layer = self.units.layer_gradient_bytes
        if self._is_known and self._is_last(gradients):
            return max(0, min(layer, gradients - self.units.head_gradient_bytes))
        if self._is_known and self._is_first(gradients):
            return max(0, min(layer, gradients - self._before_first_bytes))
        return layer


def _without_what_runs(moment: Moment, names: tuple[str, ...]) -> Moment:
    kept = tuple((name, size) for name, size in moment.parts if name in names)
    total = NOTHING
    for _, size in kept:
        total = total.plus(size)
    return Moment(moment.phase, kept, total)
