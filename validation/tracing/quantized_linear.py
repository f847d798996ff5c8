"""Stand-ins for bitsandbytes' 4- and 8-bit linear maps, without its kernels.

They hold what bitsandbytes holds (packed weights and their scales) and allocate what its autograd
functions allocate: the weight, dequantised while it is used, forward and backward.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

NF4_BLOCK = 64
NESTED_BLOCK = 256


class _DequantizedProduct(torch.autograd.Function):
    """x · Wᵀ that keeps W packed and dequantises it again in the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, module: QuantizedLinear) -> torch.Tensor:
        ctx.module = module
        return nn.functional.linear(x, module.dequantized(x.dtype), module.bias)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        return grad @ ctx.module.dequantized(grad.dtype), None


class QuantizedLinear(nn.Linear):
    """A frozen linear map of 4-bit (nested or not) or 8-bit weights."""

    def __init__(
        self, linear: nn.Linear | Conv1D, quantization: str, compute_dtype: torch.dtype
    ) -> None:
        nn.Module.__init__(self)
        if isinstance(linear, Conv1D):
            self.in_features, self.out_features = linear.weight.shape
        else:
            self.in_features, self.out_features = linear.in_features, linear.out_features
        self.quantization, self.compute_dtype = quantization, compute_dtype
        self.register_parameter("bias", linear.bias)
        count = self.in_features * self.out_features
        if quantization == "int8":
            packed = torch.empty(self.out_features, self.in_features, dtype=torch.int8)
            self.register_buffer("scales", torch.empty(self.out_features))
        else:
            packed = torch.empty((count + 1) // 2, 1, dtype=torch.uint8)
            blocks = -(-count // NF4_BLOCK)
            nested = quantization == "nf4_double"
            self.register_buffer(
                "scales", torch.empty(blocks, dtype=torch.uint8 if nested else torch.float32)
            )
            if nested:
                self.register_buffer("nested_scales", torch.empty(-(-blocks // NESTED_BLOCK)))
        self.weight = nn.Parameter(packed, requires_grad=False)

    def dequantized(self, dtype: torch.dtype) -> torch.Tensor:
        return torch.empty(
            self.out_features, self.in_features, dtype=dtype, device=self.weight.device
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        output = _DequantizedProduct.apply(x.to(self.compute_dtype), self)
        # bitsandbytes gives its input's type back. Under autocast these stand-ins do not
        # (docs/validation.md).
        return output if torch.is_autocast_enabled("cpu") else output.to(x.dtype)


def quantize(model: nn.Module, quantization: str, compute_dtype: torch.dtype) -> None:
    """Replace every linear map but the output head, as transformers' loading does."""
    head = model.get_output_embeddings()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear | Conv1D) and child is not head:
                setattr(parent, name, QuantizedLinear(child, quantization, compute_dtype))
