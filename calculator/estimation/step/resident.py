"""Bytes that are there during the whole step: weights, adapters, optimizer states, gradients."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from calculator.estimation.architectures.architecture import Architecture, AttentionKind, MlpKind
from calculator.estimation.architectures.linear_modules import (
    LinearModule,
    indexer_modules,
    layer_modules,
    lightning_buffer_count,
    mlp_modules,
    model_modules,
    routed_expert_modules,
)
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.optimizers import Matrices, Trained

# NF4 (QLoRA, arXiv 2305.14314): 4 bits a weight and one absmax per block of 64; the absmax is
# fp32, or, quantised a second time, 8 bits with one fp32 absmax per 256 blocks.
NF4_BYTES_PER_WEIGHT = 0.5 + 4 / 64
NF4_DOUBLE_BYTES_PER_WEIGHT = 0.5 + 1 / 64 + 4 / (64 * 256)
# LLM.int8() (arXiv 2208.07339): a byte a weight; its fp32 scale per output row is below 0.2 %.
INT8_BYTES_PER_WEIGHT = 1.0
# GPTQ and AWQ, groups of 128 (arXiv 2210.17323, 2306.00978; both formats' qweight, scales, qzeros):
# 4 bits a weight, an fp16 scale and a 4-bit zero a group.
GROUPED_4BIT_BYTES_PER_WEIGHT = 0.5 + 2 / 128 + 0.5 / 128
# fp8 with an fp32 scale per 128 × 128 block (DeepSeek-V3, arXiv 2412.19437).
FP8_BYTES_PER_WEIGHT = 1 + 4 / (128 * 128)
# MXFP4 (OCP Microscaling Formats 1.0): 4 bits a weight, an 8-bit scale per 32. gpt-oss has its
# experts so, and all else in bf16.
MXFP4_BYTES_PER_WEIGHT = 0.5 + 1 / 32
QUANTIZED_BYTES_PER_WEIGHT: dict[str, float] = {
    "nf4": NF4_BYTES_PER_WEIGHT,
    "nf4_double": NF4_DOUBLE_BYTES_PER_WEIGHT,
    "int8": INT8_BYTES_PER_WEIGHT,
    "awq": GROUPED_4BIT_BYTES_PER_WEIGHT,
    "gptq": GROUPED_4BIT_BYTES_PER_WEIGHT,
    "fp8": FP8_BYTES_PER_WEIGHT,
    "mxfp4": MXFP4_BYTES_PER_WEIGHT,
}


@lru_cache(maxsize=8192)
def trained_parameters(architecture: Architecture, numerics: Numerics) -> Trained:
    """The trained parameters: all of them, or the adapters'."""
    found = _trained_counts(architecture, of_trained(numerics))
    if numerics.trains_base:
        return replace(found, width=numerics.base_width)
    return replace(found, width=numerics.adapter_width, saved_width=numerics.end_width)


@lru_cache(maxsize=4096)
def of_trained(numerics: Numerics) -> Numerics:
    """The same for which parameters are trained, and plain for their widths and all else.

    A page of a card asks about every model by each way to spread a run, of which this is the same.
    """
    return replace(
        numerics.of_layers(),
        base_width=0,
        small_width=0,
        end_width=0,
        compute_width=0,
        adapter_width=0,
        autocast=False,
        quantized="",
        experts="linear" if numerics.experts == "linear" else "",
        dropout=False,
        fused_kernels=False,
        checkpointing=False,
        keeps_map_inputs=False,
        dequantizes_to_fp16=False,
        reentrant=False,
        accumulates=False,
        attention="",
        splits_expert_lora=False,
        trains_embedding=numerics.trains_embedding,
        trains_head=numerics.trains_head,
        step_in_backward_width=None,
    )


@lru_cache(maxsize=4096)
def _trained_counts(architecture: Architecture, numerics: Numerics) -> Trained:
    """How many parameters are trained, their widths still to come."""
    counts = count_parameters(architecture)
    if numerics.trains_base:
        vocab_side = architecture.vocab_size + architecture.hidden_size
        factored = vocab_side * (1 if architecture.tied_embeddings else 2)
        for kind, layers in Counter(architecture.layer_kinds()).items():
            modules = layer_modules(architecture, *kind)
            factored += layers * sum(m.input_size + m.output_size for m in modules)
            if kind[1] == "moe":
                factored += (
                    layers
                    * architecture.expert_count
                    * (2 * architecture.hidden_size + 3 * architecture.expert_intermediate_size)
                )
        largest = max(
            counts.embedding_count,
            *(m.weight_count for m in _module_counts(architecture)),
            architecture.per_layer_vocab_size
            * architecture.layer_count
            * architecture.per_layer_input_size,
        )
        if any(mlp == "moe" for _, mlp in architecture.layer_kinds()):
            largest = max(
                largest,
                (2 if architecture.traits.gated_mlp else 1)
                * architecture.expert_count
                * architecture.hidden_size
                * architecture.expert_intermediate_size,
            )
        shapes: Counter[tuple[int, int]] = Counter()
        for module, count in _module_counts(architecture).items():
            if module.learns:
                shapes[module.input_size, module.output_size] += count
        idle = _indexer_count(architecture)
        return Trained(
            counts.total_count - idle,
            numerics.base_width,
            largest,
            factored,
            _matrices(shapes),
            idle_count=idle,
            pair_count=_most_of_two_tensors(architecture),
        )
    shapes = Counter()
    magnitudes = idle = 0
    found = _module_counts(architecture)
    if numerics.experts == "linear":
        experts = sum(mlp == "moe" for _, mlp in architecture.layer_kinds())
        for module in routed_expert_modules(architecture):
            found[module] += experts * architecture.expert_count
    for module, count in found.items():
        if not numerics.targets_module(module):
            continue
        if not module.learns:
            idle += count * numerics.rank * (module.input_size + module.output_size)
            continue
        shapes[numerics.rank, module.input_size] += count
        shapes[numerics.rank, module.output_size] += count
        magnitudes += count * module.output_size * numerics.dora
    for kind, layers in Counter(architecture.layer_kinds()).items():
        if kind[1] != "moe":
            continue
        for adapter in numerics.stacked_adapters(architecture).values():
            ranks = adapter.stack_count * adapter.rank
            shapes[ranks, adapter.input_size] += layers
            shapes[ranks, adapter.output_size] += layers
    adapters = sum(one * other * count for (one, other), count in shapes.items())
    factored = sum((one + other) * count for (one, other), count in shapes.items())
    largest = max((one * other for one, other in shapes), default=0)
    saved = _saved_count(architecture, numerics)
    ends = numerics.trains_embedding + numerics.trains_head
    return Trained(
        adapters + magnitudes + saved,
        numerics.adapter_width,
        largest,
        factored + magnitudes + ends * (architecture.vocab_size + architecture.hidden_size),
        _matrices(shapes),
        saved,
        numerics.end_width,
        architecture.vocab_size * architecture.hidden_size if ends else 0,
        idle,
    )


