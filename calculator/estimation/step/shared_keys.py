"""Attention of layers that take keys and values from a layer before them (Gemma 3n, Gemma 4)."""

from __future__ import annotations

from calculator.estimation.architectures.architecture import Architecture, AttentionKind
from calculator.estimation.architectures.linear_modules import attention_modules
from calculator.estimation.step.linear_maps import apply_linear
from calculator.estimation.step.norms import apply_norm
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.rotary import rotate, table_width
from calculator.estimation.step.scores import scores_and_values
from calculator.estimation.step.shadow import Tape, Tensor
from calculator.estimation.step.sizes import NOTHING, Size, per_token


def attend_to_shared(
    tape: Tape,
    architecture: Architecture,
    numerics: Numerics,
    kind: AttentionKind,
    hidden: Tensor,
    masked: bool,
) -> Tensor:
    """Queries are the layer's own; the shared keys' and values' bytes are the timeline's."""
    query_map, out_map = attention_modules(architecture, kind)
    heads = architecture.head_count
    query = apply_linear(tape, numerics, hidden, query_map)
    query = apply_norm(
        tape,
        numerics,
        query,
        architecture.traits.norm,
        query_map.output_size // heads,
        per_token(heads),
    )
    query = rotate(tape, architecture, numerics, query)
    elements = per_token(_kv_size(architecture, kind))
    key, value = (
        Tensor(None, elements, width, tape.leaf(stays=True) if hidden.requires_grad else None)
        for width in _widths(architecture, numerics)
    )
    output = scores_and_values(tape, architecture, numerics, query, key, value, heads, masked)
    del query, key, value
    return apply_linear(tape, numerics, output, out_map)


def shared_bytes(architecture: Architecture, numerics: Numerics) -> Size:
    """Bytes of the keys and values that layers share: of one layer for each kind of them."""
    total = NOTHING
    for kind in {attention for attention, _ in architecture.layer_kinds()}:
        if kind in ("shared_full", "shared_sliding"):
            size = _kv_size(architecture, kind)
            total = total.plus(per_token(size * sum(_widths(architecture, numerics))))
    return total


def probabilities_bytes(architecture: Architecture, numerics: Numerics) -> Size:
    """Bytes of one layer's attention probabilities, which have the values' width."""
    return Size(pair=float(architecture.head_count * _widths(architecture, numerics)[1]))


def _kv_size(architecture: Architecture, kind: AttentionKind) -> int:
    if kind == "shared_full" and architecture.global_head_dim:
        heads = architecture.global_kv_head_count or architecture.kv_head_count
        return heads * architecture.global_head_dim
    return architecture.kv_size


def _widths(architecture: Architecture, numerics: Numerics) -> tuple[int, int]:
    """Of keys, which cosines of the residual stream's width widen, and of values."""
    value = numerics.base_width
    if numerics.quantized:
        value = numerics.small_width
    elif numerics.autocast:
        value = numerics.compute_width
    return max(value, table_width(architecture, numerics)), value
