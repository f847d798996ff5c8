"""What a sharded estimate takes for granted, in words."""

from __future__ import annotations

from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.assumptions import assumptions_of
from calculator.estimation.cluster.gathered import unit_gradients_bytes
from calculator.estimation.cluster.local_step import local_numerics
from calculator.estimation.cluster.sharding import Sharding, Strategy
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.units import GB

STRATEGY_WORDS: dict[Strategy, str] = {
    "ddp": "Every GPU holds everything; DDP keeps a copy of all gradients in its buckets"
    " (gradient_as_bucket_view off, PyTorch's default).",
    "zero1": "The optimizer states are sharded; weights and gradients are whole on every GPU.",
    "zero2": "Optimizer states and gradients are sharded; the weights are whole on every GPU.",
    "zero3": "Weights, gradients and optimizer states are sharded; what a layer needs is gathered"
    " while it runs.",
    "fsdp1": "Weights, gradients and optimizer states are sharded in flat parameters, layer by"
    " layer; each GPU gathers the layer that runs, the next one, and embeddings and head.",
    "fsdp": "Weights, gradients and optimizer states are sharded (FSDP 2, as accelerate sets it"
    " up); each GPU gathers the layer that runs and the next one, and the head for the loss.",
    "hybrid": "Weights, gradients and optimizer states are sharded within each node of eight, and"
    " copied from node to node (FSDP 2).",
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
        lines.append(
            "DeepSpeed's reduce bucket of 500 million elements is allocated whole for the backward"
            " pass."
        )
    if sharding.shards_weights and settings.method == "qlora":
        lines.append(
            "4-bit weights are stored in the type of the others (bnb_4bit_quant_storage), or they"
            " would not be sharded; their block scales are whole on every GPU."
            if sharding.shards_4bit_weights
            else "4-bit weights are stored in uint8 and whole on every GPU: set"
            " bnb_4bit_quant_storage to the type of the others to shard them."
        )
    lines += _accumulation_words(architecture, settings, sharding)
    if sharding.offload == "optimizer":
        lines.append("Optimizer states and gradients are kept in the host's memory.")
    if sharding.offload == "parameters":
        lines.append("Sharded weights, optimizer states and gradients are in the host's memory.")
    rest = [line for line in assumptions_of(architecture, settings) if line != _SINGLE]
    return (*lines, *rest)


def _accumulation_words(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> list[str]:
    """What gradient accumulation does under FSDP (accelerate 1.15, Accelerator.no_sync)."""
    if settings.gradient_accumulation == 1 or not sharding.is_fsdp:
        return []
    local = local_numerics(settings, sharding)
    whole = unit_gradients_bytes(architecture, local, sharding)
    if not sharding.reduces_each_batch:
        return [f"Gradients stay whole until the last micro-batch: {whole / GB:.1f} GB on each."]
    return [
        "Gradients are reduced after every micro-batch (accelerate's sync_each_batch); its default"
        f" keeps them whole until the last one: {whole / GB:.1f} GB on each GPU."
    ]