def _saved_count(architecture: Architecture, numerics: Numerics) -> int:
    """Parameters of embedding and head that are trained whole, in copies of their own.

    Tied ones are two copies, as peft leaves them (peft/utils/other.py, ModulesToSaveWrapper).
    """
    embedding = architecture.vocab_size * architecture.hidden_size
    head = embedding + (architecture.vocab_size if architecture.traits.head_bias else 0)
    return embedding * numerics.trains_embedding + head * numerics.trains_head


def _matrices(shapes: Counter[tuple[int, int]]) -> tuple[Matrices, ...]:
    return tuple(Matrices(max(shape), min(shape), count) for shape, count in shapes.items())


def _most_of_two_tensors(architecture: Architecture) -> int:
    """The most of a weight twice and the one before it, of those that follow on one another."""
    most = 0
    for mlp in {mlp for _, mlp in architecture.layer_kinds()}:
        sizes = [0 if m.bias else m.weight_count for m in mlp_modules(architecture, mlp)]
        if mlp == "moe":
            one = architecture.hidden_size * architecture.expert_intermediate_size
            stack = architecture.expert_count * one
            sizes = [(2 if architecture.traits.gated_mlp else 1) * stack, stack]
        most = max(most, 0, *(before + 2 * size for before, size in pairwise(sizes)))
    return most


def _indexer_count(architecture: Architecture) -> int:
    """Parameters of all indexers, the layer norm's of their keys included."""
    if not architecture.index_head_count:
        return 0
    weights = sum(module.weight_count for module in indexer_modules(architecture))
    return architecture.layer_count * (weights + 2 * architecture.index_head_dim)


@lru_cache(maxsize=4096)
def has_adapters(
    architecture: Architecture, numerics: Numerics, attention: AttentionKind, mlp: MlpKind
) -> bool:
    """Whether a layer of that kind trains an adapter."""
    modules = layer_modules(architecture, attention, mlp)
    if mlp == "moe" and numerics.experts == "linear":
        modules = (*modules, *routed_expert_modules(architecture))
    if any(numerics.targets_module(module) for module in modules):
        return True
    return mlp == "moe" and bool(numerics.stacked_adapters(architecture))


def _module_counts(architecture: Architecture) -> Counter[LinearModule]:
    """Each linear map but the head, and how many of it there are."""
    counts = Counter(model_modules(architecture))
    for kind, layers in Counter(architecture.layer_kinds()).items():
        for module in layer_modules(architecture, *kind):
            counts[module] += layers
    return counts


@lru_cache(maxsize=8192)
def weights_bytes(architecture: Architecture, numerics: Numerics) -> int:
    """Bytes of the model's weights.

    4- and 8-bit loading quantises linear maps: embeddings, head, norms and biases keep 16 bits,
    or get 32 from `prepare_model_for_kbit_training`; stacked experts are as the setting says. A
    vision tower counts like the text model's linear maps.
    """
    counts = count_parameters(architecture)
    buffers = lightning_buffer_count(architecture) * numerics.base_width
    if not numerics.quantized:
        return counts.total_count * numerics.base_width + buffers
    quantized = QUANTIZED_BYTES_PER_WEIGHT[numerics.quantized]
    linear = quantized if numerics.quantizes_linear_maps else numerics.base_width
    expert = quantized if numerics.quantizes_experts else numerics.expert_width
    ends = counts.embedding_count + counts.head_count
    head = counts.head_count if architecture.traits.litgpt else 0
    return round(
        (counts.linear_count + counts.vision_count + head) * linear
        + counts.expert_count * expert
        + (ends - head) * numerics.end_width
        + counts.other_count * numerics.small_width
        + buffers
    )


def adapters_bytes(trained: Trained, numerics: Numerics) -> int:
    """Bytes of the LoRA adapters."""
    idle = trained.idle_count * trained.width
    return 0 if numerics.trains_base else trained.bytes + idle


def gradients_bytes(trained: Trained) -> int:
    """Bytes of all gradients: of the parameters' own width."""
    return trained.bytes
