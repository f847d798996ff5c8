"""What one GPU keeps of weights, adapters, optimizer states and gradients, and what the host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.cluster.gathered import (
    SUB_GROUP_ELEMENTS,
    unit_gradients_bytes,
    unsharded_weights_bytes,
)
from calculator.estimation.cluster.local_step import local_numerics
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.numerics import Numerics, numerics_of
from calculator.estimation.step.optimizers import (
    Trained,
    optimizer_states_bytes,
    paged_states_bytes,
    step_temporaries_bytes,
)
from calculator.estimation.step.resident import (
    adapters_bytes,
    gradients_bytes,
    trained_parameters,
    weights_bytes,
)

FP32_BYTES = 4


@dataclass(frozen=True, slots=True)
class States:
    """Bytes on one GPU, and what is offloaded from it.

    gradients: all that this GPU keeps at the end of the backward pass.
    gradient_width_fraction: their width over that of the gradients that the operations make.
    carried_gradients: what the micro-batches before have left, during the next one.
    step_gradients: what is left of them when the optimizer's own tensors come.
    offloaded_...: what offload keeps on the host instead, with their own widths.
    """

    weights_bytes: int
    adapters_bytes: int
    optimizer_states_bytes: int
    gradients_bytes: int
    gradient_width_fraction: float
    carried_gradients_bytes: int
    step_gradients_bytes: int
    step_temporaries_bytes: int
    paged_bytes: int
    offloaded_weights_bytes: int = 0
    offloaded_optimizer_states_bytes: int = 0
    offloaded_gradients_bytes: int = 0

    @property
    def always_bytes(self) -> int:
        """What is allocated during the whole step."""
        return self.weights_bytes + self.adapters_bytes + self.optimizer_states_bytes

    @property
    def at_optimizer_step_bytes(self) -> int:
        """What is allocated at the optimizer step, communication aside: the peak is no less."""
        return self.always_bytes + self.step_gradients_bytes + self.step_temporaries_bytes


@lru_cache(maxsize=4096)
def states_of(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> States:
    """One GPU's share of the states, with what offloading moves to the host taken out."""
    local = local_numerics(settings, sharding)
    # DeepSpeed stores what the operations see; FSDP stores the shards as the recipe says.
    stored = local if sharding.is_deepspeed else numerics_of(settings)
    trained = trained_parameters(architecture, stored)
    recipe = "bf16_fp32_master" if sharding.is_deepspeed else settings.recipe
    weights = weights_bytes(architecture, stored)
    adapters = adapters_bytes(trained, stored)
    optimizer = optimizer_states_bytes(
        trained, settings.optimizer, recipe, settings.projection_rank
    )
    gradients = gradients_bytes(trained)
    paged = paged_states_bytes(trained, settings.optimizer)
    whole = unsharded_weights_bytes(architecture, stored, sharding)
    if sharding.shards_weights:
        weights, adapters = sharding.shard(weights - whole), sharding.shard(adapters)
    if sharding.shards_optimizer:
        optimizer, paged = sharding.shard(optimizer), sharding.shard(paged)
    unreduced = unit_gradients_bytes(architecture, local, sharding)
    at_step = gradients
    if sharding.shards_gradients:
        gradients = at_step = sharding.shard(max(gradients, unreduced))
    elif sharding.strategy == "zero1":
        # Those of the other partitions go first (zero/stage_1_and_2.py, free_grad_in_param_list).
        at_step = sharding.shard(gradients)
    temporaries = _step_temporaries(settings, sharding, stored, trained)
    if settings.steps_in_backward:
        gradients = at_step = temporaries = 0
    defers = sharding.is_fsdp and not sharding.reduces_each_batch
    states = States(
        weights_bytes=weights + whole,
        adapters_bytes=adapters,
        optimizer_states_bytes=optimizer,
        gradients_bytes=gradients,
        gradient_width_fraction=trained.width / trained_parameters(architecture, local).width,
        carried_gradients_bytes=(unreduced if defers else gradients) if local.accumulates else 0,
        step_gradients_bytes=at_step,
        step_temporaries_bytes=temporaries,
        paged_bytes=paged,
    )
    if sharding.offload == "none":
        return states
    # The step runs on the host's CPU, over gradients that were copied there.
    stays = defers or not sharding.shards_gradients
    states = replace(
        states,
        optimizer_states_bytes=0,
        gradients_bytes=0,
        carried_gradients_bytes=states.carried_gradients_bytes if stays else 0,
        step_gradients_bytes=0,
        step_temporaries_bytes=0,
        paged_bytes=0,
        offloaded_optimizer_states_bytes=optimizer + paged,
        offloaded_gradients_bytes=at_step,
    )
    if sharding.offload == "parameters":
        states = replace(
            states,
            weights_bytes=whole,
            adapters_bytes=0,
            offloaded_weights_bytes=weights + adapters,
        )
    return states


def _step_temporaries(
    settings: TrainingSettings, sharding: Sharding, stored: Numerics, trained: Trained
) -> int:
    """Bytes that the optimizer step takes on one GPU and gives back, beside the gradients kept.

    DeepSpeed joins the 16-bit gradients of the partition into one tensor and makes an fp32 copy
    of it; then its optimizer's own temporaries come, with the joined tensor gone. Stages 1 and 2
    let the partition's own gradients go before that (zero/stage_1_and_2.py, step); stage 3
    takes a sub-group at a time out of a buffer that stays (stage3.py,
    _prepare_fp32_grad_for_sub_group).
    """
    if not sharding.is_deepspeed:
        own = step_temporaries_bytes(trained, settings.optimizer, settings.recipe)
        if settings.optimizer == "adafactor" or not sharding.shards_optimizer:
            return own
        return sharding.shard(own)
    part = sharding.shard(trained.count)
    joined = stored.compute_width
    if sharding.strategy == "zero3":
        part = min(part, SUB_GROUP_ELEMENTS)
    own = FP32_BYTES * part if settings.optimizer == "adamw_foreach" else 0
    if sharding.strategy != "zero3":
        own = max(0, own - stored.compute_width * part)
    return FP32_BYTES * part + max(joined * part, own)
