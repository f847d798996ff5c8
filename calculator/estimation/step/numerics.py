"""Which width every kind of tensor has, from the method, the recipe and the quantisation."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from calculator.estimation.architectures.linear_modules import LinearModule
from calculator.estimation.settings import ALL_LINEAR, TrainingSettings

Quantized = Literal["", "nf4", "nf4_double", "int8"]


@dataclass(frozen=True, slots=True)
class Numerics:
    """Widths in bytes, and what is trained. Everything of the settings that shapes a layer.

    base_width: of the 16- or 32-bit weights of linear maps. small_width: of norms, embeddings and
    the head. compute_width: what matrix products run in. autocast: linear maps and attention cast
    their inputs and fp32 weights to `compute_width`.
    """

    base_width: int
    small_width: int
    compute_width: int
    autocast: bool
    trains_base: bool
    quantized: Quantized
    rank: int
    targets: tuple[str, ...]
    """LoRA's target modules; ("all-linear",) for all."""
    adapter_width: int
    dropout: bool
    eager_attention: bool
    fused_kernels: bool
    checkpointing: bool
    loss: str
    loss_version: str
    keeps_logits: bool
    accumulates: bool

    def targets_module(self, module: LinearModule) -> bool:
        """Whether an adapter is attached to a linear module."""
        if not self.rank or not module.adaptable:
            return False
        return self.targets == (ALL_LINEAR,) or module.name in self.targets

    def function_width(self, width: int) -> int:
        """Of what layer_norm, pow, softplus and expm1 take and give, given that width.

        Autocast runs them in fp32 on a GPU (aten/src/ATen/autocast_mode.h, AT_FORALL_FP32).
        """
        return 4 if self.autocast else width


def numerics_of(settings: TrainingSettings) -> Numerics:
    """The numerics of a run.

    Full fine-tuning: "pure_bf16" and "bf16_fp32_master" hold bf16 weights and compute in bf16
    without autocast; "bf16_autocast" and "fp16_autocast" hold fp32 weights; "fp32" is fp32.
    LoRA and QLoRA: the frozen base is 16-bit (fp32 with "fp32"), adapters have their own width,
    and the autocast recipes run under autocast. `prepare_model_for_kbit_training` of peft casts
    all parameters that are not quantised to fp32.
    """
    return _numerics(
        settings.method,
        settings.recipe,
        settings.quantization,
        settings.prepare_kbit,
        settings.lora_rank,
        settings.lora_targets,
        settings.adapter_precision,
        settings.lora_dropout > 0,
        settings.attention == "eager",
        settings.kernels == "fused",
        settings.gradient_checkpointing,
        settings.loss,
        settings.loss_version,
        settings.keeps_logits,
        settings.gradient_accumulation > 1,
    )


@lru_cache(maxsize=4096)
def _numerics(
    method: str,
    recipe: str,
    quantization: Quantized,
    prepare_kbit: bool,
    rank: int,
    targets: str | tuple[str, ...],
    adapter_precision: str,
    dropout: bool,
    eager: bool,
    fused_kernels: bool,
    checkpointing: bool,
    loss: str,
    loss_version: str,
    keeps_logits: bool,
    accumulates: bool,
) -> Numerics:
    full, quantized = method == "full", method == "qlora"
    autocast = recipe in ("bf16_autocast", "fp16_autocast")
    compute = 4 if recipe == "fp32" else 2
    base = 4 if recipe == "fp32" or (full and autocast) else 2
    if isinstance(targets, str):
        targets = (targets,)
    return Numerics(
        base_width=base,
        small_width=4 if quantized and prepare_kbit else base,
        compute_width=compute,
        autocast=autocast,
        trains_base=full,
        quantized=quantization if quantized else "",
        rank=0 if full else rank,
        targets=() if full else tuple(sorted(targets)),
        adapter_width=4 if adapter_precision == "fp32" or recipe == "fp32" else 2,
        dropout=not full and dropout,
        eager_attention=eager,
        fused_kernels=fused_kernels,
        checkpointing=checkpointing,
        loss=loss,
        loss_version=loss_version,
        keeps_logits=keeps_logits,
        accumulates=accumulates,
    )
