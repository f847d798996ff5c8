"""Bytes that are there during the whole step: weights, adapters, optimizer states, gradients."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from calculator.estimation.architectures.architecture import Architecture, AttentionKind, MlpKind
from calculator.estimation.architectures.linear_modules import (
    LinearModule,
    indexer_modules,
    layer_modules,
    mlp_modules,
    model_modules,
)
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.architectures.stacked_adapters import stacked_adapters
from calculator.estimation.settings import Optimizer, Recipe
from calculator.estimation.step.numerics import Numerics

# NF4 (QLoRA, arXiv 2305.14314): 4 bits a weight and one absmax per block of 64; the absmax is
# fp32, or, quantised a second time, 8 bits with one fp32 absmax per 256 blocks.
NF4_BYTES_PER_WEIGHT = 0.5 + 4 / 64
NF4_DOUBLE_BYTES_PER_WEIGHT = 0.5 + 1 / 64 + 4 / (64 * 256)
# LLM.int8() (arXiv 2208.07339): a byte a weight; its fp32 scale per output row is below 0.2 %.
INT8_BYTES_PER_WEIGHT = 1.0
QUANTIZED_BYTES_PER_WEIGHT: dict[str, float] = {
    "nf4": NF4_BYTES_PER_WEIGHT,
    "nf4_double": NF4_DOUBLE_BYTES_PER_WEIGHT,
    "int8": INT8_BYTES_PER_WEIGHT,
}
# bitsandbytes' 8-bit AdamW (arXiv 2110.02861): two moments of a byte, each with one fp32 absmax
# per block of 256.
ADAMW_8BIT_BYTES_PER_PARAMETER = 2 * (1 + 4 / 256)
# bitsandbytes' Lion keeps one fp32 moment (bitsandbytes/optim/lion.py).
LION_BYTES_PER_PARAMETER = 4


@dataclass(frozen=True, slots=True)
class Trained:
    """What the optimizer updates: how many parameters, how wide, and the largest tensor."""

    count: int
    width: int
    largest_count: int
    factored_count: int
    """Rows plus columns of all matrices: what Adafactor keeps instead of a moment."""
    step_count: int = 0
    """Elements of per-tensor AdamW's temporaries (`step_temporaries_bytes`)."""
    idle_count: int = 0
    """Parameters that could be trained, but get no gradient: an indexer's."""


@lru_cache(maxsize=1024)
def trained_parameters(architecture: Architecture, numerics: Numerics) -> Trained:
    """The trained parameters: all of them, or the adapters'."""
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
        idle = _indexer_count(architecture)
        step = max(2 * largest, _most_of_two_tensors(architecture))
        count = counts.total_count - idle
        return Trained(count, numerics.base_width, largest, factored, step, idle)
    adapters = largest = factored = idle = 0
    for module, count in _module_counts(architecture).items():
        if numerics.targets_module(module):
            sides = module.input_size + module.output_size
            if not module.learns:
                idle += count * numerics.rank * sides
                continue
            adapters += count * numerics.rank * sides
            factored += count * (sides + 2 * numerics.rank)
            largest = max(largest, numerics.rank * max(module.input_size, module.output_size))
    for kind, layers in Counter(architecture.layer_kinds()).items():
        if kind[1] != "moe":
            continue
        for adapter in stacked_adapters(architecture, numerics.targets, numerics.rank).values():
            ranks = adapter.stack_count * adapter.rank
            adapters += layers * adapter.parameter_count
            factored += layers * (adapter.input_size + adapter.output_size + 2 * ranks)
            largest = max(largest, adapter.down_count, adapter.up_count)
    return Trained(adapters, numerics.adapter_width, largest, factored, 2 * largest, idle)


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
    if any(numerics.targets_module(m) for m in layer_modules(architecture, attention, mlp)):
        return True
    return mlp == "moe" and bool(stacked_adapters(architecture, numerics.targets, numerics.rank))


