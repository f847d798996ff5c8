"""The precise estimate: what one training step of a model takes, and when it takes most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.assumptions import assumptions_of
from calculator.estimation.device import DeviceBytes, device_bytes
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.evaluation import evaluation_parts
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
from calculator.estimation.step.scores import makes_mask
from calculator.estimation.step.shadow import GRADIENTS
from calculator.estimation.step.timeline import PHASES, Moment, Phase, timeline

# Raised whenever the same input may give another figure.
FORMULA_VERSION = "2"

COMPONENTS: dict[str, str] = {
    "weights": "Model weights",
    "adapters": "LoRA adapters",
    "optimizer_states": "Optimizer states",
    "gradients": "Gradients",
    "gathered_weights": "Weights gathered from the other GPUs",
    "gradients_in_flight": "Gradients not yet reduced",
    "communication_buffers": "Buffers of communication",
    "weight_casts": "16-bit copies of 32-bit weights",
    "dequantized_weights": "Weights dequantised for use",
    "dora_weights": "Weights recomposed for DoRA",
    "adapted_experts": "Experts with their adapters folded in",
    "checkpoints": "Checkpointed layer inputs",
    "saved_activations": "Activations saved for the backward pass",
    "recomputed_layer": "One layer recomputed",
    "running_layer": "The layer that runs",
    "final_norm": "Final norm and head input",
    "logits_and_loss": "Logits and loss",
    "activation_gradients": "Gradients of activations",
    "optimizer_temporaries": "Temporaries of the optimizer step",
    "inputs_and_masks": "Tokens, positions and masks",
}


@dataclass(frozen=True, slots=True)
class BreakdownItem:
    """One component's bytes at the peak."""

    component: str
    bytes: int

    @property
    def label(self) -> str:
        """The component in words."""
        return COMPONENTS[self.component]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one training step takes on one GPU.

    breakdown sums exactly to peak_allocated_bytes; phases holds the most bytes of each phase,
    the peak being the most of them. device_bytes is what the card must have.
    """

    peak_allocated_bytes: int
    device_bytes: DeviceBytes
    peak_phase: Phase
    phases: dict[str, int]
    breakdown: tuple[BreakdownItem, ...]
    parameters_total_count: int
    parameters_trainable_count: int
    assumptions: tuple[str, ...]
    formula_version: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the device bytes are a range."""
        return self.device_bytes.reasons

    @property
    def activation_bytes(self) -> int:
        """Bytes at the peak of what the batch and the length cause."""
        names = (
            "checkpoints",
            "saved_activations",
            "recomputed_layer",
            "running_layer",
            "final_norm",
            "logits_and_loss",
            "activation_gradients",
        )
        return sum(item.bytes for item in self.breakdown if item.component in names)


@lru_cache(maxsize=1024)
def estimate(architecture: Architecture, settings: TrainingSettings) -> Estimate:
    """Estimate one training step: the second one, when the optimizer states exist.

    Remembered, as one page asks for a quarter of its estimates twice: a change that would save
    memory on one card is what the next one is about. Takes under 100 µs once the same architecture was estimated with the same method and recipe.
    """
    numerics = numerics_of(settings)
    trained = trained_parameters(architecture, numerics)
    resident = _resident(architecture, numerics, trained, settings)
    resident_bytes = sum(resident.values())
    all_gradients = gradients_bytes(trained)
    carried = all_gradients if numerics.accumulates else 0

    tokens, length = settings.token_count, settings.row_length
    masked = makes_mask(architecture, settings)
    best: dict[Phase, tuple[float, Moment]] = {}
    for moment in timeline(architecture.unnamed(), numerics, masked).moments:
        total = moment.total.at(tokens, length)
        found = best.get(moment.phase)
        if found is None or total > found[0]:
            best[moment.phase] = (total, moment)

    parts_of: dict[Phase, dict[str, int]] = {}
    for phase, (_, moment) in best.items():
        parts = {name: round(size.at(tokens, length)) for name, size in moment.parts}
        parts[GRADIENTS] = parts.get(GRADIENTS, 0) + carried
        parts_of[phase] = parts
    parts_of["optimizer_step"] = _at_optimizer_step(trained, settings)
    if settings.eval_micro_batch:
        parts_of["evaluation"] = evaluation_parts(architecture, settings)
    phases: dict[str, int] = {
        phase: resident_bytes + sum(parts_of[phase].values())
        for phase in PHASES
        if phase in parts_of
    }
    peak_phase = max(parts_of, key=lambda phase: phases[phase])
    peak = phases[peak_phase]
    at_peak = {**resident, **parts_of[peak_phase]}
    counts = count_parameters(architecture)
    return Estimate(
        peak_allocated_bytes=peak,
        device_bytes=device_bytes(
            peak,
            without_reuse_bytes(resident, parts_of.values()),
            paged_states_bytes(trained, settings.optimizer),
        ),
        peak_phase=peak_phase,
        phases=phases,
        breakdown=tuple(
            BreakdownItem(name, at_peak[name]) for name in COMPONENTS if at_peak.get(name)
        ),
        parameters_total_count=counts.total_count,
        parameters_trainable_count=trained.count + trained.idle_count,
        assumptions=assumptions_of(architecture, settings),
        formula_version=FORMULA_VERSION,
    )


def least_peak_bytes(architecture: Architecture, settings: TrainingSettings) -> int:
    """Bytes of the optimizer step, below which the peak cannot lie: no layer has to run for them."""
    numerics = numerics_of(settings)
    trained = trained_parameters(architecture, numerics)
    resident = _resident(architecture, numerics, trained, settings)
    return sum(resident.values()) + sum(_at_optimizer_step(trained, settings).values())


def _at_optimizer_step(trained: Trained, settings: TrainingSettings) -> dict[str, int]:
    if settings.steps_in_backward:
        return {}
    temporaries = step_temporaries_bytes(trained, settings.optimizer, settings.recipe)
    return {GRADIENTS: gradients_bytes(trained), "optimizer_temporaries": temporaries}


def without_reuse_bytes(
    resident: Mapping[str, int], parts_of_phases: Iterable[Mapping[str, int]]
) -> int:
    """Bytes held if no component's memory serves another: each at the most of any phase."""
    most: dict[str, int] = {}
    for parts in parts_of_phases:
        for name, size in parts.items():
            most[name] = max(most.get(name, 0), size)
    return sum(resident.values()) + sum(most.values())


def _resident(
    architecture: Architecture, numerics: Numerics, trained: Trained, settings: TrainingSettings
) -> dict[str, int]:
    return {
        "weights": weights_bytes(architecture, numerics),
        "adapters": adapters_bytes(trained, numerics),
        "optimizer_states": optimizer_states_bytes(
            trained, settings.optimizer, settings.recipe, settings.projection_rank
        ),
    }
