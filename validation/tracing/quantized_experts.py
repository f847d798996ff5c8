"""Stand-ins for experts of a mixture that are not left to transformers as 16-bit stacks.

They hold packed weights with their scales, and allocate, save and give back what the code of the
trainers does on a GPU: Axolotl's parametrisation and Unsloth's grouped product for stacks, and
transformers 4's loop over experts that are modules.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from validation.tracing.quantized_linear import NESTED_BLOCK, NF4_BLOCK, QuantizedLinear

STACKS = ("gate_up_proj", "down_proj")


def quantize_experts(model: nn.Module, experts: str, quantization: str) -> None:
    """Quantise every stack of experts, kept packed for the product or parametrised."""
    for module in _stacked(model):
        for name in STACKS:
            stack = getattr(module, name)
            _hold_scales(module, name, stack, quantization)
            if experts == "quantized":
                shape = (*stack.shape[:-1], stack.shape[-1] // 2)
                packed = nn.Parameter(torch.empty(shape, dtype=torch.uint8), requires_grad=False)
                setattr(module, name, packed)
            else:
                _parametrize(module, name, stack, quantization)
        if experts == "quantized_kept":
            module.register_forward_pre_hook(_enter_cache)
            module.register_forward_hook(_leave_cache, always_call=True)


def split_experts(
    model: nn.Module, quantization: str, compute_dtype: torch.dtype, *, quantized: bool
) -> None:
    """Give every expert linear maps of its own, as transformers 4 has them."""
    stacked = set(_stacked(model))
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if child in stacked:
                made = _Experts(child)
                if quantized:
                    made.quantize(quantization, compute_dtype)
                setattr(parent, name, made)


class RecomputingProduct(torch.autograd.Function):
    """x times the dequantised stack, dequantised again in the backward pass.

    Source: unsloth_zoo/temporary_patches/moe_utils.py, _GroupedMMRecompute.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, packed: torch.Tensor) -> torch.Tensor:
        ctx.shape, ctx.output_size = x.shape, packed.shape[-1]
        ctx.expert_count = packed.shape[0]
        weight = x.new_empty(ctx.expert_count, x.shape[-1], ctx.output_size)
        output = x.new_empty(x.shape[0], ctx.output_size)
        del weight
        return output

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        weight = grad.new_empty(ctx.expert_count, ctx.shape[-1], ctx.output_size)
        result = grad.new_empty(ctx.shape)
        del weight
        return result, None


class _Dequantizing(nn.Module):
    """bitsandbytes/nn/parametrize.py, and for 8 bits axolotl/monkeypatch/moe_quant.py."""

    def __init__(self, shape: torch.Size, dtype: torch.dtype) -> None:
        super().__init__()
        self.shape, self.dtype = shape, dtype

    @torch.no_grad()
    def forward(self, packed: torch.Tensor) -> torch.Tensor:
        return torch.empty(self.shape, dtype=self.dtype)


def _parametrize(module: nn.Module, name: str, stack: torch.Tensor, quantization: str) -> None:
    eight_bit = quantization == "int8"
    count = stack.numel() if eight_bit else stack.numel() // 2
    dtype = torch.int8 if eight_bit else torch.uint8
    packed = nn.Parameter(torch.empty(count, dtype=dtype), requires_grad=False)
    setattr(module, name, packed)
    parametrize.register_parametrization(
        module,
        name,
        _Dequantizing(stack.shape, torch.float32 if eight_bit else stack.dtype),
        unsafe=True,
    )


def _hold_scales(module: nn.Module, name: str, stack: torch.Tensor, quantization: str) -> None:
    if quantization == "int8":
        scales = [torch.empty(stack.numel() // stack.shape[-1])]
    else:
        blocks = math.ceil(stack.numel() / NF4_BLOCK)
        nested = quantization == "nf4_double"
        scales = [torch.empty(blocks, dtype=torch.uint8 if nested else torch.float32)]
        if nested:
            scales.append(torch.empty(math.ceil(blocks / NESTED_BLOCK)))
    for number, held in enumerate(scales):
        module.register_buffer(f"{name}_scales_{number}", held)


def _enter_cache(module: nn.Module, inputs: Any) -> None:
    parametrize._cache_enabled += 1  # type: ignore[attr-defined]


def _leave_cache(module: nn.Module, inputs: Any, output: Any) -> None:
    parametrize._cache_enabled -= 1  # type: ignore[attr-defined]
    if not parametrize._cache_enabled:  # type: ignore[attr-defined]
        parametrize._cache = {}  # type: ignore[attr-defined]


class _Expert(nn.Module):
    def __init__(self, size: int, width: int, act: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(size, width, bias=False, dtype=dtype)
        self.up_proj = nn.Linear(size, width, bias=False, dtype=dtype)
        self.down_proj = nn.Linear(width, size, bias=False, dtype=dtype)
        self.act_fn = act

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down_proj(self.act_fn(self.gate_proj(x)) * self.up_proj(x))


class _Experts(nn.ModuleList):
    """MixtralSparseMoeBlock.forward (transformers 4.48), each expert taking as many tokens."""

    def __init__(self, stacked: nn.Module) -> None:
        experts, size, width = stacked.down_proj.shape
        dtype = stacked.down_proj.dtype
        super().__init__(_Expert(size, width, stacked.act_fn, dtype) for _ in range(experts))

    def quantize(self, quantization: str, compute_dtype: torch.dtype) -> None:
        for expert in self:
            for name in ("gate_proj", "up_proj", "down_proj"):
                linear = getattr(expert, name)
                setattr(expert, name, QuantizedLinear(linear, quantization, compute_dtype))

    def forward(
        self, hidden: torch.Tensor, chosen: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        weights = weights.to(hidden.dtype)
        result = torch.zeros_like(hidden)
        mask = torch.empty((len(self), *chosen.shape), dtype=torch.int64)
        share = chosen.numel() // len(self)
        for expert in self:
            rows = torch.zeros(share, dtype=torch.int64)
            output = expert(hidden[rows]) * weights[rows, 0, None]
            result.index_add_(0, rows, output.to(hidden.dtype))
        del mask
        return result


def _stacked(model: nn.Module) -> list[nn.Module]:
    return [
        module
        for module in model.modules()
        if all(getattr(getattr(module, name, None), "ndim", 0) == 3 for name in STACKS)
    ]
