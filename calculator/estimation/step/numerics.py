"""Which width every kind of tensor has, from the method, the recipe and the quantisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import LinearModule
from calculator.estimation.architectures.stacked_adapters import (
    Part,
    StackedAdapter,
    stacked_adapters,
)
from calculator.estimation.settings import ALL_LINEAR, Optimizer, Recipe, TrainingSettings
from calculator.estimation.step.optimizers import step_width

Quantized = Literal["", "nf4", "nf4_double", "int8", "awq", "gptq", "fp8", "mxfp4"]


@dataclass(frozen=True, slots=True)
class Numerics:
    """Widths in bytes, and what is trained. Everything of the settings that shapes a layer.

    base_width: of the 16- or 32-bit weights of linear maps. small_width: of norms and what else is
    not quantised. end_width: of embedding and head. compute_width: what matrix products run in. autocast: linear maps and attention cast
    their inputs and fp32 weights to `compute_width`.
    """

    base_width: int
    small_width: int
    end_width: int
    compute_width: int
    autocast: bool
    trains_base: bool
    quantized: Quantized
    rank: int
    targets: tuple[str, ...]
    """LoRA's target modules; ("all-linear",) for all."""
    adapter_width: int
    dropout: bool
    fused_kernels: bool
    checkpointing: bool
    loss: str
    loss_version: str
    keeps_map_inputs: bool
    """Whether the graph holds the input of each 4-bit product (bitsandbytes before 0.43.2)."""
    dequantizes_to_fp16: bool
    """Whether a 4-bit weight is fp16 on its way to the compute width (before 0.43)."""
    reentrant: bool
    """Whether checkpointed layers run without a graph in the forward pass."""
    keeps_logits: bool
    accumulates: bool
    attention: str
    experts: str
    """As the setting, where experts are quantised or modules of their own; else by their width."""
    expert_targets: str
    splits_expert_lora: bool
    offload: str
    packs: bool
    trains_embedding: bool
    trains_head: bool
    dora: bool
    step_in_backward_width: float | None
    """Bytes an element that an optimizer step takes which follows each gradient; None: no such."""

    def targets_module(self, module: LinearModule) -> bool:
        """Whether an adapter is attached to a linear module."""
        if not self.rank:
            return False
        if self.expert_targets.startswith("per_expert") and module.of_routed_expert:
            return True
        if any(module.is_named_by(target) for target in self.targets if "." in target):
            return True
        if self.expert_targets == "none" and module.of_expert:
            return False
        names_mean_stacks = self.expert_targets == "auto" and self.experts != "linear"
        if names_mean_stacks and not module.adaptable:
            return False
        return self.targets == (ALL_LINEAR,) or module.name in self.targets

    def stacked_adapters(self, architecture: Architecture) -> dict[Part, StackedAdapter]:
        """The adapters of one layer's stacked experts and router."""
        if self.experts == "linear":
            return {}
        return stacked_adapters(architecture, self.targets, self.rank, self.expert_targets)

    def of_layers(self) -> Numerics:
        """The same for what a layer depends on, and plain for what only the ends of the model do.

        Runs that differ in their loss alone then share their layers (`run_layer`).
        """
        return replace(
            self,
            loss="standard",
            loss_version="",
            keeps_logits=False,
            offload="none",
            packs=False,
            trains_embedding=False,
            trains_head=False,
        )

    def of_saved(self) -> Numerics:
        """The same for what a layer saves at the least, and plain for what can only add to it.

        A lower rank makes narrower tensors of the same operations; dropout and DoRA add tensors.
        """
        return replace(
            self.of_layers(),
            rank=min(self.rank, 1),
            dropout=False,
            dora=False,
            checkpointing=False,
            reentrant=False,
            accumulates=False,
            step_in_backward_width=None,
        )

    @property
    def quantizes_experts(self) -> bool:
        return bool(self.quantized) and self.experts in ("quantized", "quantized_kept", "linear")

    @property
    def quantizes_linear_maps(self) -> bool:
        """MXFP4 is of experts alone (gpt-oss)."""
        return self.quantized not in ("", "mxfp4")

    @property
    def expert_width(self) -> int:
        """Of a stacked expert's weights as a product takes them.

        Axolotl's 8-bit stacks are dequantised to fp32 (axolotl/monkeypatch/moe_quant.py;
        bitsandbytes/_ops.py, int8_vectorwise_dequant).
        """
        if not self.quantized:
            return self.base_width
        if self.experts == "widened":
            return self.small_width
        if self.experts == "quantized_kept" and self.quantized == "int8":
            return 4
        return self.base_width

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
        settings.casts_ends_back,
        settings.lora_rank,
        settings.lora_targets,
        settings.adapter_precision,
        settings.lora_dropout > 0,
        settings.kernels == "fused",
        settings.gradient_checkpointing,
        settings.loss,
        settings.loss_version,
        settings.bitsandbytes_version,
        settings.reentrant_checkpoints,
        settings.keeps_logits,
        settings.gradient_accumulation > 1,
        settings.attention,
        settings.experts,
        settings.expert_targets,
        settings.expert_lora == "split",
        settings.activation_offload,
        settings.padding_free,
        settings.optimizer if settings.steps_in_backward else None,
        settings.modules_to_save,
        settings.use_dora,
    )


