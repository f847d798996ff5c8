"""One fine-tuning step of a transformers model, as estimates describe it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import peft
import torch
import transformers
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedConfig

from validation.tracing.case import Case
from validation.tracing.other_steps import MuonBesideAdamw, StepsInBackward
from validation.tracing.quantized_experts import quantize_experts, split_experts
from validation.tracing.quantized_linear import (
    AdaptedQuantizedLinear,
    QuantizedLinear,
    quantize,
)

STEP_COUNT = 2


def compute_dtype(case: Case) -> torch.dtype:
    return {"fp32": torch.float32, "fp16_autocast": torch.float16}.get(case.recipe, torch.bfloat16)


def load_dtype(case: Case) -> torch.dtype:
    """Of the weights as loaded: fp32 for full fine-tuning under autocast."""
    if case.method == "full" and autocasts(case):
        return torch.float32
    return compute_dtype(case)


def autocasts(case: Case) -> bool:
    return case.recipe in ("bf16_autocast", "fp16_autocast")


def build_model(case: Case, config: PreTrainedConfig) -> nn.Module:
    """The model with random weights, quantised by stand-ins, with adapters as the case says."""
    model = AutoModelForCausalLM.from_config(config, dtype=load_dtype(case))
    if case.experts == "linear":
        split_experts(
            model, case.quantization, compute_dtype(case), quantized=case.method == "qlora"
        )
    if case.method == "qlora":
        if case.experts.startswith("quantized"):
            quantize_experts(model, case.experts, case.quantization)
        quantize(model, case.quantization, compute_dtype(case), case.bitsandbytes_version)
        model.is_loaded_in_4bit = True
    return adapted(case, model)


def adapted(case: Case, model: nn.Module) -> nn.Module:
    """The model prepared for training: k-bit preparation, checkpointing, adapters."""
    if case.method == "qlora" and case.prepare_kbit:
        model = peft.prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    if case.gradient_checkpointing:
        model.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": case.reentrant_checkpoints}
        )
    if case.method != "full":
        targets: Any = case.lora_targets
        if targets != "all-linear":
            targets = targets.split("+")
        adapters = peft.LoraConfig(
            r=case.lora_rank,
            lora_alpha=case.lora_rank,
            lora_dropout=case.lora_dropout,
            target_modules=targets,
            task_type="CAUSAL_LM",
            use_dora=case.use_dora,
            modules_to_save=_modules_to_save(case, model),
            target_parameters=STACKS if case.expert_targets == "per_expert" else None,
        )
        adapters._register_custom_module({QuantizedLinear: AdaptedQuantizedLinear})
        model = peft.get_peft_model(
            model, adapters, autocast_adapter_dtype=case.adapter_precision == "fp32"
        )
        _renew_copies(model)
    if case.casts_ends_back:
        _cast_ends_back(model)
    model.train()
    return model


def _cast_ends_back(model: nn.Module) -> None:
    """As TRL until 0.21 (trainer/utils.py, peft_module_casting_to_bf16)."""
    for name, module in model.named_modules():
        if isinstance(module, nn.LayerNorm) or "norm" in name:
            module.to(torch.float32)
        elif any(end in name for end in ("lm_head", "embed_tokens", "wte", "wpe")):
            weight = getattr(module, "weight", None)
            if weight is not None and weight.dtype == torch.float32:
                module.to(torch.bfloat16)


def _renew_copies(model: nn.Module) -> None:
    """Fake parameters that were copied deeply have two storages, one of them in every view."""
    for wrapper in model.modules():
        if isinstance(wrapper, peft.utils.ModulesToSaveWrapper):
            for copy in wrapper.modules_to_save.values():
                for name, old in list(copy.named_parameters(recurse=False)):
                    copy.register_parameter(name, nn.Parameter(torch.empty_like(old)))


STACKS = ["experts.gate_up_proj", "experts.down_proj"]


def _modules_to_save(case: Case, model: nn.Module) -> list[str] | None:
    """The names of embedding and head that the case trains whole."""
    ends = {
        "embeddings": model.get_input_embeddings(),
        "head": model.get_output_embeddings(),
    }
    wanted = [ends[end] for end in ends if end in case.modules_to_save]
    return [name for name, module in model.named_modules() if module in wanted] or None


def build_optimizer(case: Case, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer of the case; its 8-bit and paged ones need bitsandbytes and a GPU."""
    if case.optimizer in ("adamw", "adamw_foreach"):
        return torch.optim.AdamW(
            parameters, lr=1e-4, foreach=case.optimizer == "adamw_foreach", fused=False
        )
    if case.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=1e-4, foreach=False)
    if case.optimizer == "adafactor":
        return transformers.optimization.Adafactor(
            parameters, lr=1e-4, relative_step=False, scale_parameter=False
        )
    import bitsandbytes

    made = {
        "adamw_8bit": bitsandbytes.optim.AdamW8bit,
        "paged_adamw_8bit": bitsandbytes.optim.PagedAdamW8bit,
        "lion": bitsandbytes.optim.Lion,
    }[case.optimizer]
    return made(parameters, lr=1e-4)


def run_steps(
    case: Case,
    model: nn.Module,
    config: PreTrainedConfig,
    device: str,
    enter: Callable[[str], None],
) -> None:
    """Run two steps, telling `enter` which phase begins.

    Only the loss survives the forward pass, unless the case keeps the logits; gradients are set
    to None after the optimizer's step.
    """
    parameters = [item for item in model.parameters() if item.requires_grad]
    if case.optimizer_in_backward:
        optimizer = StepsInBackward(case, parameters)
    elif case.optimizer == "muon":
        optimizer = MuonBesideAdamw(case, model)
    else:
        optimizer = build_optimizer(case, parameters)
    shape = (case.micro_batch, case.sequence_length)
    with _phases_around_the_head(model, enter):
        for _ in range(STEP_COUNT):
            for _ in range(case.gradient_accumulation):
                enter("forward")
                input_ids = torch.randint(0, config.vocab_size, shape, device=device)
                labels = input_ids.clone()
                context = (
                    torch.autocast(device, dtype=compute_dtype(case))
                    if autocasts(case)
                    else nullcontext()
                )
                with context:
                    output = model(input_ids, labels=labels)
                    loss = output.loss
                    if not case.keeps_logits:
                        del output
                loss.backward()
                del loss
                output = None
            enter("optimizer_step")
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            gc.collect()


@contextmanager
def _phases_around_the_head(model: nn.Module, enter: Callable[[str], None]) -> Iterator[None]:
    """ "loss" is from the final norm on until its backward pass is done."""

    def before(module: nn.Module, inputs: tuple[Any, ...]) -> None:
        enter("loss")
        hidden = inputs[0]
        if hidden.requires_grad:
            hidden.register_hook(_leave)

    def _leave(gradient: torch.Tensor) -> None:
        enter("backward")

    handle = _final_norm(model).register_forward_pre_hook(before)
    try:
        yield
    finally:
        handle.remove()


def _final_norm(model: nn.Module) -> nn.Module:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    body = base.base_model
    if body is base:  # Llama 4's text model stands under another name than its class says
        body = base.model
    body = getattr(body, "decoder", body)  # OPT's
    for name in (
        "norm",
        "final_layernorm",
        "final_layer_norm",
        "ln_f",
        "embedding_norm",
        "norm_f",
    ):
        if hasattr(body, name):
            return getattr(body, name)
    raise LookupError(f"{type(body).__name__} has no final norm that is known here.")
