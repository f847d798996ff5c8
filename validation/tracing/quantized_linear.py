"""Stand-ins for bitsandbytes' 4- and 8-bit linear maps and peft's adapters of them.

They hold what bitsandbytes holds (packed weights and their scales) and allocate, save and give
back what its code does on a GPU (bitsandbytes 0.50.2, peft 0.21), without its kernels. What they
state is checked with bitsandbytes itself on a CPU: validation/real_steps.py.
"""

from __future__ import annotations

from typing import Any

import peft
import torch
from torch import nn
from transformers.models.falcon.modeling_falcon import FalconLinear
from transformers.pytorch_utils import Conv1D

NF4_BLOCK = 64
NESTED_BLOCK = 256


class _FourBitProduct(torch.autograd.Function):
    """x · Wᵀ that keeps W packed and dequantises it again in the backward pass.

    Source: bitsandbytes/autograd/_functions.py, MatMul4Bit; backends/cuda/ops.py,
    _dequant_linear_fallback, which runs from 1,537 tokens on, and on most cards before. Before
    0.43.2 x was an attribute of the context; before 0.43 W was fp16 first (Params4bit.cuda).
    """

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, module: QuantizedLinear, bias: torch.Tensor | None
    ) -> torch.Tensor:
        ctx.module = module
        if module.keeps_inputs and ctx.needs_input_grad[0]:
            ctx.x = x
        scales = module.flat_scales()
        shifted = scales if scales is None else scales + 1.0
        output = nn.functional.linear(x, module.dequantized(x.dtype), bias)
        del scales, shifted
        return output

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        scales = ctx.module.flat_scales()
        weight = ctx.module.dequantized(grad.dtype)
        del scales
        return grad @ weight, None, None


class _EightBitProduct(torch.autograd.Function):
    """x · Wᵀ of x and W in 8 bits. Keeps x as it came, and W in its width while it is used.

    x is an attribute of the context, no saved tensor: checkpointing does not drop it, and it
    lives as long as the graph does. Source: bitsandbytes/autograd/_functions.py, MatMul8bitLt;
    backends/cuda/ops.py and default/ops.py, int8_*. No outliers are assumed.
    """

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, module: QuantizedLinear, bias: torch.Tensor | None
    ) -> torch.Tensor:
        ctx.module, ctx.x = module, x
        packed = _eight_bits_of(x.to(torch.float16))
        shape = (*x.shape[:-1], module.out_features)
        sums = torch.empty(shape, dtype=torch.int32, device=x.device)
        output = torch.empty_like(sums, dtype=torch.float16)
        if bias is not None:
            output.add_(bias)
        output = output.to(x.dtype)
        del sums, packed
        return output

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        weight = ctx.module.weight.to(ctx.x.dtype, copy=True)
        return grad.to(ctx.x.dtype) @ weight, None, None


def _eight_bits_of(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """int8_vectorwise_quant: the rows in 8 bits, their scales, and a search for outliers."""
    scales = torch.empty(x.shape[:-1], dtype=torch.float32, device=x.device)
    rows = torch.empty_like(x, dtype=torch.int8)
    outliers = x.abs() >= 6.0
    del outliers
    return rows, scales


class QuantizedLinear(nn.Linear):
    """A frozen linear map of 4-bit (nested or not) or 8-bit weights.

    Gives its input's width back, also under autocast (bitsandbytes/nn/modules.py,
    Linear4bit.forward and Linear8bitLt.forward).
    """

    def __init__(
        self,
        linear: nn.Linear | Conv1D,
        quantization: str,
        compute_dtype: torch.dtype,
        version: str = "0.43.2",
    ) -> None:
        nn.Module.__init__(self)
        if isinstance(linear, Conv1D):
            self.in_features, self.out_features = linear.weight.shape
        else:
            self.in_features, self.out_features = linear.in_features, linear.out_features
        self.quantization, self.compute_dtype = quantization, compute_dtype
        self.keeps_inputs, self.is_from_fp16 = version != "0.43.2", version == "0.42"
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
        first = torch.float16 if self.is_from_fp16 else dtype
        shape = (self.out_features, self.in_features)
        return torch.empty(shape, dtype=first, device=self.weight.device).to(dtype)

    def flat_scales(self) -> torch.Tensor | None:
        """Nested scales are dequantised themselves first."""
        if self.quantization != "nf4_double":
            return None
        return torch.empty_like(self.get_buffer("scales"), dtype=torch.float32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.quantization == "int8":
            return _EightBitProduct.apply(x, self, self._bias_in(x.dtype))
        given = x.dtype
        x = x.to(self.compute_dtype)
        return _FourBitProduct.apply(x, self, self._bias_in(x.dtype)).to(given)

    def _bias_in(self, dtype: torch.dtype) -> torch.Tensor | None:
        """The bias, which is narrowed for good when it is first used."""
        if self.bias is not None and self.bias.dtype != dtype:
            self.bias = nn.Parameter(self.bias.to(dtype), requires_grad=False)
        return self.bias


class AdaptedQuantizedLinear(peft.tuners.lora.Linear):
    """A quantised map with a LoRA adapter, as peft's own class for bitsandbytes runs it.

    Under autocast it casts nothing itself: adapters take their input as it is, and the sum has
    the wider width. Source: peft/tuners/lora/bnb.py, Linear4bit.forward and Linear8bitLt.forward.
    """

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        result = self.base_layer(x)
        if self.base_layer.quantization != "int8":
            result = result.clone()
        given = result.dtype
        converts = not torch.is_autocast_enabled()
        for name in self.active_adapters:
            down, up = self.lora_A[name], self.lora_B[name]
            if converts:
                x = x.to(down.weight.dtype)
            output = up(down(self.lora_dropout[name](x))) * self.scaling[name]
            if converts:
                output = output.to(given)
            result = result + output
        return result


# Gemma 3n clamps the weight of one, and multiplies by that of the other: neither works on packed
# weights, so whoever loads it in 4 bits leaves them out (llm_int8_skip_modules).
USED_BY_WEIGHT = ("prediction_coefs", "correction_coefs")


def _is_quantized_map(module: nn.Module) -> bool:
    """As integrations/bitsandbytes.py, which leaves subclasses out, such as Llama 4's router.

    But Falcon's maps are a subclass too: transformers 5 leaves them in 16 bits by that, where 4
    quantised them, as the estimate says.
    """
    return isinstance(module, Conv1D | FalconLinear) or type(module) is nn.Linear


def quantize(
    model: nn.Module, quantization: str, compute_dtype: torch.dtype, version: str = "0.43.2"
) -> None:
    """Replace every linear map but the output head, as transformers' loading does."""
    head = model.get_output_embeddings()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if name in USED_BY_WEIGHT:
                continue
            if _is_quantized_map(child) and child is not head:
                made = QuantizedLinear(child, quantization, compute_dtype, version)
                setattr(parent, name, made)