@lru_cache(maxsize=4096)
def _numerics(
    method: str,
    recipe: Recipe,
    quantization: Quantized,
    prepare_kbit: bool,
    casts_ends_back: bool,
    rank: int,
    targets: str | tuple[str, ...],
    adapter_precision: str,
    dropout: bool,
    fused_kernels: bool,
    checkpointing: bool,
    loss: str,
    loss_version: str,
    bitsandbytes_version: str,
    reentrant: bool,
    keeps_logits: bool,
    accumulates: bool,
    attention: str,
    experts: str,
    expert_targets: str,
    splits_expert_lora: bool,
    offload: str,
    packs: bool,
    optimizer_in_backward: Optimizer | None,
    modules_to_save: str,
    dora: bool,
) -> Numerics:
    full, quantized = method == "full", method == "qlora"
    autocast = recipe in ("bf16_autocast", "fp16_autocast")
    four_bit = quantization in ("nf4", "nf4_double")
    compute = 4 if recipe == "fp32" else 2
    base = 4 if recipe == "fp32" or (full and autocast) else 2
    adapter = 4 if adapter_precision == "fp32" or recipe == "fp32" else 2
    step_in_backward = None
    if optimizer_in_backward is not None:
        step_in_backward = step_width(base if full else adapter, optimizer_in_backward, recipe)
    if isinstance(targets, str):
        targets = (targets,)
    return Numerics(
        base_width=base,
        small_width=4 if quantized and prepare_kbit else base,
        end_width=4 if quantized and prepare_kbit and not casts_ends_back else base,
        compute_width=compute,
        autocast=autocast,
        trains_base=full,
        quantized=quantization if quantized else "",
        rank=0 if full else rank,
        targets=() if full else tuple(sorted(targets)),
        adapter_width=adapter,
        dropout=not full and dropout,
        fused_kernels=fused_kernels,
        checkpointing=checkpointing,
        loss=loss,
        loss_version=loss_version,
        keeps_map_inputs=quantized and four_bit and bitsandbytes_version != "0.43.2",
        dequantizes_to_fp16=(
            quantized and four_bit and bitsandbytes_version == "0.42" and recipe != "fp16_autocast"
        ),
        reentrant=checkpointing and reentrant,
        keeps_logits=keeps_logits,
        accumulates=accumulates,
        attention=attention,
        experts=experts if quantized or experts == "linear" else "16bit",
        expert_targets="auto" if full else expert_targets,
        splits_expert_lora=not full and splits_expert_lora,
        offload=offload,
        packs=packs,
        trains_embedding=full or modules_to_save in ("embeddings", "embeddings_and_head"),
        trains_head=full or modules_to_save in ("head", "embeddings_and_head"),
        dora=dora and not full,
        step_in_backward_width=step_in_backward,
    )
