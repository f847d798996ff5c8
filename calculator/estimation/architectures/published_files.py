"""What a model's published files hold beside the parameters that are loaded and trained.

The number of parameters that a model's page states is that of its files. Where it is not the
model's own, one of these makes the difference, to the parameter;
calculator/data/published_extras.csv says which, model by model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from calculator.estimation.architectures.architecture import (
    SHARING,
    Architecture,
    LayerKind,
)
from calculator.estimation.architectures.linear_modules import layer_modules
from calculator.estimation.architectures.parameters import layer_parameters

ATTENDING_BY_THEMSELVES = {shared: own for own, shared in SHARING.items()}
# DeepSeek-V3 and MiniMax-M2 keep their weights in 8 bits, with one scale for each square of so
# many rows and columns (weight_block_size in their config.json).
FP8_BLOCK = 128


@dataclass(frozen=True, slots=True)
class Extra:
    """`count(architecture, context_length)` is the number of values that the files hold more."""

    words: str
    count: Callable[[Architecture, int], int]


def _embedding(architecture: Architecture, context_length: int) -> int:
    return architecture.vocab_size * architecture.hidden_size


def _causal_masks(architecture: Architecture, context_length: int) -> int:
    return architecture.layer_count * context_length**2


def _rotary_frequencies(architecture: Architecture, context_length: int) -> int:
    rotated = int(architecture.head_dim * architecture.traits.rotary_fraction)
    return architecture.layer_count * (rotated // 2)


def _prediction_kind(architecture: Architecture) -> LayerKind:
    return "full", architecture.layer_kinds()[-1][1]


def _prediction_layer(architecture: Architecture, context_length: int) -> int:
    """A layer that predicts a further token (DeepSeek-V3, arXiv 2412.19437, section 2.2).

    A layer like the last, a linear map that joins the last hidden state and an embedding, and a
    norm for each of them and for the result.
    """
    layer = layer_parameters(architecture, *_prediction_kind(architecture)).total_count
    return layer + 2 * architecture.hidden_size**2 + 3 * architecture.hidden_size


def _without_router_corrections(architecture: Architecture, context_length: int) -> int:
    layers = [kind for kind in architecture.layer_kinds() if kind[1] == "moe"]
    return -architecture.expert_count * len(layers)


def _block_scales(architecture: Architecture, kinds: Iterable[LayerKind]) -> int:
    def blocks(input_size: int, output_size: int) -> int:
        return -(-input_size // FP8_BLOCK) * -(-output_size // FP8_BLOCK)

    count = 0
    for kind in kinds:
        for module in layer_modules(architecture, *kind):
            count += blocks(module.input_size, module.output_size)
        if kind[1] == "moe":
            expert = blocks(architecture.hidden_size, architecture.expert_intermediate_size)
            count += 3 * architecture.expert_count * expert
    return count


def _shared_keys(architecture: Architecture, context_length: int) -> int:
    """The k and v maps, and the norm of k, of Gemma 4's layers that take both from others."""
    count = 0
    for attention, mlp in architecture.layer_kinds():
        own = ATTENDING_BY_THEMSELVES.get(attention)
        if own is not None:
            whole = layer_parameters(architecture, own, mlp).total_count
            count += whole - layer_parameters(architecture, attention, mlp).total_count
    return count


EXTRAS: dict[str, Extra] = {
    "shared_keys": Extra("keys and values of layers that take those of others", _shared_keys),
    "layer_scalars": Extra(
        "a scalar for each layer", lambda architecture, _: architecture.layer_count
    ),
    "head_copy": Extra("the head, which is the embedding, a second time", _embedding),
    "causal_masks": Extra("the causal mask of every layer", _causal_masks),
    "rotary_frequencies": Extra("the rotary frequencies of every layer", _rotary_frequencies),
    "prediction_layer": Extra(
        "a layer that predicts a further token (MTP), which fine-tuning leaves out",
        _prediction_layer,
    ),
    "prediction_ends": Extra(
        "that layer's own copies of embedding and head",
        lambda architecture, context_length: 2 * _embedding(architecture, context_length),
    ),
    "no_router_corrections": Extra(
        "the routers' corrections are not counted on its page", _without_router_corrections
    ),
    "block_scales": Extra(
        "the scales of 8-bit weights",
        lambda architecture, _: _block_scales(architecture, architecture.layer_kinds()),
    ),
    "prediction_block_scales": Extra(
        "the scales of that layer's 8-bit weights",
        lambda architecture, _: _block_scales(architecture, [_prediction_kind(architecture)]),
    ),
}
