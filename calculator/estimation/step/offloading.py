"""What layers keep on the GPU between forward and backward pass when activations are offloaded.

"checkpoints": the input of each checkpointed layer is copied to the host and the layer runs
without a graph (unsloth_zoo/gradient_checkpointing.py, UnslothCheckpointFunction). It comes back
into a buffer, one input large, that is always there; a second one is taken only where the card has
room. The last layer's input, needed first, stays.

"saved_tensors": whatever layers save is copied (torchtune/training/_activation_offloading.py and
trl/models/activation_offloading.py, OffloadActivations), on a stream of its own, for which the
last few stay. Of checkpointed layers that is their inputs, of others everything; when a layer
runs backward, what it saved comes back, which is counted as if all of it were back at once.
"""

from __future__ import annotations

from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.segment import Segment
from calculator.estimation.step.shadow import ACTIVATIONS, Snapshot
from calculator.estimation.step.sizes import NOTHING, Size

# OffloadActivations' max_fwd_stash_size: tensors whose copy may still be under way.
STASHED_TENSORS = 5


def kept_on_gpu(numerics: Numerics, segment: Segment, input_size: Size) -> Snapshot:
    """What of a layer's `kept` stays on the GPU. input_size: bytes of the layer's input."""
    if numerics.offload == "none":
        return segment.kept
    if not numerics.checkpointing:
        return segment.kept if numerics.offload == "checkpoints" else segment.held
    if numerics.offload == "checkpoints":
        return Snapshot({})
    left = dict(segment.kept.by_kind)
    left[ACTIVATIONS] = left.get(ACTIVATIONS, NOTHING).minus(input_size)
    return Snapshot(left)


def input_copies(numerics: Numerics, index: int, layer_count: int, *, in_forward: bool) -> int:
    """How many layers' inputs are on the GPU beside what the running layer itself holds.

    index: of the layer that runs; layer_count while the loss is computed.
    """
    if not numerics.checkpointing:
        return 0
    if numerics.offload == "saved_tensors":
        return min(index, STASHED_TENSORS) if in_forward and index < layer_count else 0
    if numerics.offload == "checkpoints":
        if index == layer_count:
            return 2
        return 1 if in_forward or index == layer_count - 1 else 0
    return 0
