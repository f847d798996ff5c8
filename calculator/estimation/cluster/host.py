"""Memory of the host beside the GPUs: what offload keeps there, page-locked as libraries do it.

Per node, for all of its processes. Beside what is offloaded three things take host memory:
the processes themselves, the model while it is loaded, and the rounding of page-locked ("pinned")
blocks: PyTorch rounds each one up to a power of two and keeps it when it is freed
(ATen/core/CachingHostAllocator.h, allocate and maybe_cache_block; torch 2.13, and before).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.gathered import SUB_GROUP_ELEMENTS
from calculator.estimation.cluster.local_step import local_numerics
from calculator.estimation.cluster.pinned import (
    joined_rounding_bytes,
    layer_shards_bytes,
    tensor_shards_bytes,
)
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.cluster.states import FP32_BYTES, States, states_of
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.numerics import Numerics, numerics_of
from calculator.estimation.step.resident import trained_parameters, weights_bytes
from calculator.estimation.units import GB

# Python, PyTorch, transformers and the CUDA context's part on the host, of one process, data
# loaders aside at the low end and with some at the high one: an assumption.
PROCESS_BYTES = (2 * GB, 3 * GB, 8 * GB)

HOST_PARTS: dict[str, str] = {
    "weights": "Offloaded weights",
    "optimizer_states": "Optimizer states, with the fp32 copy of the weights",
    "gradients": "Gradients, in 16 bits and in fp32",
    "pinned_rounding": "Page-locked blocks rounded up to powers of two",
    "pinned_cache": "Page-locked blocks kept from loading",
    "loaded_model": "The model while it is loaded",
    "processes": "Python, PyTorch and CUDA of each process",
}


@dataclass(frozen=True, slots=True)
class HostPart:
    """One part's bytes on a node at the likely peak."""

    name: str
    bytes: int

    @property
    def label(self) -> str:
        return HOST_PARTS[self.name]


@dataclass(frozen=True, slots=True)
class HostMemory:
    """Bytes of host memory that one node takes: low, likely and high.

    parts sums to likely. low: nothing rounded up, nothing kept from loading, the model read
    straight onto the GPU. high: the checkpoint's pages in the file cache as well, and data
    loaders. process_count: of one node. offloaded_bytes_per_gpu: weights, optimizer states and
    gradients that offload moves there for each GPU, before anything is added.
    """

    low: int
    likely: int
    high: int
    parts: tuple[HostPart, ...]
    process_count: int
    offloaded_bytes_per_gpu: int


@lru_cache(maxsize=4096)
def host_memory(
    architecture: Architecture, settings: TrainingSettings, sharding: Sharding
) -> HostMemory:
    """What a run takes of each node's host memory."""
    states = states_of(architecture, settings, sharding)
    stored = local_numerics(settings, sharding) if sharding.is_deepspeed else numerics_of(settings)
    training = _training(architecture, settings, sharding, stored, states)
    training["pinned_cache"] = _kept_from_loading(architecture, sharding, stored)
    loading = _loading(architecture, sharding, stored, states)
    ranks = sharding.gpus_per_node
    exact = ranks * sum(
        size for name, size in training.items() if name not in ("pinned_rounding", "pinned_cache")
    )
    at_training = {name: ranks * size for name, size in training.items()}
    at_peak = max(at_training, loading, key=lambda parts: sum(parts.values()))
    at_peak = {**at_peak, "processes": ranks * PROCESS_BYTES[1]}
    likely = sum(at_peak.values())
    file_cache = 2 * count_parameters(architecture).total_count
    return HostMemory(
        low=min(likely, exact + ranks * PROCESS_BYTES[0]),
        likely=likely,
        high=likely + file_cache + ranks * (PROCESS_BYTES[2] - PROCESS_BYTES[1]),
        parts=tuple(HostPart(name, at_peak[name]) for name in HOST_PARTS if at_peak.get(name)),
        process_count=ranks,
        offloaded_bytes_per_gpu=states.offloaded_weights_bytes
        + states.offloaded_optimizer_states_bytes
        + states.offloaded_gradients_bytes,
    )


def _training(
    architecture: Architecture,
    settings: TrainingSettings,
    sharding: Sharding,
    stored: Numerics,
    states: States,
) -> dict[str, int]:
    """Bytes of one process while it trains, by part."""
    parts = {
        "weights": states.offloaded_weights_bytes,
        "optimizer_states": states.offloaded_optimizer_states_bytes,
        "gradients": states.offloaded_gradients_bytes,
    }
    if sharding.offload == "none":
        return parts
    if sharding.is_fsdp:
        _add_fsdp(parts, architecture, sharding, stored, states)
    elif sharding.is_zero3:
        _add_zero3(parts, architecture, sharding, stored)
    else:
        _add_zero2(parts, architecture, settings, sharding, stored)
    return parts


