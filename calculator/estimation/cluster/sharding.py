"""How a run is spread over GPUs, and what that allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from calculator.estimation.errors import FieldError, SettingsError
from calculator.estimation.settings import TrainingSettings

Strategy = Literal["none", "ddp", "zero1", "zero2", "zero3", "fsdp1", "fsdp", "hybrid"]
Offload = Literal["none", "optimizer", "parameters"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
OFFLOADS: tuple[Offload, ...] = get_args(Offload)
MAXIMUM_GPUS = 4_096
GPUS_PER_NODE = 8

STRATEGY_NAMES: dict[Strategy, str] = {
    "none": "One GPU",
    "ddp": "DDP",
    "zero1": "ZeRO-1",
    "zero2": "ZeRO-2",
    "zero3": "ZeRO-3",
    "fsdp1": "FSDP 1",
    "fsdp": "FSDP",
    "hybrid": "Hybrid FSDP",
}
OFFLOAD_NAMES: dict[Offload, str] = {
    "none": "Nothing",
    "optimizer": "Optimizer states",
    "parameters": "Parameters and optimizer states",
}
# Other spellings that people and launchers use for the strategies.
STRATEGY_ALIASES: dict[str, Strategy] = {
    "single": "none",
    "zero-1": "zero1",
    "zero-2": "zero2",
    "zero-3": "zero3",
    "deepspeed_zero1": "zero1",
    "deepspeed_zero2": "zero2",
    "deepspeed_zero3": "zero3",
    "full_shard": "fsdp",
    "fsdp2": "fsdp",
    "hybrid_shard": "hybrid",
    "hsdp": "hybrid",
}
# What each strategy can move to the host. DeepSpeed offloads the optimizer at every stage and the
# parameters at stage 3 (deepspeed/runtime/zero/offload_config.py); FSDP's CPUOffload moves the
# parameters, and with them their gradients and optimizer states
# (torch/distributed/fsdp/api.py, CPUOffload; _fully_shard/_fsdp_api.py, CPUOffloadPolicy).
OFFLOADS_OF: dict[Strategy, tuple[Offload, ...]] = {
    "none": ("none",),
    "ddp": ("none",),
    "zero1": ("none", "optimizer"),
    "zero2": ("none", "optimizer"),
    "zero3": ("none", "optimizer", "parameters"),
    "fsdp1": ("none", "parameters"),
    "fsdp": ("none", "parameters"),
    "hybrid": ("none", "parameters"),
}


@dataclass(frozen=True, slots=True)
class Sharding:
    """A strategy over so many GPUs, perhaps with offload to the host's memory.

    "none" is one GPU. "ddp" copies everything to each GPU. "zero1" to "zero3" are DeepSpeed's
    stages: they shard the optimizer states, the gradients too, the weights too. "fsdp" is
    PyTorch's full shard, FSDP 2 (fully_shard) as accelerate sets it up; "fsdp1" its predecessor
    (FullyShardedDataParallel); "hybrid" is FSDP 2 that shards within a node of eight and copies
    from node to node. offload "optimizer" keeps optimizer states and gradients on the host,
    "parameters" the sharded weights as well.
    keeps_layer_inputs (FSDP 1): of frozen layers, the input and its gradient stay until the
    backward pass ends, as with reentrant checkpointing (transformers before 5): the hook that
    frees a frozen layer's gathered weights holds the layer's input, and so its gradient
    (torch/distributed/fsdp/_runtime_utils.py, _register_post_backward_reshard_only_hook).
    "fsdp" with it is FSDP 1.
    wraps_adapters (FSDP 1): adapters have flat parameters of their own, by peft's
    fsdp_auto_wrap_policy. Else they lie in their layer's flat parameter, whose gradient is as
    large as the whole layer (torch/distributed/fsdp/_wrap_utils.py, _validate_frozen_params).
    reduces_each_batch: gradients are reduced after every micro-batch. Else, under FSDP with
    gradient accumulation, they stay whole on each GPU until the last one (no_sync of FSDP 1,
    set_requires_gradient_sync of FSDP 2).
    is_first_batch: the micro-batch is the first of several of that accumulation, so that nothing
    has accumulated yet and nothing is reduced: the settings' gradient_accumulation stays 1.
    shards_4bit_weights: 4-bit weights are stored in the type of the others
    (bnb_4bit_quant_storage). In uint8, bitsandbytes' default, accelerate leaves them out of FSDP 2
    (utils/fsdp_utils.py, fsdp2_prepare_model) and they are whole on each GPU.

    Raises:
        SettingsError: a value is not one of its choices, or the strategy cannot do that.
    """

    strategy: Strategy = "none"
    gpu_count: int = 1
    offload: Offload = "none"
    keeps_layer_inputs: bool = False
    wraps_adapters: bool = True
    reduces_each_batch: bool = True
    shards_4bit_weights: bool = True
    is_first_batch: bool = False

    def __post_init__(self) -> None:
        errors = list(_errors_of(self))
        if errors:
            raise SettingsError(errors)

    @property
    def name(self) -> str:
        return STRATEGY_NAMES[self.strategy]

    @property
    def is_deepspeed(self) -> bool:
        return self.strategy in ("zero1", "zero2", "zero3")

    @property
    def is_zero3(self) -> bool:
        return self.strategy == "zero3"

    @property
    def is_fsdp(self) -> bool:
        return self.strategy in ("fsdp1", "fsdp", "hybrid")

    @property
    def is_fsdp1(self) -> bool:
        return self.strategy == "fsdp1" or (self.strategy == "fsdp" and self.keeps_layer_inputs)

    @property
    def shards_optimizer(self) -> bool:
        return self.is_deepspeed or self.is_fsdp

    @property
    def shards_gradients(self) -> bool:
        return self.strategy in ("zero2", "zero3") or self.is_fsdp

    @property
    def shards_weights(self) -> bool:
        return self.strategy == "zero3" or self.is_fsdp

    @property
    def allocates_gradients_whole(self) -> bool:
        """Whether the gradients' partition is there from its first gradient on.

        ZeRO-2 makes it when the first of them is reduced (zero/stage_1_and_2.py,
        copy_grads_in_partition: the last layers' on one of the GPUs), ZeRO-3 at the start
        (zero/stage3.py, grad_partitions_flat_buffer); offload makes it on the host.
        """
        return self.strategy in ("zero2", "zero3") and self.offload == "none"

    @property
    def shard_count(self) -> int:
        """Over how many GPUs what is sharded is spread."""
        return self.gpus_per_node if self.strategy == "hybrid" else self.gpu_count

    @property
    def gpus_per_node(self) -> int:
        """GPUs, and so processes, of one machine."""
        return min(self.gpu_count, GPUS_PER_NODE)

    def shard(self, size_bytes: float) -> int:
        """One GPU's part of so many bytes, padded up as the flat buffers are."""
        return -int(-size_bytes // self.shard_count)


def sharding_from_mapping(values: Mapping[str, Any]) -> Sharding:
    """A sharding from an address's or a JSON object's gpu_count, strategy and offload.

    What is absent has its default; without a strategy, one GPU is "none" and more are "ddp".

    Raises:
        SettingsError: with every error found.
    """
    names = ("gpu_count", "strategy", "offload")
    errors = [
        FieldError(str(name)[:40], "is not a setting.", "unknown_name")
        for name in values
        if name not in names
    ]
    gpu_count = values.get("gpu_count", 1)
    strategy = values.get("strategy", "ddp" if _is_count(gpu_count) and gpu_count > 1 else "none")
    if isinstance(strategy, str):
        strategy = STRATEGY_ALIASES.get(strategy.strip().lower(), strategy)
    if errors:
        raise SettingsError(errors)
    return Sharding(strategy, gpu_count, values.get("offload", "none"))


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _errors_of(sharding: Sharding) -> list[FieldError]:
    errors = []
    if not (isinstance(sharding.strategy, str) and sharding.strategy in STRATEGIES):
        listed = ", ".join(STRATEGIES)
        errors.append(FieldError("strategy", f"must be one of {listed}.", "not_a_choice"))
    count = sharding.gpu_count
    if not _is_count(count) or not 1 <= count <= MAXIMUM_GPUS:
        bounds = f"between 1 and {MAXIMUM_GPUS:,}"
        errors.append(
            FieldError("gpu_count", f"must be a whole number {bounds}.", "out_of_bounds")
        )
    if not (isinstance(sharding.offload, str) and sharding.offload in OFFLOADS):
        listed = ", ".join(OFFLOADS)
        errors.append(FieldError("offload", f"must be one of {listed}.", "not_a_choice"))
    if errors:
        return errors
    if sharding.strategy == "none" and count != 1:
        errors.append(FieldError("strategy", "must be stated for more than one GPU."))
    if sharding.strategy == "hybrid" and count > GPUS_PER_NODE and count % GPUS_PER_NODE:
        errors.append(
            FieldError("gpu_count", f"must be whole nodes of {GPUS_PER_NODE} for hybrid sharding.")
        )
    if sharding.offload not in OFFLOADS_OF[sharding.strategy]:
        name = STRATEGY_NAMES[sharding.strategy]
        errors.append(FieldError("offload", f"{name} cannot offload “{sharding.offload}”."))
    return errors


def impossible_reason(settings: TrainingSettings, sharding: Sharding) -> str:
    """Why these settings cannot be run so, in a sentence; empty when they can.

    4-bit weights shard when they are stored in the width of the others (bitsandbytes'
    bnb_4bit_quant_storage; peft's guides to QLoRA with FSDP and with ZeRO-3). 8-bit weights do
    not: their int8 tensors carry a state that neither library takes apart. FSDP 1 joins what it
    wraps into one flat parameter of one type (torch/distributed/fsdp/_flat_param.py,
    _validate_tensors_to_flatten).
    """
    if not sharding.shards_weights:
        return ""
    name = sharding.name
    if settings.method == "qlora":
        if settings.quantization == "int8":
            return f"8-bit weights cannot be sharded by {name}: use NF4, or ZeRO-2."
        if sharding.is_fsdp1 and not sharding.shards_4bit_weights:
            return (
                "FSDP 1 cannot join 4-bit weights in uint8 with others: set bnb_4bit_quant_storage"
                " to the type of the others."
            )
    mixes = sharding.is_fsdp1 and not sharding.wraps_adapters and settings.trains_adapters
    if mixes and settings.adapter_precision == "fp32" and settings.recipe != "fp32":
        return (
            "FSDP 1 cannot join fp32 adapters with a 16-bit base: wrap them apart (peft's"
            " fsdp_auto_wrap_policy), or hold them in bf16."
        )
    return ""
