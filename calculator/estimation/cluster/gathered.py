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
from calculator.estimation.step.resident import QUANTIZED_BYTES_PER_WEIGHT, trained_parameters
from calculator.estimation.step.timeline import Phase

# DeepSpeed 0.18 (deepspeed/runtime/zero/config.py): elements of the bucket in which stages 1 and
# 2 collect gradients for reduction (one buffer: overlap_comm is off by default below stage 3).
REDUCE_BUCKET_ELEMENTS = 500_000_000
# Stage 3 keeps a module's weights gathered if they are used again within so many elements
# (stage3_max_reuse_distance): at the turn from forward to backward, half of it either way.
REUSE_DISTANCE_ELEMENTS = 1_000_000_000
# Elements of a stage-3 sub-group, the part of the optimizer step done at once (sub_group_size).
SUB_GROUP_ELEMENTS = 1_000_000_000
# What bitsandbytes stores of a quantised weight as a parameter, which shards. The absmax of its
# blocks is in the parameter's quant_state, which is a plain attribute: neither FSDP nor ZeRO-3
# takes it apart, and it stays on the GPU (bitsandbytes/nn/modules.py, Params4bit and
# fix_4bit_weight_quant_state_from_module).
PACKED_BYTES_PER_WEIGHT: dict[str, float] = {
    **{"nf4": 0.5, "nf4_double": 0.5, "awq": 0.5, "gptq": 0.5, "mxfp4": 0.5},
    **{"int8": 1.0, "fp8": 1.0},
}
# transformers fills "auto" of stage 3 from the hidden size (integrations/deepspeed.py): bucket
# hidden², prefetch 0.9 · hidden².
PREFETCH_HIDDEN_SQUARES = 0.9


@dataclass(frozen=True, slots=True)
class Units:
    """The pieces in which sharded weights are gathered.

    layer_bytes: the largest layer's weights as gathered. root_bytes: embeddings, head and final
    norm, which FSDP 1's root unit keeps gathered from the forward to the end of the backward pass.
    tail_bytes: final norm and head. embedding_bytes: the input embedding.
    layer_gradient_bytes and head_gradient_bytes: their gradients before they are reduced.
    """

    layer_bytes: int
    root_bytes: int
    tail_bytes: int
    embedding_bytes: int
    layer_gradient_bytes: int
    head_gradient_bytes: int
    total_bytes: int
    layer_count: int


@lru_cache(maxsize=1024)
def units_of(
    architecture: Architecture, local: Numerics, *, with_4bit_weights: bool = True
) -> Units:
    """The units of a model in the widths that the operations see."""
    counts = count_parameters(architecture)
    width = local.compute_width
    kinds = set(architecture.layer_kinds())
    packed = float(width)
    if local.quantizes_linear_maps:
        packed = PACKED_BYTES_PER_WEIGHT[local.quantized] if with_4bit_weights else 0.0
    layer = max(_layer_bytes(architecture, local, packed, *kind) for kind in kinds)
    elements = max(layer_parameters(architecture, *kind).total_count for kind in kinds)
    root = (counts.embedding_count + counts.head_count + architecture.hidden_size) * width
    tail = (counts.head_count or counts.embedding_count) + architecture.hidden_size
    if local.trains_base:
        gradients = round(elements * width * architecture.parameter_scale_fraction)
    else:
        gradients = max(_adapter_count(architecture, local, *kind) for kind in kinds) * width
    head = architecture.vocab_size * architecture.hidden_size * width if local.trains_base else 0
    total = root + layer * architecture.layer_count
    return Units(
        layer_bytes=layer,
        root_bytes=root,
        tail_bytes=tail * width,
        embedding_bytes=counts.embedding_count * width,
        layer_gradient_bytes=gradients,
        head_gradient_bytes=head,
        total_bytes=total,
        layer_count=architecture.layer_count,
    )


def _layer_bytes(
    architecture: Architecture,
    local: Numerics,
    linear_width: float,
    attention: AttentionKind,
    mlp: MlpKind,
) -> int:
    """Bytes of a layer as it travels: quantised weights as they are stored."""
    layer = layer_parameters(architecture, attention, mlp)
    expert_width = (
        PACKED_BYTES_PER_WEIGHT[local.quantized]
        if local.quantizes_experts
        else local.compute_width
    )
    linear = layer.linear_count * architecture.parameter_scale_fraction
    rest = (
        layer.total_count
        - layer.linear_count
        - layer.expert_count
        + _adapter_count(architecture, local, attention, mlp)
    )
    experts = layer.expert_count * expert_width
    return round(linear * linear_width + experts + rest * local.compute_width)