def _module_counts(architecture: Architecture) -> Counter[LinearModule]:
    """Each linear map but the head, and how many of it there are."""
    counts = Counter(model_modules(architecture))
    for kind, layers in Counter(architecture.layer_kinds()).items():
        for module in layer_modules(architecture, *kind):
            counts[module] += layers
    return counts


@lru_cache(maxsize=1024)
def weights_bytes(architecture: Architecture, numerics: Numerics) -> int:
    """Bytes of the model's weights.

    4- and 8-bit loading quantises linear maps only: embeddings, head, norms, biases and stacked
    experts keep 16 bits, or get 32 from `prepare_model_for_kbit_training`. A vision tower counts
    like the text model's linear maps.
    """
    counts = count_parameters(architecture)
    if not numerics.quantized:
        return counts.total_count * numerics.base_width
    quantized = QUANTIZED_BYTES_PER_WEIGHT[numerics.quantized]
    small = counts.embedding_count + counts.head_count + counts.other_count + counts.expert_count
    return round(
        (counts.linear_count + counts.vision_count) * quantized + small * numerics.small_width
    )


def adapters_bytes(trained: Trained, numerics: Numerics) -> int:
    """Bytes of the LoRA adapters."""
    count = trained.count + trained.idle_count
    return 0 if numerics.trains_base else count * trained.width


def gradients_bytes(trained: Trained) -> int:
    """Bytes of all gradients: of the parameters' own width."""
    return trained.count * trained.width


def optimizer_states_bytes(trained: Trained, optimizer: Optimizer, recipe: Recipe) -> int:
    """Bytes that the optimizer keeps between steps.

    AdamW's two moments have the parameters' width (torch.optim.AdamW, zeros_like). A paged
    optimizer's states lie in CUDA managed memory, which no PyTorch counter shows and which is
    moved to the host under pressure: 0 here, counted in the device bytes' upper end. Adafactor
    keeps a row and a column per matrix, SGD without momentum nothing.
    """
    master = 4 * trained.count if recipe == "bf16_fp32_master" else 0
    width = 4 if master else trained.width
    if optimizer in ("adamw", "adamw_foreach"):
        return master + 2 * width * trained.count
    if optimizer == "adamw_8bit":
        return master + round(ADAMW_8BIT_BYTES_PER_PARAMETER * trained.count)
    if optimizer == "lion":
        return master + LION_BYTES_PER_PARAMETER * trained.count
    if optimizer == "adafactor":
        return master + 4 * trained.factored_count
    return master


def paged_states_bytes(trained: Trained, optimizer: Optimizer) -> int:
    """Bytes of optimizer states in managed memory, resident only while there is room."""
    if optimizer != "paged_adamw_8bit":
        return 0
    return round(ADAMW_8BIT_BYTES_PER_PARAMETER * trained.count)


def step_temporaries_bytes(trained: Trained, optimizer: Optimizer, recipe: Recipe) -> int:
    """Bytes that the optimizer step takes and gives back.

    PyTorch's per-tensor AdamW (torch/optim/adam.py, _single_tensor_adam) makes the root of a
    tensor's second moment and its quotient by the bias correction: two more of the largest
    tensor's size; and the quotient of the tensor before is there until the next one takes its name,
    which is more where two large ones follow on one another. The fused one makes neither, and takes at most these two less. The for-each AdamW makes the root of all second moments at once (torch/optim/adamw.py,
    _multi_tensor_adamw: exp_avg_sq_sqrt): one more tensor of the moments' size. The fused one and
    bitsandbytes' need none. transformers' Adafactor works tensor by tensor in fp32 (optimization.py,
    Adafactor.step): the squared gradient and the update of the largest one, and for 16-bit
    parameters its gradient and weight in fp32 as well.
    """
    if optimizer == "adamw":
        width = 4 if recipe == "bf16_fp32_master" else trained.width
        return width * trained.step_count
    if optimizer == "adamw_foreach":
        width = 4 if recipe == "bf16_fp32_master" else trained.width
        return width * trained.count
    if optimizer == "adafactor":
        in_fp32 = trained.width == 4 or recipe == "bf16_fp32_master"
        return (2 if in_fp32 else 4) * 4 * trained.largest_count
    return 0
