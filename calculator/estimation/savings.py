"""The changes that would save most memory, each found by running the estimate again.

A saving is the difference of two estimates' device bytes, never a share from a table, so it is
that of this model and these settings: halving the length saves much where activations decide and
nothing where the optimizer step does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.estimate import Estimate, estimate
from calculator.estimation.lora_targets import module_names
from calculator.estimation.settings import ALL_LINEAR, TrainingSettings

# Less than this is lost in the range of the estimate itself.
SMALLEST_SAVING_FRACTION = 0.01
SMALLEST_RANK = 8
ATTENTION_TARGETS = ("q_proj", "v_proj")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the settings, what it does in words, and what it costs."""

    words: str
    cost: str
    settings: TrainingSettings


@dataclass(frozen=True, slots=True)
class Saving:
    """What a change saves: likely device bytes, and bytes allocated at the peak."""

    change: Change
    device_bytes: int
    peak_allocated_bytes: int


def largest_savings(
    architecture: Architecture, settings: TrainingSettings, *, limit: int = 4
) -> tuple[Saving, ...]:
    """The changes that save most device bytes, most first; none that saves less than 1 %."""
    now = estimate(architecture, settings)
    savings = [_saving(architecture, now, change) for change in changes(architecture, settings)]
    worthwhile = [
        saving
        for saving in savings
        if saving.device_bytes >= SMALLEST_SAVING_FRACTION * now.device_bytes.likely
        and saving.peak_allocated_bytes > 0
    ]
    worthwhile.sort(key=lambda saving: -saving.device_bytes)
    return tuple(worthwhile[:limit])


def _saving(architecture: Architecture, now: Estimate, change: Change) -> Saving:
    then = estimate(architecture, change.settings)
    return Saving(
        change,
        now.device_bytes.likely - then.device_bytes.likely,
        now.peak_allocated_bytes - then.peak_allocated_bytes,
    )


def changes(architecture: Architecture, settings: TrainingSettings) -> Iterator[Change]:
    """Every single change that may save memory with these settings."""
    yield from _method_changes(settings)
    yield from _step_changes(settings)
    yield from _optimizer_changes(settings)
    if settings.trains_adapters:
        yield from _adapter_changes(architecture, settings)
    if settings.method == "qlora":
        yield from _quantization_changes(settings)


def _method_changes(settings: TrainingSettings) -> Iterator[Change]:
    if settings.method == "full":
        yield Change(
            "Train LoRA adapters instead of all weights",
            "The base model stays as it is.",
            replace(settings, method="lora"),
        )
    if settings.method == "lora":
        yield Change(
            "Hold the base in 4 bits: QLoRA",
            "Each step dequantises the weights and takes longer.",
            replace(settings, method="qlora"),
        )


def _step_changes(settings: TrainingSettings) -> Iterator[Change]:
    if not settings.gradient_checkpointing:
        yield Change(
            "Turn gradient checkpointing on",
            "The forward pass of each layer runs twice.",
            replace(settings, gradient_checkpointing=True),
        )
    if settings.loss != "chunked":
        yield Change(
            "Compute the loss in chunks, as Liger’s fused linear cross-entropy does",
            "Needs a trainer or a kernel that does.",
            replace(settings, loss="chunked", keeps_logits=False),
        )
    if settings.keeps_logits and settings.loss == "standard":
        yield Change(
            "Drop the model’s outputs before the backward pass",
            "No metrics over the logits while training.",
            replace(settings, keeps_logits=False),
        )
    if settings.kernels != "fused":
        yield Change(
            "Use fused kernels, as in Liger or Unsloth",
            "The architecture has to be one that they know.",
            replace(settings, kernels="fused"),
        )
    if settings.attention == "eager":
        yield Change(
            "Use SDPA or flash attention instead of eager",
            "No attention weights to look at.",
            replace(settings, attention="sdpa"),
        )
    if settings.micro_batch > 1:
        smaller = settings.micro_batch // 2
        yield Change(
            f"Use a micro-batch of {smaller:,} instead of {settings.micro_batch:,}",
            "More steps of gradient accumulation for the same batch.",
            replace(settings, micro_batch=smaller),
        )
    if settings.sequence_length > 1:
        shorter = settings.sequence_length // 2
        yield Change(
            f"Cut sequences to {shorter:,} tokens instead of {settings.sequence_length:,}",
            "Longer examples are cut or split.",
            replace(settings, sequence_length=shorter),
        )
    yield from _recipe_changes(settings)


def _recipe_changes(settings: TrainingSettings) -> Iterator[Change]:
    if settings.method == "full" and settings.recipe != "pure_bf16":
        yield Change(
            "Hold weights, gradients and optimizer states in bf16",
            "Small updates may be rounded away.",
            replace(settings, recipe="pure_bf16"),
        )
    if settings.recipe == "fp32":
        yield Change(
            "Compute in bf16 under autocast instead of fp32",
            "The GPU has to support bf16.",
            replace(settings, recipe="bf16_autocast"),
        )


def _optimizer_changes(settings: TrainingSettings) -> Iterator[Change]:
    if settings.optimizer == "adamw_foreach":
        yield Change(
            "Use fused or per-tensor AdamW instead of for-each",
            "The per-tensor one takes longer per step; the fused one does not.",
            replace(settings, optimizer="adamw"),
        )
    if settings.optimizer in ("adamw", "adamw_foreach", "lion"):
        yield Change(
            "Use 8-bit AdamW",
            "Optimizer states are quantised; needs bitsandbytes.",
            replace(settings, optimizer="adamw_8bit"),
        )
    if settings.optimizer == "adamw_8bit":
        yield Change(
            "Use paged 8-bit AdamW",
            "Optimizer states move to the host when the card is full, which is slow.",
            replace(settings, optimizer="paged_adamw_8bit"),
        )


def _adapter_changes(architecture: Architecture, settings: TrainingSettings) -> Iterator[Change]:
    if settings.lora_rank > SMALLEST_RANK:
        rank = max(SMALLEST_RANK, settings.lora_rank // 2)
        yield Change(
            f"Use rank {rank:,} instead of {settings.lora_rank:,}",
            "Adapters can express less.",
            replace(settings, lora_rank=rank),
        )
    if settings.lora_targets == ALL_LINEAR and set(ATTENTION_TARGETS) <= set(
        module_names(architecture)
    ):
        yield Change(
            "Put adapters on q_proj and v_proj alone",
            "Often a little worse than adapters on all linear layers.",
            replace(settings, lora_targets=ATTENTION_TARGETS),
        )
    if settings.lora_dropout:
        yield Change(
            "Train without LoRA dropout",
            "One guard less against overfitting.",
            replace(settings, lora_dropout=0.0),
        )


def _quantization_changes(settings: TrainingSettings) -> Iterator[Change]:
    if settings.quantization != "nf4_double":
        yield Change(
            "Quantise the quantisation constants too (double quantisation)"
            if settings.quantization == "nf4"
            else "Load the base in 4 bits (NF4) instead of 8",
            "Next to nothing, as the QLoRA paper found."
            if settings.quantization == "nf4"
            else "The base is coarser.",
            replace(settings, quantization="nf4_double"),
        )
    if settings.prepare_kbit:
        yield Change(
            "Leave embeddings, head and norms in 16 bits (no k-bit preparation)",
            "Training can be less stable.",
            replace(settings, prepare_kbit=False),
        )