def _add_zero3(
    parts: dict[str, int], architecture: Architecture, sharding: Sharding, stored: Numerics
) -> None:
    """ZeRO-3 with offload (DeepSpeed 0.19, zero/stage3.py).

    The 16-bit gradients have one pinned buffer (grad_partitions_flat_buffer); each sub-group's
    fp32 copy has a pinned fp32 gradient beside it (initialize_optimizer_states). Trained weights
    lie in one pinned buffer (_create_param_groups_fp16_flat_cpu_memory); frozen ones stay in the
    blocks that zero.Init made for each (partition_parameters.py, _partition_param).
    """
    trained = trained_parameters(architecture, stored)
    count = sharding.shard(trained.count)
    rounding = joined_rounding_bytes(count * trained.width)
    parts["gradients"] += FP32_BYTES * count
    whole_groups, rest = divmod(count, SUB_GROUP_ELEMENTS)
    rounding += whole_groups * joined_rounding_bytes(FP32_BYTES * SUB_GROUP_ELEMENTS)
    rounding += joined_rounding_bytes(FP32_BYTES * rest)
    if sharding.offload == "parameters":
        rounding += joined_rounding_bytes(count * trained.width)
        if not stored.trains_base:
            exact, pinned = tensor_shards_bytes(architecture, stored, sharding.shard_count)
            rounding += pinned - exact
    parts["pinned_rounding"] = rounding


def _add_zero2(
    parts: dict[str, int],
    architecture: Architecture,
    settings: TrainingSettings,
    sharding: Sharding,
    stored: Numerics,
) -> None:
    """ZeRO-1 and 2 with the optimizer offloaded (DeepSpeed 0.19, zero/stage_1_and_2.py).

    Of its partition, a process pins the fp32 weights, their fp32 gradients and a 16-bit buffer in
    which the new weights travel (__init__, initialize_optimizer_states); with accumulation, the
    16-bit gradients of the micro-batches before as well (accumulated_grads_in_cpu).
    """
    trained = trained_parameters(architecture, stored)
    count = sharding.shard(trained.count)
    accumulated = count * trained.width if settings.gradient_accumulation > 1 else 0
    parts["weights"] += count * trained.width
    parts["gradients"] = FP32_BYTES * count + accumulated
    parts["pinned_rounding"] = 2 * joined_rounding_bytes(
        FP32_BYTES * count
    ) + joined_rounding_bytes(count * trained.width)


def _add_fsdp(
    parts: dict[str, int],
    architecture: Architecture,
    sharding: Sharding,
    stored: Numerics,
    states: States,
) -> None:
    """FSDP with its CPU offload.

    FSDP 1 pins each flat parameter's shard and as much for its gradient, of frozen ones too
    (torch/distributed/fsdp/_flat_param.py, init_flat_param_attributes). FSDP 2 pins every
    parameter's shard, and the gradients of the trained ones as they arrive
    (_fully_shard/_fsdp_param.py, _init_sharded_param; _fsdp_collectives.py, foreach_reduce).
    """
    if sharding.is_fsdp1:
        exact, pinned = layer_shards_bytes(architecture, stored, sharding.shard_count)
        parts["gradients"] = max(parts["gradients"], states.offloaded_weights_bytes)
        parts["pinned_rounding"] = 2 * (pinned - exact)
        return
    exact, pinned = tensor_shards_bytes(architecture, stored, sharding.shard_count)
    trained = 2 if stored.trains_base else 1
    parts["pinned_rounding"] = trained * (pinned - exact)


def _kept_from_loading(architecture: Architecture, sharding: Sharding, stored: Numerics) -> int:
    """Pinned blocks that zero.Init made for each weight, given back when they were joined.

    They stay in the allocator's lists, whose sizes nothing later asks for.
    """
    if not (sharding.is_zero3 and sharding.offload == "parameters" and stored.trains_base):
        return 0
    _, pinned = tensor_shards_bytes(architecture, stored, sharding.shard_count)
    return pinned


def _loading(
    architecture: Architecture, sharding: Sharding, stored: Numerics, states: States
) -> dict[str, int]:
    """Bytes of a node while the model is loaded, by part.

    Without sharded weights each process makes the model in host memory and then moves it
    (transformers, from_pretrained without a device_map); 4- and 8-bit loading puts tensor after
    tensor on the GPU. Under FSDP the first process alone has it whole (accelerate,
    cpu_ram_efficient_loading) while offloaded shards fill up. ZeRO-3 reads the checkpoint's
    mapped files into the partitions (transformers, modeling_utils.py).
    """
    model = weights_bytes(architecture, stored)
    ranks = sharding.gpus_per_node
    if sharding.is_zero3:
        model = 0
    elif not sharding.is_fsdp:
        model = 0 if stored.quantized else ranks * model
    return {"weights": ranks * states.offloaded_weights_bytes, "loaded_model": model}
