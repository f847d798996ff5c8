"""What one GPU keeps of weights, adapters, optimizer states and gradients, and what the host."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.cluster.gathered import SUB_GROUP_ELEMENTS
from calculator.estimation.cluster.local_step import local_settings
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.numerics import numerics_of
from calculator.estimation.step.optimizers import (
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
    """Bytes on one GPU, and on the host for it.

    gradients: all that this GPU keeps. gradient_width_fraction: their width over that of the
    gradients that the operations make.
    """

    weights_bytes: int
    adapters_bytes: int
    optimizer_states_bytes: int
    gradients_bytes: int
    gradient_width_fraction: float
    step_temporaries_bytes: int
    paged_bytes: int
    host_bytes: int

    @property
    def at_optimizer_step_bytes(self) -> int:
        """What is allocated at the optimizer step, communication aside: the peak is no less."""
        return (
            self.weights_bytes
            + self.adapters_bytes
            + self.optimizer_states_bytes
            + self.gradients_bytes
            + self.step_temporaries_bytes
        )


@lru_cache(maxsize=4096)
def states_of(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> States:
    """One GPU's share of the states, with what offloading moves to the host taken out."""
    local = numerics_of(local_settings(settings, sharding))
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
    if sharding.shards_weights:
        weights, adapters = sharding.shard(weights), sharding.shard(adapters)
    if sharding.shards_optimizer:
        optimizer, paged = sharding.shard(optimizer), sharding.shard(paged)
    if sharding.shards_gradients:
        gradients = sharding.shard(gradients)
    temporaries = _step_temporaries(architecture, settings, sharding)
    if settings.steps_in_backward:
        gradients = temporaries = 0
    host = 0
    if sharding.offload != "none":
        # The step runs on the host's CPU, over gradients that were copied there.
        host = optimizer + paged + gradients
        optimizer = paged = gradients = temporaries = 0
    if sharding.offload == "parameters":
        host += weights + adapters
        weights = adapters = 0
    local_width = trained_parameters(architecture, local).width
    return States(
        weights,
        adapters,
        optimizer,
        gradients,
        trained.width / local_width,
        temporaries,
        paged,
        host,
    )


def _step_temporaries(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> int:
    """Bytes that the optimizer step takes on one GPU and gives back.

    DeepSpeed joins the 16-bit gradients of the partition into one tensor and makes an fp32 copy
    of it (zero/stage_1_and_2.py, step; stage3.py, _prepare_fp32_grad_for_sub_group, a sub-group
    at a time); then its optimizer's own temporaries come, with the joined tensor gone.
    """
    stored = numerics_of(local_settings(settings, sharding) if sharding.is_deepspeed else settings)
    trained = trained_parameters(architecture, stored)
    if not sharding.is_deepspeed:
        own = step_temporaries_bytes(trained, settings.optimizer, settings.recipe)
        if settings.optimizer == "adafactor" or not sharding.shards_optimizer:
            return own
        return sharding.shard(own)
    part = sharding.shard(trained.count)
    if sharding.strategy == "zero3":
        part = min(part, SUB_GROUP_ELEMENTS)
    own = FP32_BYTES * part if settings.optimizer == "adamw_foreach" else 0
    return FP32_BYTES * part + max(stored.compute_width * part, own)
