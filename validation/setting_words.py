"""A run's settings in words, as the accuracy page prints them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.lora_targets import module_names
from calculator.estimation.settings import TrainingSettings

_RECIPES = {
    "pure_bf16": "bf16 throughout",
    "bf16_autocast": "bf16 autocast",
    "bf16_fp32_master": "bf16 with an fp32 master copy",
    "fp16_autocast": "fp16 autocast",
    "fp32": "fp32",
}
_OPTIMIZERS = {
    "adamw": "AdamW",
    "adamw_foreach": "AdamW (for-each)",
    "adamw_8bit": "8-bit AdamW",
    "paged_adamw_8bit": "paged 8-bit AdamW",
    "adafactor": "Adafactor",
    "lion": "Lion",
    "sgd": "SGD",
    "paged_adamw": "paged AdamW",
    "adamw_torchao_8bit": "torchao’s 8-bit AdamW",
    "adamw_torchao_4bit": "torchao’s 4-bit AdamW",
    "lion_8bit": "8-bit Lion",
    "galore_adamw": "GaLore",
    "galore_adamw_8bit": "8-bit GaLore",
    "apollo_adamw": "APOLLO",
    "muon": "Muon",
}
_PROJECTED = ("galore_adamw", "galore_adamw_8bit", "apollo_adamw")
_QUANTIZATIONS = {
    "nf4": "NF4",
    "nf4_double": "NF4 with double quantisation",
    "int8": "8-bit",
    "awq": "AWQ",
    "gptq": "GPTQ",
    "fp8": "fp8",
    "mxfp4": "MXFP4",
}
_EXPERTS = {
    "quantized_kept": "quantised experts, dequantised for the whole layer",
    "linear": "experts as linear maps",
    "16bit": "experts in 16 bits",
    "widened": "experts widened to fp32",
}
_EXPERT_TARGETS = {
    "none": "no adapters on experts",
    "per_expert": "adapters on each expert",
    "per_expert_and_router": "adapters on each expert and the router",
}
_ATTENTIONS = {
    "eager": "eager attention",
    "flash_attention_2": "FlashAttention 2",
    "flex_attention": "flex attention",
}
_OFFLOADS = {
    "checkpoints": "checkpoints on the host",
    "saved_tensors": "saved activations on the host",
}
_MODULES = {
    "embeddings": "embedding trained too",
    "head": "head trained too",
    "embeddings_and_head": "embedding and head trained too",
}


def said_of(architecture: Architecture, settings: TrainingSettings) -> TrainingSettings:
    """The settings without what changes nothing: of experts where there are none, and targets that
    the model lacks, which the calculator refuses."""
    if not isinstance(settings.lora_targets, str):
        known = module_names(architecture)
        targets = tuple(name for name in settings.lora_targets if name in known)
        settings = replace(settings, lora_targets=targets or settings.lora_targets)
    if not architecture.is_moe:
        return replace(settings, experts="quantized", expert_targets="auto", expert_lora="folded")
    return settings if settings.method == "qlora" else replace(settings, experts="quantized")


def settings_in_words(settings: TrainingSettings) -> str:
    """“4 × 2,048 tokens, checkpointing, bf16 throughout, AdamW (for-each)” and what differs."""
    return ", ".join(_words(settings))


def _words(settings: TrainingSettings) -> Iterator[str]:
    yield f"{settings.micro_batch} × {settings.sequence_length:,} tokens"
    if settings.padding_free:
        yield "padding-free"
    yield "checkpointing" if settings.gradient_checkpointing else "no checkpointing"
    if settings.gradient_checkpointing and settings.reentrant_checkpoints:
        yield "reentrant"
    if settings.activation_offload != "none":
        yield _OFFLOADS[settings.activation_offload]
    if settings.trains_adapters:
        yield from _adapter_words(settings)
    if settings.method == "qlora":
        yield _QUANTIZATIONS[settings.quantization]
        if settings.prepare_kbit:
            yield "prepared for k-bit training"
        if settings.prepare_kbit and settings.casts_ends_back:
            yield "embedding and head cast back"
        if settings.bitsandbytes_version != "0.43.2":
            yield f"bitsandbytes {settings.bitsandbytes_version}"
        if settings.experts != "quantized":
            yield _EXPERTS[settings.experts]
    yield _RECIPES[settings.recipe]
    yield _OPTIMIZERS[settings.optimizer]
    if settings.optimizer in _PROJECTED:
        yield f"projected to rank {settings.projection_rank}"
    if settings.optimizer_in_backward:
        yield "optimizer in the backward pass"
    if settings.gradient_accumulation > 1:
        yield f"{settings.gradient_accumulation} accumulation steps"
    if settings.attention != "sdpa":
        yield _ATTENTIONS[settings.attention]
    yield from _loss_words(settings)


def _short(target: str) -> str:
    name = target.removesuffix("_proj")
    return name if name in ("q", "k", "v", "o", "gate", "up", "down") else target


def _adapter_words(settings: TrainingSettings) -> Iterator[str]:
    targets = settings.lora_targets
    where = "all linear maps" if isinstance(targets, str) else ", ".join(map(_short, targets))
    yield f"rank {settings.lora_rank} on {where}"
    if settings.use_dora:
        yield "DoRA"
    if settings.expert_targets != "auto":
        yield _EXPERT_TARGETS[settings.expert_targets]
    if settings.expert_lora == "split":
        yield "expert adapters computed beside"
    if settings.lora_dropout:
        yield f"dropout {settings.lora_dropout:g}"
    yield f"{settings.adapter_precision} adapters"
    if settings.modules_to_save != "none":
        yield _MODULES[settings.modules_to_save]


def _loss_words(settings: TrainingSettings) -> Iterator[str]:
    if settings.loss != "standard":
        yield f"{settings.loss} loss"
    if settings.loss_version != "4.50":
        yield f"loss as in transformers {settings.loss_version}"
    if settings.kernels != "standard":
        yield f"{settings.kernels} kernels"
    if settings.keeps_logits:
        yield "logits kept"
    if settings.eval_micro_batch:
        yield f"evaluation of {settings.eval_micro_batch} sequences"
    if settings.eval_keeps_logits:
        yield "their logits kept"
