"""What an estimate takes for granted, in words."""

from __future__ import annotations

from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.settings import ALL_LINEAR, TrainingSettings
from calculator.estimation.step.numerics import numerics_of

_RECIPES = {
    "pure_bf16": "Weights, gradients and optimizer states in bf16, no autocast.",
    "bf16_autocast": "fp32 weights, gradients and optimizer states, computing in bf16 (autocast).",
    "bf16_fp32_master": "bf16 weights and gradients; the optimizer keeps an fp32 copy and moments.",
    "fp16_autocast": "fp32 weights, gradients and optimizer states, computing in fp16 (autocast).",
    "fp32": "Everything in fp32.",
}


_OFFLOADS = {
    "none": "One GPU, nothing offloaded.",
    "checkpoints": "One GPU; the inputs of checkpointed layers are on the host.",
    "saved_tensors": "One GPU; what layers save for the backward pass is on the host.",
}
_QUANTIZATIONS = {
    "nf4": "4-bit (NF4)",
    "nf4_double": "4-bit (NF4, double quantisation)",
    "int8": "8-bit",
    "awq": "4-bit (AWQ, groups of 128)",
    "gptq": "4-bit (GPTQ, groups of 128)",
    "fp8": "8-bit (fp8)",
    "mxfp4": "4-bit in its experts (MXFP4) and 16-bit in all else",
}
_EXPERTS = {
    "quantized": "Experts are quantised like linear maps, as Unsloth does; one stack at a time is"
    " dequantised while it is used.",
    "quantized_kept": "Experts are quantised like linear maps, as Axolotl's quantize_moe_experts"
    " does; a layer's stacks stay dequantised until it is done.",
    "linear": "Each expert has quantised linear maps of its own, as in transformers 4.",
    "16bit": "Experts are stacked parameters in transformers 5: 4-bit loading leaves them in 16"
    " bits.",
    "widened": "Experts are stacked parameters in transformers 5: 4-bit loading leaves them out,"
    " and k-bit preparation widens them to fp32.",
}


def _of_the_step(settings: TrainingSettings) -> list[str]:
    lines = []
    if settings.optimizer_in_backward:
        lines.append(
            "The optimizer steps for each gradient as it comes, and the gradient goes."
            if settings.steps_in_backward
            else "Accumulated gradients have to stay: the optimizer steps after the backward pass."
        )
    if settings.padding_free:
        lines.append(
            "The micro-batch is one row without padding"
            + (
                ", for which SDPA and eager attention take a mask of its length squared."
                if settings.attention in ("sdpa", "eager")
                else "."
            )
        )
    if settings.trains_adapters and settings.modules_to_save != "none":
        named = settings.modules_to_save.replace("_", " ")
        lines.append(f"Copies of the {named} are trained whole beside the adapters.")
    if settings.eval_micro_batch:
        lines.append(
            f"Evaluation runs {settings.eval_micro_batch:,} sequences at once, with whole logits."
        )
    return lines


def _expert_adapters(architecture: Architecture, settings: TrainingSettings) -> list[str]:
    adapted = numerics_of(settings).stacked_adapters(architecture)
    if not adapted:
        if settings.lora_targets == ALL_LINEAR and settings.experts != "linear":
            return ["“all-linear” adapters leave the stacked experts out."]
        return []
    if settings.expert_lora == "split":
        return ["Adapters of stacked experts are grouped products of their own."]
    return [
        "Adapters reach the stacked experts too: peft folds them into a second copy of a layer's"
        " experts while it uses them."
    ]


@lru_cache(maxsize=4096)
def assumptions_of(architecture: Architecture, settings: TrainingSettings) -> tuple[str, ...]:
    """The assumptions of one estimate, most important first."""
    lines = [
        f"Every sequence has {settings.sequence_length:,} tokens: the longest batch decides.",
        _OFFLOADS[settings.activation_offload],
    ]
    if settings.method == "full":
        lines.append(_RECIPES[settings.recipe])
    else:
        base = "frozen"
        if settings.method == "qlora":
            base += " " + _QUANTIZATIONS[settings.quantization]
        lines.append(
            f"The base is {base}; adapters of rank {settings.lora_rank} in"
            f" {settings.adapter_precision} with their gradients and optimizer states."
        )
    if settings.method == "qlora" and settings.prepare_kbit:
        lines.append(
            "Embeddings, head and norms are cast to fp32 by peft's prepare_model_for_kbit_training,"
            " and what the quantised layers make of the norms' output is as wide."
        )
    kind = "reentrant" if settings.reentrant_checkpoints else "non-reentrant"
    lines.append(
        f"Each layer is checkpointed ({kind}) and recomputed in the backward pass."
        if settings.gradient_checkpointing
        else "All activations are kept for the backward pass."
    )
    lines += _of_the_step(settings)
    leaves_graph = not (settings.gradient_checkpointing and settings.reentrant_checkpoints)
    if settings.method == "qlora" and settings.quantization == "int8" and leaves_graph:
        lines.append(
            "bitsandbytes' 8-bit layers keep their inputs until the backward pass is done,"
            " checkpointing or not."
        )
    if settings.loss == "standard":
        taken = 14 if settings.loss_version == "4.46" else 12
        lines.append(
            f"The loss is transformers' own, whose fp32 logits take up to {taken} bytes per token"
            " and vocabulary entry."
        )
    if settings.lora_dropout and settings.trains_adapters:
        lines.append("LoRA dropout keeps a mask and a copy of each adapter's input.")
    if architecture.is_moe:
        lines.append("All experts are resident; activations follow the active ones.")
        if settings.method == "qlora":
            lines.append(_EXPERTS[settings.experts])
        if settings.trains_adapters:
            lines += _expert_adapters(architecture, settings)
    lines += _scans(architecture, settings)
    if architecture.vision_parameter_count:
        lines.append("The vision tower's weights count; its activations do not (text only).")
    if architecture.parameter_scale_fraction != 1.0:
        lines.append("A typical architecture of this size, interpolated between published ones.")
    return tuple(lines)


@lru_cache(maxsize=1024)
def _attention_kinds(architecture: Architecture) -> frozenset[str]:
    return frozenset(attention for attention, _ in architecture.layer_kinds())


def _scans(architecture: Architecture, settings: TrainingSettings) -> list[str]:
    """How layers run for which there are kernels in packages of their own."""
    kinds = _attention_kinds(architecture)
    lines = []
    for words, package, names in (
        ("Linear-attention layers", "flash-linear-attention", {"linear"}),
        ("Mamba-2 layers", "mamba-ssm", {"mamba", "mamba_and_full"}),
    ):
        if not kinds & names or architecture.traits.lightning:
            continue
        lines.append(
            f"{words} run by the kernels of {package} and causal-conv1d."
            if settings.kernels == "fused"
            else f"{words} run as transformers' own PyTorch code: {package} and causal-conv1d,"
            " which take less, are not installed."
        )
    if settings.trains_adapters and kinds & {"mamba", "mamba_and_full"}:
        if not architecture.traits.adapts_mamba_output:
            lines.append("peft puts no adapter on the last map of a Mamba-2 layer.")
        elif settings.kernels == "fused":
            lines.append("mamba-ssm passes by an adapter on the last map of a Mamba-2 layer.")
    return lines
