"""What a sharded estimate takes for granted, in words."""

from __future__ import annotations

from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.assumptions import assumptions_of
from calculator.estimation.cluster.sharding import Sharding, Strategy
from calculator.estimation.settings import TrainingSettings

STRATEGY_WORDS: dict[Strategy, str] = {
    "ddp": "Every GPU holds everything; DDP keeps a copy of all gradients in its buckets"
    " (gradient_as_bucket_view off, PyTorch's default).",
    "zero1": "The optimizer states are sharded; weights and gradients are whole on every GPU.",
    "zero2": "Optimizer states and gradients are sharded; the weights are whole on every GPU.",
    "zero3": "Weights, gradients and optimizer states are sharded; what a layer needs is gathered"
    " while it runs.",
    "fsdp": "Weights, gradients and optimizer states are sharded; each GPU gathers the layer that"
    " runs, the next one, and embeddings and head.",
}
_SINGLE = "One GPU, nothing offloaded."


@lru_cache(maxsize=4096)
def sharded_assumptions(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> tuple[str, ...]:
    """The assumptions of one sharded estimate, the single-GPU ones included."""
    lines = [
        f"{sharding.gpu_count} GPUs of one kind, each with its own micro-batch of"
        f" {settings.micro_batch}; activations, logits and loss are not sharded.",
        STRATEGY_WORDS[sharding.strategy],
    ]
    if sharding.is_deepspeed and settings.recipe != "fp32":
        lines.append(
            "DeepSpeed trains 16-bit weights with 16-bit gradients and keeps an fp32 copy and fp32"
            " moments in its optimizer, whatever the recipe."
        )
    if sharding.strategy in ("zero1", "zero2"):
        lines.append("DeepSpeed's reduce bucket of 500 million elements is allocated whole.")
    if sharding.offload == "optimizer":
        lines.append("Optimizer states and gradients are kept in the host's memory.")
    if sharding.offload == "parameters":
        lines.append("Sharded weights, optimizer states and gradients are in the host's memory.")
    rest = [line for line in assumptions_of(architecture, settings) if line != _SINGLE]
    return (*lines, *rest)
