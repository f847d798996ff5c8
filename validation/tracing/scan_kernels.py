"""Stand-ins for the kernels of DeltaNet, which need a GPU: they allocate and save what those do.

Sources: fla/ops/gated_delta_rule/chunk.py, ChunkGatedDeltaRuleFunction, of flash-linear-attention
(August 2026), and causal_conv1d_interface.py, CausalConv1dFn, of causal-conv1d.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers.models.qwen3_5 import modeling_qwen3_5

CHUNK_TOKENS = 64


def use_stand_ins() -> None:
    """Let Qwen3.5 run as where both packages are installed, for the rest of the process."""
    modeling_qwen3_5.causal_conv1d_fn = _convolved
    modeling_qwen3_5.torch_chunk_gated_delta_rule = _scanned


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return torch.empty_like(x)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        made = zip(ctx.saved_tensors, ctx.needs_input_grad, strict=True)
        return tuple(torch.empty_like(item) if needed else None for item, needed in made)


class _DeltaRule(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: torch.Tensor) -> torch.Tensor:
        query, key, value, decay, step = inputs
        if torch.is_autocast_enabled("cpu"):
            dtype = torch.get_autocast_dtype("cpu")
            query, key, value = (item.to(dtype) for item in (query, key, value))
        query, key, value = (item.contiguous() for item in (query, key, value))
        query, key = torch.empty_like(query), torch.empty_like(key)  # of unit length
        roots = [item.new_empty(item.shape[:-1], dtype=torch.float32) for item in (query, key)]
        sums = torch.empty_like(decay, dtype=torch.float32)
        square = value.new_empty(*value.shape[:-1], CHUNK_TOKENS)
        written = [torch.empty_like(value) for _ in range(2)]
        carried = [_states(key, value), torch.empty_like(value)]
        output = torch.empty_like(value)
        del written, carried
        ctx.save_for_backward(query, key, value, *roots, sums, step, square)
        return output

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, ...]:
        query, key, value, _, _, sums, step, _ = ctx.saved_tensors
        by_head = [torch.empty_like(value) for _ in range(8)]
        by_chunk = [_states(key, value) for _ in range(2)]
        of_value = torch.empty_like(value)
        made = [torch.empty_like(item) for item in (sums, step)]
        del by_head, by_chunk
        return torch.empty_like(query), torch.empty_like(key), of_value, *made


def _states(key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    batch, length, heads, value_size = value.shape
    return value.new_empty(batch, length // CHUNK_TOKENS, heads, key.shape[-1], value_size)


def _convolved(x: torch.Tensor, weight: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    return _Convolution.apply(x, weight)


def _scanned(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    g: torch.Tensor,
    beta: torch.Tensor,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    return _DeltaRule.apply(query, key, value, g, beta), None
