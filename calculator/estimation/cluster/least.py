"""A floor under a run's device bytes that needs no step: what rules out most that cannot fit."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.device import NCCL_BYTES
from calculator.estimation.cluster.gathered import (
    communication_bytes,
    gathered_bytes,
    units_of,
)
from calculator.estimation.cluster.local_step import local_numerics
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.cluster.states import States, states_of
from calculator.estimation.device import CONTEXT_BYTES
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.numerics import Numerics, numerics_of
from calculator.estimation.step.resident import has_adapters
from calculator.estimation.step.saved import least_saved
from calculator.estimation.step.scores import makes_mask

# Of transformers' own loss, the fp32 logits and their log-softmax (step/language_head.py).
LOGITS_BYTES_PER_ENTRY = 8


def least_token_bytes(architecture: Architecture, settings: TrainingSettings) -> int:
    """Bytes that the batch takes on each GPU at the least, in whatever way it is spread.

    All layers' inputs are there when the loss is computed: a checkpoint is a layer's input, and
    without checkpointing the layer saves more (`_saved_per_token`); offloaded, they wait on the
    host.
    """
    width = 4 if settings.recipe == "fp32" else 2
    per_token = 0
    if settings.activation_offload == "none":
        if settings.gradient_checkpointing:
            per_token = architecture.layer_count * architecture.hidden_size * width
        else:
            per_token = _saved_per_token(architecture, numerics_of(settings)) * width
    if settings.loss == "standard":
        per_token += LOGITS_BYTES_PER_ENTRY * architecture.vocab_size
    return per_token * settings.token_count


@lru_cache(maxsize=4096)
def _saved_per_token(architecture: Architecture, numerics: Numerics) -> int:
    """Elements that layers save at the least for a token without checkpointing.

    The norm saves the layer's input. The product of gate and up saves both, an activation by
    itself one of their width, and a trained map behind the product saves that; attention saves
    queries, keys and values. Up to the first layer with an adapter nothing need be saved.
    """
    kinds = architecture.layer_kinds()
    first = 0
    if not numerics.trains_base:
        adapted = (
            i for i, kind in enumerate(kinds) if has_adapters(architecture, numerics, *kind)
        )
        first = next(adapted, len(kinds)) + 1
    tensors = 1
    if architecture.traits.gated_mlp:
        tensors = 3 if numerics.trains_base else 2
    saved = 0
    for attention, mlp in kinds[first:]:
        saved += architecture.hidden_size
        if mlp == "dense":
            saved += tensors * architecture.intermediate_size
        elif mlp == "moe":
            routed = architecture.experts_per_token * architecture.expert_intermediate_size
            saved += min(tensors, 2) * routed
        if attention in ("full", "sliding") and not architecture.is_latent:
            saved += architecture.q_size + 2 * architecture.kv_size
    return saved


# Of PyTorch's AdamW, two moments of a parameter's width, which is 16 bits at the least.
_ADAMW = ("adamw", "adamw_foreach")


def least_states_bytes(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> int:
    """Bytes of a GPU's share of the weights, and of AdamW's moments where all are trained.

    Below `least_device_bytes`, and a tenth of its work: of a catalog's models most are ruled out
    by it. Weights are 16 bits wide, or 4 where they may be quantised; padding and what stays whole
    on each GPU come on top.
    """
    count = count_parameters(architecture).total_count
    parts = sharding.shard_count
    weights = count // 2 if settings.method == "qlora" else 2 * count
    least = 0
    if sharding.offload != "parameters":
        least = weights // (parts if sharding.shards_weights else 1)
    # An indexer's parameters are trained by no optimizer.
    trains_all = settings.method == "full" and not architecture.index_head_count
    if trains_all and settings.optimizer in _ADAMW and sharding.offload == "none":
        least += 4 * count // (parts if sharding.shards_optimizer else 1)
    return least


def least_device_bytes(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> int:
    """Bytes below which the low figure cannot lie, whatever the step takes beside.

    The states are there at the optimizer step, and but for the gradients with the batch's.
    """
    states = states_of(architecture, settings, sharding)
    at_loss = states.always_bytes + least_token_bytes(architecture, settings)
    return max(states.at_optimizer_step_bytes, at_loss) + _outside_bytes(sharding)


def least_step_bytes(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> int:
    """As `least_device_bytes`, higher and dearer: what layers save is worked through.

    That takes a fifth of the step, and hardly anything where a run was asked about whose layers
    have the same widths.
    """
    local = local_numerics(settings, sharding)
    in_backward, at_loss = least_saved(
        architecture.unnamed(), local, makes_mask(architecture, settings)
    )
    tokens, length = settings.token_count, settings.row_length
    states = states_of(architecture, settings, sharding)
    logits = 0
    if settings.loss == "standard":
        logits = LOGITS_BYTES_PER_ENTRY * architecture.vocab_size * tokens
    most = at_loss.at(tokens, length) + logits
    most += _beside_bytes(architecture, local, sharding, states, "loss")
    if in_backward:
        beside = _beside_bytes(architecture, local, sharding, states, "backward")
        most = max(most, beside + max(size.at(tokens, length) for size in in_backward))
    return states.always_bytes + int(most) + _outside_bytes(sharding)


def _beside_bytes(
    architecture: Architecture,
    local: Numerics,
    sharding: Sharding,
    states: States,
    phase: Literal["loss", "backward"],
) -> int:
    """Bytes of communication, and of gradients kept, that lie beside all moments of a phase.

    Of FSDP 2's gathered weights, the fewest that `Fsdp2.around` has beside a layer.
    """
    beside = communication_bytes(architecture, local, sharding, phase)
    if not sharding.is_zero3:
        beside += states.carried_gradients_bytes
    if sharding.allocates_gradients_whole and (phase == "backward" or sharding.is_zero3):
        beside += states.gradients_bytes
    if not sharding.is_fsdp or sharding.is_fsdp1:
        return beside + gathered_bytes(architecture, local, sharding, phase)
    units = units_of(architecture, local, with_4bit_weights=sharding.shards_4bit_weights)
    if phase == "loss":
        return beside + units.tail_bytes
    if architecture.tied_embeddings:
        return beside + units.tail_bytes + 2 * units.layer_bytes
    return beside + units.layer_bytes + min(units.layer_bytes, units.embedding_bytes)


def _outside_bytes(sharding: Sharding) -> int:
    """What CUDA and NCCL take at the least beside what PyTorch allocates."""
    return CONTEXT_BYTES[0] + (NCCL_BYTES[0] if sharding.gpu_count > 1 else 0)
