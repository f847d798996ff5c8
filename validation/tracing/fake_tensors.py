"""Traces a step on fake tensors: true shapes and types, no data, no memory, no GPU.

Where code asks for a value that a fake tensor does not have, or takes another path because it
is being traced or is on a CPU, it gets the answer that it would get on a GPU.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import PreTrainedConfig, masking_utils
from transformers.integrations import moe

from validation.tracing.autocast import autocast_as_on_a_gpu
from validation.tracing.live_bytes import LiveBytes
from validation.tracing.training_step import Case, build_model, run_steps


def trace(case: Case, config: PreTrainedConfig) -> tuple[int, dict[str, int], int]:
    """Resident bytes before the first step, the peak of each phase, and trained parameters."""
    answer_for_fake_tensors()
    take_the_paths_of_a_gpu()
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = build_model(case, config)
        live = LiveBytes()
        for tensor in [*model.parameters(), *model.buffers()]:
            live.track(tensor)
        resident_bytes = live.live_bytes
        trained_count = sum(p.numel() for p in model.parameters() if p.requires_grad)
        with live:
            run_steps(case, model, config, "cpu", live.enter)
    peaks = {phase: size for phase, size in live.peak_bytes_of.items() if phase != "setup"}
    return resident_bytes, peaks, trained_count


def answer_for_fake_tensors() -> None:
    """Replace what would ask a fake tensor for its values."""
    # AdamW reads its step count; its value changes no size.
    for name in ("torch.optim.adam", "torch.optim.optimizer"):
        module = importlib.import_module(name)
        module._get_value = lambda number: 1.0  # type: ignore[attr-defined]
    # Position ids are 0, 1, 2, …: not packed sequences, so no mask is made for them.
    masking_utils.find_packed_sequence_indices = lambda position_ids: None
    # The fake grouped product takes bf16 only.
    moe._grouped_mm = _grouped_product
    # Parameters of fake tensors cannot be swapped, which `module.to(dtype)` does.
    nn.Module._apply = _apply_by_replacing  # type: ignore[method-assign]


def take_the_paths_of_a_gpu() -> None:
    """Replace what runs otherwise on a CPU, with real tensors or fake ones."""
    autocast_as_on_a_gpu()
    # A GPU's dropout is one kernel that keeps a mask of bytes; a CPU's multiplies by noise.
    nn.functional.dropout = _dropout_as_on_a_gpu
    # A GPU has fused attention for value heads of another width (multi-head latent attention).
    nn.functional.scaled_dot_product_attention = _attention_as_on_a_gpu


def _dropout_as_on_a_gpu(
    x: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> torch.Tensor:
    return torch.native_dropout(x, p, True)[0] if training and p else x


_attention = nn.functional.scaled_dot_product_attention


def _attention_as_on_a_gpu(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **options: Any
) -> torch.Tensor:
    if query.shape[1] != key.shape[1] or query.shape[-1] == value.shape[-1]:
        return _attention(query, key, value, **options)
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    mask = options.get("attn_mask")
    if mask is not None:  # a boolean one becomes an additive one of the query's type
        mask = torch.empty_like(mask, dtype=query.dtype)
    return _FusedAttention.apply(query, key, value, mask)


class _FusedAttention(torch.autograd.Function):
    """What PyTorch's memory-efficient attention allocates and saves."""

    @staticmethod
    def forward(
        ctx: Any,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        batch, heads, length, _ = query.shape
        output = query.new_empty(batch, length, heads, value.shape[-1]).transpose(1, 2)
        sums = query.new_empty(batch, heads, length, dtype=torch.float32)
        ctx.save_for_backward(query, key, value, output, sums, mask)
        return output

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        query, key, value, *_ = ctx.saved_tensors
        return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value), None


def _grouped_product(x: torch.Tensor, weight: torch.Tensor, offs: torch.Tensor) -> torch.Tensor:
    x = x.to(weight.dtype)
    if weight.dtype == torch.bfloat16:
        return nn.functional.grouped_mm(x, weight, offs=offs)
    return _GroupedProductOfAnyType.apply(x, weight)


class _GroupedProductOfAnyType(torch.autograd.Function):
    """What a grouped product allocates and, by its derivative, saves (derivatives.yaml)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        needs_x, needs_weight = ctx.needs_input_grad
        ctx.save_for_backward(x if needs_weight else None, weight if needs_x else None)
        ctx.shapes = x.shape, weight.shape
        return x.new_empty(x.shape[0], weight.shape[-1])

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        needed = zip(ctx.needs_input_grad, ctx.shapes, strict=True)
        return tuple(grad.new_empty(shape) if need else None for need, shape in needed)


def _apply_by_replacing(
    module: nn.Module, function: Callable[[Any], Any], recurse: bool = True
) -> nn.Module:
    for child in module.children():
        _apply_by_replacing(child, function)
    for name, parameter in module._parameters.items():
        if parameter is None:
            continue
        with torch.no_grad():
            replaced = function(parameter)
        if replaced is not parameter:
            module._parameters[name] = nn.Parameter(replaced, parameter.requires_grad)
    for name, buffer in module._buffers.items():
        if buffer is not None:
            module._buffers[name] = function(buffer)
    return module
