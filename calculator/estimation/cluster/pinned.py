"""Page-locked host memory in the blocks in which PyTorch hands it out."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture, MlpKind
from calculator.estimation.architectures.linear_modules import layer_modules
from calculator.estimation.architectures.parameters import count_parameters, layer_parameters
from calculator.estimation.cluster.gathered import PACKED_BYTES_PER_WEIGHT
from calculator.estimation.step.numerics import Numerics


def pinned_bytes(size_bytes: int) -> int:
    """The block for so many bytes: the next power of two (CachingHostAllocator.h, allocate)."""
    return 1 << (size_bytes - 1).bit_length() if size_bytes > 0 else 0


def joined_rounding_bytes(size_bytes: int) -> int:
    """What one block for so many bytes takes more than they do."""
    return pinned_bytes(size_bytes) - size_bytes


@lru_cache(maxsize=1024)
def tensor_shards_bytes(
    architecture: Architecture, stored: Numerics, shard_count: int
) -> tuple[int, int]:
    """One GPU's shards of all weights, each tensor by itself: exactly, and in pinned blocks."""
    exact = pinned = 0
    for elements, width, many in _tensors(architecture, stored):
        size = round(-(-elements // shard_count) * width)
        exact += many * size
        pinned += many * pinned_bytes(size)
    return exact, pinned


@lru_cache(maxsize=1024)
def layer_shards_bytes(
    architecture: Architecture, stored: Numerics, shard_count: int
) -> tuple[int, int]:
    """One GPU's shards of all weights, joined layer by layer, with one for what is no layer's."""
    linear_width, expert_width = _widths(stored)
    counts = count_parameters(architecture)
    root = counts.embedding_count + counts.head_count + architecture.hidden_size
    sizes = Counter({root * stored.end_width: 1})
    for kind, many in Counter(architecture.layer_kinds()).items():
        layer = layer_parameters(architecture, *kind)
        linear = layer.linear_count * architecture.parameter_scale_fraction
        rest = layer.total_count - layer.linear_count - layer.expert_count
        held = linear * linear_width + layer.expert_count * expert_width
        sizes[round(held + rest * stored.small_width)] += many
    exact = pinned = 0
    for whole, many in sizes.items():
        size = -(-whole // shard_count)
        exact += many * size
        pinned += many * pinned_bytes(size)
    return exact, pinned


def _tensors(architecture: Architecture, stored: Numerics) -> list[tuple[int, float, int]]:
    """Elements, bytes each, and how many: embeddings, linear maps, stacked experts.

    Norms and biases are left out: a thousandth of it.
    """
    small = float(stored.small_width)
    linear_width, expert_width = _widths(stored)
    linear_width *= architecture.parameter_scale_fraction
    embeddings = 1 if architecture.tied_embeddings else 2
    tensors = [(architecture.vocab_size * architecture.hidden_size, small, embeddings)]
    for (attention, mlp), many in Counter(architecture.layer_kinds()).items():
        for module in layer_modules(architecture, attention, mlp):
            tensors.append((module.weight_count, linear_width, many))
        experts = _expert_tensors(architecture, mlp)
        tensors += [(count, expert_width, many) for count in experts]
    return tensors


def _widths(stored: Numerics) -> tuple[float, float]:
    """Bytes of a linear map's weight and of an expert's, without what scales them."""
    packed = PACKED_BYTES_PER_WEIGHT.get(stored.quantized, 0.0)
    return (
        packed if stored.quantizes_linear_maps else float(stored.base_width),
        packed if stored.quantizes_experts else float(stored.expert_width),
    )


def _expert_tensors(architecture: Architecture, mlp: MlpKind) -> tuple[int, ...]:
    """Elements of a layer's stacked experts: those that widen, and those that narrow."""
    if mlp != "moe":
        return ()
    one = architecture.hidden_size * architecture.expert_intermediate_size
    widening = 2 if architecture.traits.gated_mlp else 1
    return (widening * architecture.expert_count * one, architecture.expert_count * one)
