"""The precise estimate of one GPU among several."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.device import sharded_device_bytes
from calculator.estimation.cluster.gathered import (
    communication_bytes,
    gathered_bytes,
    gradients_in_flight_bytes,
)
from calculator.estimation.cluster.local_step import local_settings
from calculator.estimation.cluster.sharding import Sharding, impossible_reason
from calculator.estimation.cluster.states import States, states_of
from calculator.estimation.cluster.words import sharded_assumptions
from calculator.estimation.device import DeviceBytes
from calculator.estimation.errors import FieldError, SettingsError
from calculator.estimation.estimate import (
    COMPONENTS,
    FORMULA_VERSION,
    BreakdownItem,
    Estimate,
    estimate,
    without_reuse_bytes,
)
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.evaluation import evaluation_parts
from calculator.estimation.step.numerics import Numerics, numerics_of
from calculator.estimation.step.resident import trained_parameters
from calculator.estimation.step.scores import makes_mask
from calculator.estimation.step.shadow import ACTIVATION_GRADIENTS, GRADIENTS
from calculator.estimation.step.sizes import NOTHING, Size, fixed
from calculator.estimation.step.timeline import CHECKPOINTS, PHASES, Moment, Phase, timeline

GATHERED = "gathered_weights"
IN_FLIGHT = "gradients_in_flight"
COMMUNICATION = "communication_buffers"


@dataclass(frozen=True, slots=True)
class ShardedEstimate:
    """What one step takes on each GPU of a sharded run, and what is kept on the host for it.

    per_gpu.breakdown sums to per_gpu.peak_allocated_bytes. host_bytes is per GPU.
    """

    sharding: Sharding
    per_gpu: Estimate
    host_bytes: int

    @property
    def peak_allocated_bytes(self) -> int:
        return self.per_gpu.peak_allocated_bytes

    @property
    def device_bytes(self) -> DeviceBytes:
        """Device bytes of one GPU."""
        return self.per_gpu.device_bytes


@lru_cache(maxsize=2048)
def estimate_sharded(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> ShardedEstimate:
    """Estimate one step on each of several GPUs: ZeRO (arXiv 1910.02054), FSDP (2304.11277).

    Weights, gradients and optimizer states shard as the strategy says; activations, logits and
    the loss do not, since every GPU runs its own micro-batch through the whole model.

    Raises:
        SettingsError: the settings cannot be run with that strategy.
    """
    reason = impossible_reason(settings, sharding)
    if reason:
        raise SettingsError([FieldError("strategy", reason)])
    if sharding.strategy == "none":
        return ShardedEstimate(sharding, estimate(architecture, settings), 0)
    states = states_of(architecture, settings, sharding)
    local = numerics_of(local_settings(settings, sharding))
    parts_of = _phases(architecture, settings, local, sharding, states)
    phases: dict[str, int] = {
        phase: sum(parts_of[phase].values()) for phase in PHASES if phase in parts_of
    }
    peak_phase = max(parts_of, key=lambda phase: phases[phase])
    at_peak, peak = parts_of[peak_phase], phases[peak_phase]
    trained = trained_parameters(architecture, local)
    per_gpu = Estimate(
        peak_allocated_bytes=peak,
        device_bytes=sharded_device_bytes(
            peak,
            without_reuse_bytes({}, parts_of.values()),
            settings,
            sharding,
            states.paged_bytes,
        ),
        peak_phase=peak_phase,
        phases=phases,
        breakdown=tuple(
            BreakdownItem(name, at_peak[name]) for name in COMPONENTS if at_peak.get(name)
        ),
        parameters_total_count=count_parameters(architecture).total_count,
        parameters_trainable_count=trained.count,
        assumptions=sharded_assumptions(architecture, settings, sharding),
        formula_version=FORMULA_VERSION,
    )
    return ShardedEstimate(sharding, per_gpu, states.host_bytes)


def _phases(
    architecture: Architecture,
    settings: TrainingSettings,
    local: Numerics,
    sharding: Sharding,
    states: States,
) -> dict[Phase, dict[str, int]]:
    """Bytes by component at the most of each phase."""
    tokens, length = settings.token_count, settings.row_length
    masked = makes_mask(architecture, settings)
    resident = {
        "weights": states.weights_bytes,
        "adapters": states.adapters_bytes,
        "optimizer_states": states.optimizer_states_bytes,
        COMMUNICATION: _communication(architecture, local, sharding),
    }
    carried = 0
    if local.accumulates:
        carried = states.gradients_bytes
    best: dict[Phase, tuple[float, Moment]] = {}
    width = states.gradient_width_fraction
    for moment in sharded_moments(architecture, local, masked, sharding, width):
        total = moment.total.at(tokens, length)
        found = best.get(moment.phase)
        if found is None or total > found[0]:
            best[moment.phase] = (total, moment)
    result: dict[Phase, dict[str, int]] = {}
    for phase, (_, moment) in best.items():
        parts = {name: round(size.at(tokens, length)) for name, size in moment.parts}
        parts[GRADIENTS] = parts.get(GRADIENTS, 0) + carried
        result[phase] = {**resident, **parts}
    result["optimizer_step"] = {
        **resident,
        GRADIENTS: states.gradients_bytes,
        "optimizer_temporaries": states.step_temporaries_bytes,
    }
    if settings.eval_micro_batch:
        gathered = gathered_bytes(architecture, local, sharding, "forward")
        result["evaluation"] = {
            **resident,
            **evaluation_parts(architecture, local_settings(settings, sharding)),
            GATHERED: gathered,
        }
    return result


def _communication(architecture: Architecture, local: Numerics, sharding: Sharding) -> int:
    trained = trained_parameters(architecture, local)
    return communication_bytes(architecture, local, sharding, trained.count * trained.width)


@lru_cache(maxsize=2048)
def sharded_moments(
    architecture: Architecture,
    local: Numerics,
    masked: bool,
    sharding: Sharding,
    gradient_width_fraction: float,
) -> tuple[Moment, ...]:
    """The moments of a GPU's step, with gradients sharded and weights gathered."""
    trained = trained_parameters(architecture, local)
    in_flight = gradients_in_flight_bytes(architecture, local, sharding, trained)
    moments = []
    for moment in timeline(architecture, local, masked).moments:
        parts = dict(moment.parts)
        gradients = parts.pop(GRADIENTS, NOTHING)
        if not sharding.shards_gradients:
            parts[GRADIENTS] = gradients
        elif moment.phase == "backward":
            kept = 0.0
            if sharding.offload == "none":
                kept = gradient_width_fraction / sharding.gpu_count
            parts[GRADIENTS] = gradients.times(kept)
            parts[IN_FLIGHT] = fixed(in_flight)
        else:
            # While the loss runs backward, only the head's gradient is there, and it is whole.
            parts[IN_FLIGHT] = gradients
        if _keeps_layer_inputs(local, sharding) and moment.phase == "backward":
            inputs = Size(
                token=float(
                    architecture.layer_count * architecture.hidden_size * local.small_width
                )
            )
            parts[CHECKPOINTS] = inputs
            parts[ACTIVATION_GRADIENTS] = parts.get(ACTIVATION_GRADIENTS, NOTHING).plus(inputs)
        parts[GATHERED] = fixed(gathered_bytes(architecture, local, sharding, moment.phase))
        total = NOTHING
        for size in parts.values():
            total = total.plus(size)
        moments.append(Moment(moment.phase, tuple(parts.items()), total))
    return tuple(moments)


def _keeps_layer_inputs(local: Numerics, sharding: Sharding) -> bool:
    frozen = local.checkpointing and not local.trains_base
    return sharding.keeps_layer_inputs and sharding.strategy == "fsdp" and frozen