def unsharded_weights_bytes(
    architecture: Architecture, stored: Numerics, sharding: Sharding
) -> int:
    """Bytes of weights that are whole on each GPU although the strategy shards weights.

    The absmax of quantised weights; and the weights with it where they are not sharded.
    """
    if not (stored.quantized and sharding.shards_weights):
        return 0
    counts = count_parameters(architecture)
    width = QUANTIZED_BYTES_PER_WEIGHT[stored.quantized]
    if sharding.shards_4bit_weights:
        width -= PACKED_BYTES_PER_WEIGHT[stored.quantized]
    count = 0
    if stored.quantizes_linear_maps:
        count += counts.linear_count + counts.vision_count
    if stored.quantizes_experts:
        count += counts.expert_count
    return round(count * width)


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
    """Bytes of weights gathered in a phase, 0 where weights are not sharded; FSDP 2: fsdp2.py.

    FSDP 1: the root unit, the layer that runs, and the next one, which is prefetched
    (BackwardPrefetch.BACKWARD_PRE; in the forward pass at most two all-gathers are under way,
    torch/distributed/fsdp/_limiter_utils.py). While the loss is computed, the root and the last
    layer. ZeRO-3: what is used again within the reuse distance, the layer that runs at least,
    and the prefetch bucket. At the optimizer step nothing is gathered.
    """
    if not sharding.shards_weights or phase == "optimizer_step":
        return 0
    units = units_of(architecture, local, with_4bit_weights=sharding.shards_4bit_weights)
    if sharding.is_fsdp:
        layers = 1 if phase == "loss" else min(2, units.layer_count)
        return units.root_bytes + layers * units.layer_bytes
    width = local.compute_width
    largest = max(units.layer_bytes, units.head_gradient_bytes)
    window = REUSE_DISTANCE_ELEMENTS // 2 * width
    prefetch = round(PREFETCH_HIDDEN_SQUARES * architecture.hidden_size**2 * width)
    return min(units.total_bytes, max(largest, window) + prefetch)


def communication_bytes(
    architecture: Architecture, local: Numerics, sharding: Sharding, phase: Phase
) -> int:
    """Bytes of the buckets that gradients travel in, by phase.

    DDP copies every gradient into its buckets, there during the whole step:
    gradient_as_bucket_view is off by default, and its documentation says that it would save the
    size of all gradients (torch/nn/parallel/distributed.py). ZeRO-1 and 2 allocate their bucket
    whole when the backward pass begins, however few parameters are trained, and let it go when it
    ends (zero/stage_1_and_2.py, setup_buckets, _release_ipg_buffers); each reduction joins what
    lies in it into another tensor (allreduce_bucket). ZeRO-3's is there from the start
    (zero/stage3.py, _setup_for_real_optimizer). FSDP's are the gradients in flight.
    """
    trained = trained_parameters(architecture, local)
    if sharding.strategy == "ddp":
        return trained.count * trained.width
    if sharding.strategy in ("zero1", "zero2"):
        # Offload copies one gradient at a time through a buffer of the largest one's size
        # (temp_grad_buffer_for_gpu_offload).
        elements = 0 if sharding.offload == "none" else trained.largest_count
        if phase in ("loss", "backward"):
            elements += REDUCE_BUCKET_ELEMENTS
        if phase == "backward":
            elements += min(trained.count, REDUCE_BUCKET_ELEMENTS)
        return elements * local.compute_width
    if sharding.strategy == "zero3":
        return architecture.hidden_size**2 * local.compute_width
    return 0


def gradients_in_flight_bytes(
    architecture: Architecture, local: Numerics, sharding: Sharding, trained: Trained
) -> int:
    """Bytes of gradients that are whole on each GPU until they are reduced; FSDP 2: fsdp2.py.

    FSDP 1: the running layer's, once as the layer's own and once joined for the reduce-scatter,
    and the head's, which waits in the root unit (torch/distributed/fsdp/_runtime_utils.py,
    _reduce_grad). ZeRO-2 and 3: the largest tensor's, before it is copied into the bucket.
    """
    if not sharding.shards_gradients:
        return 0
    if sharding.is_fsdp:
        units = units_of(architecture, local)
        layer = units.layer_gradient_bytes
        if has_mixed_units(local, sharding):
            layer = units.layer_bytes
        return 2 * layer + units.head_gradient_bytes
    return trained.largest_count * local.compute_width


def has_mixed_units(local: Numerics, sharding: Sharding) -> bool:
    """Whether adapters share flat parameters with their frozen layers (FSDP 1)."""
    return sharding.is_fsdp1 and not sharding.wraps_adapters and not local.trains_base


def unit_gradients_bytes(architecture: Architecture, local: Numerics, sharding: Sharding) -> int:
    """Bytes of all gradients that the units make, whole: trained ones, and mixed units' frozen."""
    if has_mixed_units(local, sharding):
        units = units_of(architecture, local)
        return units.layer_bytes * units.layer_count
    trained = trained_parameters(architecture, local)
    return trained.count * (local.compute_width if sharding.is_fsdp else trained.width)
