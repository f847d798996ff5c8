"""Autocast on a CPU as on a CUDA GPU, whose list of operations that run in fp32 is another.

Source: aten/src/ATen/autocast_mode.h and autocast_mode.cpp of PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch.utils._pytree import tree_map

# AT_FORALL_FP32, without what no language model calls.
_IN_FP32 = (
    "acos",
    "asin",
    "cosh",
    "erfinv",
    "exp",
    "expm1",
    "log",
    "log10",
    "log2",
    "log1p",
    "reciprocal",
    "rsqrt",
    "sinh",
    "tan",
    "pow.Tensor_Scalar",
    "pow.Tensor_Tensor",
    "pow.Scalar",
    "softplus",
    "layer_norm",
    "native_layer_norm",
    "rms_norm",
    "group_norm",
    "cosine_similarity",
    "nll_loss",
    "kl_div",
    "mse_loss",
    "binary_cross_entropy_with_logits",
    "logsumexp",
)
# AT_FORALL_FP32_SET_OPT_DTYPE: the result is fp32 unless the call says otherwise.
_GIVES_FP32 = (
    "prod",
    "prod.dim_int",
    "softmax.int",
    "log_softmax.int",
    "cumprod",
    "cumsum",
    "linalg_vector_norm",
    "sum",
    "sum.dim_IntList",
)
# A CPU's list widens what these join; on a GPU they run as without autocast.
_AS_WITHOUT = ("cat", "stack", "index_copy")
_KEY = "AutocastCPU"
_EXCLUDED = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastCPU)


@cache
def autocast_as_on_a_gpu() -> torch.library.Library:
    """Replace what a CPU's autocast does with these operations, for the rest of the process."""
    library = torch.library.Library("aten", "IMPL")
    for kernel_of, names in ((_in_fp32, _IN_FP32), (_gives_fp32, _GIVES_FP32)):
        for name in names:
            library.impl(name, partial(kernel_of, _operator(name)), _KEY)
    for name in _AS_WITHOUT:
        library.impl(name, torch.library.fallthrough_kernel, _KEY)
    # Libraries that ask whether autocast is on mean a GPU's.
    torch.is_autocast_enabled = _is_enabled
    return library


_is_enabled_for = torch.is_autocast_enabled


def _is_enabled(device_type: str = "cpu") -> bool:
    return _is_enabled_for("cpu" if device_type == "cuda" else device_type)


def _operator(name: str) -> Callable[..., Any]:
    packet, _, overload = name.partition(".")
    return getattr(getattr(torch.ops.aten, packet), overload or "default")


def _in_fp32(operator: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with torch._C._ExcludeDispatchKeyGuard(_EXCLUDED):
        return operator(*tree_map(_wide, arguments), **tree_map(_wide, options))


def _gives_fp32(operator: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    stated = any(isinstance(each, torch.dtype) for each in (*arguments, *options.values()))
    with torch._C._ExcludeDispatchKeyGuard(_EXCLUDED):
        if stated or not _is_narrow(arguments[0]):
            return operator(*arguments, **options)
        names = [argument.name for argument in operator._schema.arguments]
        return operator(
            **{**dict(zip(names, arguments, strict=False)), **options, "dtype": torch.float32}
        )


def _wide(argument: Any) -> Any:
    return argument.to(torch.float32) if _is_narrow(argument) else argument


def _is_narrow(argument: Any) -> bool:
    return isinstance(argument, torch.Tensor) and argument.dtype in (torch.bfloat16, torch.float16)
