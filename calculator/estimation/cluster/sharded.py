"""The precise estimate of one GPU among several."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.device import sharded_device_bytes
from calculator.estimation.cluster.fsdp2 import Around, Fsdp2
from calculator.estimation.cluster.gathered import (
    communication_bytes,
    gathered_bytes,
    gradients_in_flight_bytes,
    unit_gradients_bytes,
    units_of,
)
from calculator.estimation.cluster.host import HostMemory, host_memory
from calculator.estimation.cluster.local_step import local_numerics, local_settings
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
from calculator.estimation.step.numerics import Numerics
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
    """What one step takes on each GPU of a sharded run, and on the host of each node.

    per_gpu.breakdown sums to per_gpu.peak_allocated_bytes.
    """

    architecture: Architecture
    settings: TrainingSettings
    sharding: Sharding
    per_gpu: Estimate

    @property
    def host(self) -> HostMemory:
        """Host memory of one node."""
        return host_memory(self.architecture, self.settings, self.sharding)

    @property
    def host_bytes(self) -> int:
        """Bytes that offload keeps on the host for each GPU, before anything is rounded up."""
        return self.host.offloaded_bytes_per_gpu

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
        return ShardedEstimate(architecture, settings, sharding, estimate(architecture, settings))
    states = states_of(architecture, settings, sharding)
    local = local_numerics(settings, sharding)
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
    return ShardedEstimate(architecture, settings, sharding, per_gpu)


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
    }
    kept_fraction = 1.0
    if sharding.shards_gradients:
        kept_fraction = states.gradient_width_fraction / sharding.shard_count
        if sharding.allocates_gradients_whole or sharding.offload != "none":
            kept_fraction = 0.0
        elif sharding.is_first_batch:
            # They grow whole: a later micro-batch reduces them.
            whole = trained_parameters(architecture, local).bytes
            kept_fraction = unit_gradients_bytes(architecture, local, sharding) / whole
    best: dict[Phase, tuple[float, ShardedMoment]] = {}
    for moment in sharded_moments(architecture.unnamed(), local, masked, _of_one(sharding)):
        total = moment.total.at(tokens, length)
        total += kept_fraction * moment.gradients.at(tokens, length)
        found = best.get(moment.phase)
        if found is None or total > found[0]:
            best[moment.phase] = (total, moment)
    result: dict[Phase, dict[str, int]] = {}
    for phase, (_, moment) in best.items():
        parts = {name: round(size.at(tokens, length)) for name, size in moment.parts}
        gradients = round(kept_fraction * moment.gradients.at(tokens, length))
        if sharding.allocates_gradients_whole and (phase == "backward" or sharding.is_zero3):
            gradients = states.gradients_bytes
        carried = 0 if sharding.is_zero3 else states.carried_gradients_bytes
        parts[GRADIENTS] = gradients + carried
        result[phase] = {**resident, **parts}
    result["optimizer_step"] = {
        **resident,
        COMMUNICATION: communication_bytes(architecture, local, sharding, "optimizer_step"),
        GRADIENTS: states.step_gradients_bytes,
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


@lru_cache(maxsize=1024)
def _of_one(sharding: Sharding) -> Sharding:
    return replace(sharding, gpu_count=1)


@dataclass(frozen=True, slots=True)
class ShardedMoment:
    """A moment of a GPU's step, whatever the number of GPUs.

    gradients: those kept so far, before they are divided. total: of all other parts.
    """

    phase: Phase
    parts: tuple[tuple[str, Size], ...]
    total: Size
    gradients: Size


@lru_cache(maxsize=2048)
def sharded_moments(
    architecture: Architecture, local: Numerics, masked: bool, sharding: Sharding
) -> tuple[ShardedMoment, ...]:
    """The moments of a GPU's step, with weights gathered and gradients in flight.

    The sharding's number of GPUs changes none of them, so one will do for all.
    """
    trained = trained_parameters(architecture, local)
    moments = timeline(architecture, local, masked).moments
    if sharding.is_fsdp and not sharding.is_fsdp1:
        units = units_of(architecture, local, with_4bit_weights=sharding.shards_4bit_weights)
        fsdp2 = Fsdp2(
            units, architecture.tied_embeddings, local, trained, architecture.hidden_size
        )
        beside = [(moment, fsdp2.around(moment)) for moment in moments]
        beside += fsdp2.between(moments)
    else:
        in_flight = gradients_in_flight_bytes(architecture, local, sharding, trained)
        gathered = {
            phase: gathered_bytes(architecture, local, sharding, phase) for phase in PHASES
        }
        beside = [
            (moment, Around(gathered[moment.phase], in_flight_at(moment, in_flight)))
            for moment in moments
        ]
    communication = {
        phase: fixed(communication_bytes(architecture, local, sharding, phase)) for phase in PHASES
    }
    return _worth_keeping(
        _sharded_moment(architecture, local, sharding, moment, around, communication)
        for moment, around in beside
    )


def _worth_keeping(moments: Iterable[ShardedMoment]) -> tuple[ShardedMoment, ...]:
    """Of each phase, the moments that no other covers, in what is kept of gradients too."""
    kept_of: dict[Phase, list[ShardedMoment]] = {}
    for moment in moments:
        kept = kept_of.setdefault(moment.phase, [])
        total, gradients = moment.total, moment.gradients
        for other in kept:
            if other.total.covers(total) and other.gradients.covers(gradients):
                break
        else:
            kept[:] = [
                other
                for other in kept
                if not (total.covers(other.total) and gradients.covers(other.gradients))
            ]
            kept.append(moment)
    return tuple(moment for kept in kept_of.values() for moment in kept)


def in_flight_at(moment: Moment, in_backward_bytes: int) -> int:
    """While the loss runs backward, only the head's gradient is there, and it is whole."""
    if moment.phase == "backward":
        return in_backward_bytes
    return round(dict(moment.parts).get(GRADIENTS, NOTHING).fixed)


def _sharded_moment(
    architecture: Architecture,
    local: Numerics,
    sharding: Sharding,
    moment: Moment,
    around: Around,
    communication: dict[Phase, Size],
) -> ShardedMoment:
    parts = dict(moment.parts)
    gradients = parts.pop(GRADIENTS, NOTHING)
    if sharding.shards_gradients:
        parts[IN_FLIGHT] = fixed(around.in_flight_bytes)
        gradients = gradients.minus(fixed(around.whole_bytes))
        if moment.phase != "backward":
            gradients = NOTHING
    if _keeps_layer_inputs(local, sharding) and moment.phase == "backward":
        inputs = Size(
            token=float(architecture.layer_count * architecture.stream_size * local.small_width)
        )
        parts[CHECKPOINTS] = inputs
        parts[ACTIVATION_GRADIENTS] = parts.get(ACTIVATION_GRADIENTS, NOTHING).plus(inputs)
    parts[GATHERED] = fixed(around.gathered_bytes)
    parts[COMMUNICATION] = communication[moment.phase]
    total = NOTHING
    for size in parts.values():
        total = total.plus(size)
    return ShardedMoment(moment.phase, tuple(parts.items()), total, gradients)


def _keeps_layer_inputs(local: Numerics, sharding: Sharding) -> bool:
    frozen = local.checkpointing and not local.trains_base
    return sharding.keeps_layer_inputs and sharding.is_fsdp1 and frozen
