"""Bytes of a model's weights in a format, by what they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.linear_modules import layer_modules
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.inference.weight_formats import WeightFormat

VISION_BITS = 16


@dataclass(frozen=True, slots=True)
class WeightBytes:
    """Bytes of all weights: `device_bytes` on the GPU, `host_bytes` in host memory."""

    device_bytes: int
    host_bytes: int

    @property
    def total_bytes(self) -> int:
        """What the file has, less its header."""
        return self.device_bytes + self.host_bytes


@lru_cache(maxsize=4096)
def weight_bytes(architecture: Architecture, weights: WeightFormat) -> WeightBytes:
    """Parameters by kind times the format's bits for that kind.

    A tied embedding is one tensor, stored as the head. A vision tower stays in 16 bits. Where the
    runtime keeps the embedding on the host, an untied one and an embedding of each layer's own
    (Gemma 3n, Gemma 4 E) count there.
    """
    counts = count_parameters(architecture)
    tied = architecture.tied_embeddings
    per_layer_count = (
        architecture.per_layer_vocab_size
        * architecture.layer_count
        * architecture.per_layer_input_size
    )
    embedding_bits = counts.embedding_count * (
        weights.head_bits if tied else weights.embedding_bits
    )
    per_layer_bits = per_layer_count * weights.embedding_bits
    bits = (
        counts.head_count * weights.head_bits
        + counts.linear_count * weights.linear_bits
        + counts.expert_count * weights.expert_bits
        + (counts.other_count - per_layer_count) * weights.other_bits
        + counts.vision_count * VISION_BITS
    )
    device = bits / 8 + _row_scales_bytes(architecture, weights)
    on_host = weights.loaded_by.embedding_on_host
    host = (per_layer_bits + (0 if tied else embedding_bits)) / 8 if on_host else 0.0
    return WeightBytes(
        device_bytes=round(device + (embedding_bits + per_layer_bits) / 8 - host),
        host_bytes=round(host),
    )


def _row_scales_bytes(architecture: Architecture, weights: WeightFormat) -> int:
    if not weights.row_scale_bytes:
        return 0
    outputs = sum(
        layers * sum(module.output_size for module in layer_modules(architecture, *kind))
        for kind, layers in Counter(architecture.layer_kinds()).items()
    )
    return outputs * weights.row_scale_bytes
