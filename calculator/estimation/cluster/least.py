"""A floor under a run's device bytes that needs no step: what rules out most that cannot fit."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.cluster.device import NCCL_BYTES
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.cluster.states import states_of
from calculator.estimation.device import CONTEXT_BYTES
from calculator.estimation.settings import TrainingSettings

# Of transformers' own loss, the fp32 logits and their log-softmax (step/language_head.py).
LOGITS_BYTES_PER_ENTRY = 8


def least_token_bytes(architecture: Architecture, settings: TrainingSettings) -> int:
    """Bytes that the batch takes on each GPU at the least, in whatever way it is spread.

    All layers' inputs are there when the loss is computed: a checkpoint is a layer's input, and
    without checkpointing its norm saves it; offloaded, they wait on the host.
    """
    width = 4 if settings.recipe == "fp32" else 2
    per_token = 0
    if settings.activation_offload == "none":
        per_token = architecture.layer_count * architecture.hidden_size * width
    if settings.loss == "standard":
        per_token += LOGITS_BYTES_PER_ENTRY * architecture.vocab_size
    return per_token * settings.token_count


def least_device_bytes(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> int:
    """Bytes below which the low figure cannot lie, whatever the step takes beside.

    The states are there at the optimizer step, and but for the gradients with the batch's.
    """
    states = states_of(architecture, settings, sharding)
    at_loss = states.weights_bytes + states.adapters_bytes + states.optimizer_states_bytes
    at_loss += least_token_bytes(architecture, settings)
    nccl = NCCL_BYTES[0] if sharding.gpu_count > 1 else 0
    return max(states.at_optimizer_step_bytes, at_loss) + CONTEXT_BYTES[0] + nccl
