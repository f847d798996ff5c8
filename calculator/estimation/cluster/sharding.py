"""How a run is spread over GPUs, and what that allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from calculator.estimation.errors import FieldError, SettingsError
from calculator.estimation.settings import TrainingSettings

Strategy = Literal["none", "ddp", "zero1", "zero2", "zero3", "fsdp"]
Offload = Literal["none", "optimizer", "parameters"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
OFFLOADS: tuple[Offload, ...] = get_args(Offload)
MAXIMUM_GPUS = 4_096

STRATEGY_NAMES: dict[Strategy, str] = {
    "none": "One GPU",
    "ddp": "DDP",
    "zero1": "ZeRO-1",
    "zero2": "ZeRO-2",
    "zero3": "ZeRO-3",
    "fsdp": "FSDP",
}
# What each strategy can move to the host. DeepSpeed offloads the optimizer at every stage and the
# parameters at stage 3 (deepspeed/runtime/zero/offload_config.py); FSDP's CPUOffload moves the
# parameters, and with them their gradients and optimizer states
# (torch/distributed/fsdp/api.py, CPUOffload).
OFFLOADS_OF: dict[Strategy, tuple[Offload, ...]] = {
    "none": ("none",),
    "ddp": ("none",),
    "zero1": ("none", "optimizer"),
    "zero2": ("none", "optimizer"),
    "zero3": ("none", "optimizer", "parameters"),
    "fsdp": ("none", "parameters"),
}


@dataclass(frozen=True, slots=True)
class Sharding:
    """A strategy over so many GPUs, perhaps with offload to the host's memory.

    "none" is one GPU. "ddp" copies everything to each GPU. "zero1" to "zero3" are DeepSpeed's
    stages: they shard the optimizer states, the gradients too, the weights too. "fsdp" is
    PyTorch's full shard. offload "optimizer" keeps optimizer states and gradients on the host,
    "parameters" the sharded weights as well.
    keeps_layer_inputs: of frozen layers, the input and its gradient stay until the backward pass
    ends, as under FSDP 1 with reentrant checkpointing (transformers before 5): the hook that
    frees a frozen layer's gathered weights holds the layer's input, and so its gradient
    (torch/distributed/fsdp/_runtime_utils.py, _register_post_backward_reshard_only_hook).

    Raises:
        SettingsError: a value is not one of its choices, or the strategy cannot do that.
    """

    strategy: Strategy = "none"
    gpu_count: int = 1
    offload: Offload = "none"
    keeps_layer_inputs: bool = False

    def __post_init__(self) -> None:
        errors = list(_errors_of(self))
        if errors:
            raise SettingsError(errors)

    @property
    def is_deepspeed(self) -> bool:
        return self.strategy in ("zero1", "zero2", "zero3")

    @property
    def shards_optimizer(self) -> bool:
        return self.strategy in ("zero1", "zero2", "zero3", "fsdp")

    @property
    def shards_gradients(self) -> bool:
        return self.strategy in ("zero2", "zero3", "fsdp")

    @property
    def shards_weights(self) -> bool:
        return self.strategy in ("zero3", "fsdp")

    def shard(self, size_bytes: float) -> int:
        """One GPU's part of so many bytes, padded up as the flat buffers are."""
        return -int(-size_bytes // self.gpu_count)


def _errors_of(sharding: Sharding) -> list[FieldError]:
    errors = []
    if sharding.strategy not in STRATEGIES:
        errors.append(FieldError("strategy", f"must be one of {', '.join(STRATEGIES)}."))
    count = sharding.gpu_count
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MAXIMUM_GPUS:
        errors.append(
            FieldError("gpu_count", f"must be a whole number between 1 and {MAXIMUM_GPUS:,}.")
        )
    if sharding.offload not in OFFLOADS:
        errors.append(FieldError("offload", f"must be one of {', '.join(OFFLOADS)}."))
    if errors:
        return errors
    if sharding.strategy == "none" and count != 1:
        errors.append(FieldError("strategy", "must be stated for more than one GPU."))
    if sharding.offload not in OFFLOADS_OF[sharding.strategy]:
        name = STRATEGY_NAMES[sharding.strategy]
        errors.append(FieldError("offload", f"{name} cannot offload “{sharding.offload}”."))
    return errors


def impossible_reason(settings: TrainingSettings, sharding: Sharding) -> str:
    """Why these settings cannot be run so, in a sentence; empty when they can.

    4-bit weights shard when they are stored in the width of the others (bitsandbytes'
    bnb_4bit_quant_storage; peft's guides to QLoRA with FSDP and with ZeRO-3). 8-bit weights do
    not: their int8 tensors carry a state that neither library takes apart.
    """
    if sharding.shards_weights and settings.method == "qlora" and settings.quantization == "int8":
        name = STRATEGY_NAMES[sharding.strategy]
        return f"8-bit weights cannot be sharded by {name}: use NF4, or ZeRO-2."
    return ""
