"""What a GPU gathers from the others while it computes, and the buffers of communication."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture, AttentionKind, MlpKind
from calculator.estimation.architectures.linear_modules import layer_modules
from calculator.estimation.architectures.parameters import count_parameters, layer_parameters
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.step.numerics import Numerics
from calculator.estimation.step.optimizers import Trained
from calculator.estimation.step.resident import QUANTIZED_BYTES_PER_WEIGHT
from calculator.estimation.step.timeline import Phase

# DeepSpeed 0.18 (deepspeed/runtime/zero/config.py): elements of the bucket in which stages 1 and
# 2 collect gradients for reduction (one buffer: overlap_comm is off by default below stage 3).
REDUCE_BUCKET_ELEMENTS = 500_000_000
# Stage 3 keeps a module's weights gathered if they are used again within so many elements
# (stage3_max_reuse_distance): at the turn from forward to backward, half of it either way.
REUSE_DISTANCE_ELEMENTS = 1_000_000_000
# Elements of a stage-3 sub-group, the part of the optimizer step done at once (sub_group_size).
SUB_GROUP_ELEMENTS = 1_000_000_000
# transformers fills "auto" of stage 3 from the hidden size (integrations/deepspeed.py): bucket
# hidden², prefetch 0.9 · hidden².
PREFETCH_HIDDEN_SQUARES = 0.9


@dataclass(frozen=True, slots=True)
class Units:
    """The pieces in which sharded weights are gathered.

    layer_bytes: the largest layer's weights as gathered. root_bytes: embeddings, head and final
    norm, which FSDP's root unit keeps gathered from the forward to the end of the backward pass.
    layer_gradient_bytes and head_gradient_bytes: their gradients before they are reduced.
    """

    layer_bytes: int
    root_bytes: int
    layer_gradient_bytes: int
    head_gradient_bytes: int
    total_bytes: int
    layer_count: int


@lru_cache(maxsize=1024)
def units_of(architecture: Architecture, local: Numerics) -> Units:
    """The units of a model in the widths that the operations see."""
    counts = count_parameters(architecture)
    width = local.compute_width
    kinds = set(architecture.layer_kinds())
    layer = max(_layer_bytes(architecture, local, *kind) for kind in kinds)
    elements = max(layer_parameters(architecture, *kind).total_count for kind in kinds)
    root = (counts.embedding_count + counts.head_count + architecture.hidden_size) * width
    gradients = 0
    if local.trains_base:
        gradients = round(elements * width * architecture.parameter_scale_fraction)
    else:
        gradients = max(_adapter_count(architecture, local, *kind) for kind in kinds) * width
    head = architecture.vocab_size * architecture.hidden_size * width if local.trains_base else 0
    total = root + layer * architecture.layer_count
    return Units(layer, root, gradients, head, total, architecture.layer_count)


def _layer_bytes(
    architecture: Architecture, local: Numerics, attention: AttentionKind, mlp: MlpKind
) -> int:
    layer = layer_parameters(architecture, attention, mlp)
    linear_width: float = local.compute_width
    expert_width: float = local.compute_width
    if local.quantizes_experts:
        expert_width = QUANTIZED_BYTES_PER_WEIGHT[local.quantized]
    if local.quantizes_linear_maps:
        # Quantised weights travel as they are stored, and are dequantised where they are used.
        linear_width = QUANTIZED_BYTES_PER_WEIGHT[local.quantized]
    linear = layer.linear_count * architecture.parameter_scale_fraction
    rest = (
        layer.total_count
        - layer.linear_count
        - layer.expert_count
        + _adapter_count(architecture, local, attention, mlp)
    )
    experts = layer.expert_count * expert_width
    return round(linear * linear_width + experts + rest * local.compute_width)


def _adapter_count(
    architecture: Architecture, local: Numerics, attention: AttentionKind, mlp: MlpKind
) -> int:
    return sum(
        local.rank * (module.input_size + module.output_size)
        for module in layer_modules(architecture, attention, mlp)
        if local.targets_module(module)
    )


def gathered_bytes(
    architecture: Architecture, local: Numerics, sharding: Sharding, phase: Phase
) -> int:
    """Bytes of weights gathered in a phase, 0 where weights are not sharded.

    FSDP: the root unit, the layer that runs, and the next one, which is prefetched
    (BackwardPrefetch.BACKWARD_PRE; in the forward pass at most two all-gathers are under way,
    torch/distributed/fsdp/_limiter_utils.py). While the loss is computed, the root and the last
    layer. ZeRO-3: what is used again within the reuse distance, the layer that runs at least,
    and the prefetch bucket. At the optimizer step nothing is gathered.
    """
    if not sharding.shards_weights or phase == "optimizer_step":
        return 0
    units = units_of(architecture, local)
    if sharding.strategy == "fsdp":
        layers = 1 if phase == "loss" else min(2, units.layer_count)
        return units.root_bytes + layers * units.layer_bytes
    width = local.compute_width
    largest = max(units.layer_bytes, units.head_gradient_bytes)
    window = REUSE_DISTANCE_ELEMENTS // 2 * width
    prefetch = round(PREFETCH_HIDDEN_SQUARES * architecture.hidden_size**2 * width)
    return min(units.total_bytes, max(largest, window) + prefetch)


def communication_bytes(
    architecture: Architecture, local: Numerics, sharding: Sharding, gradients_bytes: int
) -> int:
    """Bytes of the buckets that gradients travel in, there during the whole step.

    DDP copies every gradient into its buckets: gradient_as_bucket_view is off by default, and its
    documentation says that it would save the size of all gradients
    (torch/nn/parallel/distributed.py). ZeRO allocates its bucket whole, however few parameters
    are trained (zero/stage_1_and_2.py, setup_buckets; zero/stage3.py). FSDP's are the gradients
    in flight.
    """
    if sharding.strategy == "ddp":
        return gradients_bytes
    if sharding.strategy in ("zero1", "zero2"):
        return REDUCE_BUCKET_ELEMENTS * local.compute_width
    if sharding.strategy == "zero3":
        return architecture.hidden_size**2 * local.compute_width
    return 0


def gradients_in_flight_bytes(
    architecture: Architecture, local: Numerics, sharding: Sharding, trained: Trained
) -> int:
    """Bytes of gradients that are whole on each GPU until they are reduced, in the backward pass.

    FSDP: the running layer's, once as the layer's own and once joined for the reduce-scatter, and
    the head's, which waits in the root unit (torch/distributed/fsdp/_runtime_utils.py,
    _reduce_grad). ZeRO-2 and 3: the largest tensor's, before it is copied into the bucket.
    """
    if not sharding.shards_gradients:
        return 0
    units = units_of(architecture, local)
    if sharding.strategy == "fsdp":
        return 2 * units.layer_gradient_bytes + units.head_gradient_bytes
    return trained.largest_count * local.compute_width
