"""What QLoRA of a mixture takes by how its experts are held, and why it may exceed LoRA.

4-bit loading of transformers 5 skips experts, which are stacked parameters there, and peft's
k-bit preparation widens them to fp32: plain QLoRA then takes more than LoRA. Trainers that people
use for mixtures quantise the stacks (`trainers.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.estimate import COMPONENTS, Estimate, estimate
from calculator.estimation.settings import Experts, TrainingSettings
from calculator.estimation.units import GB

EXPERTS_IN_WORDS: dict[Experts, str] = {
    "quantized": "quantised, one stack dequantised at a time (Unsloth)",
    "quantized_kept": "quantised, stacks dequantised for the whole layer (Axolotl)",
    "linear": "quantised, each expert with linear maps of its own (transformers 4)",
    "16bit": "left in 16 bits (4-bit loading of transformers 5)",
    "widened": "widened to fp32 (transformers 5 with k-bit preparation)",
}
_REASONS = {
    "weights": "its weights that are not quantised are held wider",
    "dequantized_weights": "quantised weights are dequantised while they are used",
    "logits_and_loss": "its head runs wider",
    "checkpoints": "k-bit preparation makes the residual stream fp32",
    "saved_activations": "k-bit preparation makes norms hand on fp32",
    "recomputed_layer": "k-bit preparation makes norms hand on fp32",
    "running_layer": "k-bit preparation makes norms hand on fp32",
    "adapted_experts": "experts with their adapters folded in are held wider",
}


@dataclass(frozen=True, slots=True)
class HeldExperts:
    """The estimate of a QLoRA run if its experts are held in that way."""

    experts: Experts
    words: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class QloraBesideLora:
    """A QLoRA run beside the same run with a base in 16 bits.

    variants: one for each way to hold experts, none unless the model has any. trap: the variant
    of transformers 5 as it comes, where it takes more than the one that is set.
    excess_bytes: likely device bytes by which the run exceeds LoRA, 0 if it does not.
    """

    lora: Estimate
    qlora: Estimate
    variants: tuple[HeldExperts, ...]
    trap: HeldExperts | None
    excess_bytes: int
    reason: str


@lru_cache(maxsize=512)
def qlora_beside_lora(architecture: Architecture, settings: TrainingSettings) -> QloraBesideLora:
    """What the run takes by QLoRA and by LoRA, by every way to hold experts, and why."""
    settings = replace(settings, method="qlora")
    lora = estimate(architecture, replace(settings, method="lora"))
    qlora = estimate(architecture, settings)
    variants: tuple[HeldExperts, ...] = ()
    if architecture.is_moe:
        variants = tuple(
            HeldExperts(name, words, estimate(architecture, replace(settings, experts=name)))
            for name, words in EXPERTS_IN_WORDS.items()
        )
    plain: Experts = "widened" if settings.prepare_kbit else "16bit"
    trap = next((item for item in variants if item.experts == plain), None)
    if trap is not None and trap.estimate.device_bytes.likely <= qlora.device_bytes.likely:
        trap = None
    excess = max(0, qlora.device_bytes.likely - lora.device_bytes.likely)
    return QloraBesideLora(lora, qlora, variants, trap, excess, _reason(lora, qlora, excess))


def _reason(lora: Estimate, qlora: Estimate, excess: int) -> str:
    """Why QLoRA takes more than LoRA: the component that grows most, in words."""
    if not excess:
        return ""
    before = {item.component: item.bytes for item in lora.breakdown}
    grown = {
        item.component: item.bytes - before.get(item.component, 0) for item in qlora.breakdown
    }
    most = max(grown, key=lambda name: grown[name])
    why = _REASONS.get(most, f"it holds more of “{COMPONENTS[most].lower()}”")
    return (
        f"QLoRA takes {excess / GB:.1f} GB more than LoRA here: {why}"
        f" ({grown[most] / GB:.1f} GB more at the peak)."
    )
