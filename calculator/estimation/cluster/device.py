"""Device bytes of one GPU among several: the single GPU's, and what communication takes."""

from __future__ import annotations

from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.device import CONTEXT_BYTES, MIB, DeviceBytes, device_bytes
from calculator.estimation.settings import TrainingSettings

# NCCL's communicators and their buffers, outside of PyTorch's counters: 4 MiB for each channel
# and peer (NCCL_BUFFSIZE in NCCL's list of environment variables), some hundred MiB on one
# machine.
NCCL_BYTES = (100 * MIB, 300 * MIB, 1024 * MIB)

# nvidia-smi over allocated bytes, less context and NCCL, in the 86 published runs with FSDP on 2
# and 4 A100 80 GB that state both (foundation-model-stack/fms-acceleration, validation data):
# median and highest twentieth by method; the low end is the single GPU's, where all memory is
# used again. Weights that are gathered and freed on a stream of their own leave gaps that one
# GPU's step does not.
SHARDED_SLACK_FRACTION: dict[str, tuple[float, float]] = {
    "full": (0.32, 0.78),
    "lora": (0.20, 0.67),
    "qlora": (0.34, 0.75),
}


def sharded_device_bytes(
    allocated_bytes: int,
    without_reuse_bytes: int,
    settings: TrainingSettings,
    sharding: Sharding,
    paged_bytes: int = 0,
) -> DeviceBytes:
    """The range of device bytes of one GPU for a peak of allocated bytes, with its reasons."""
    alone = device_bytes(allocated_bytes, without_reuse_bytes, paged_bytes)
    if sharding.gpu_count == 1:
        return alone
    figures = [alone.low, alone.likely, alone.high]
    reasons = list(alone.reasons)
    if sharding.shards_weights:
        slack = SHARDED_SLACK_FRACTION[settings.method]
        for index in (1, 2):
            held = round(allocated_bytes * (1 + slack[index - 1])) + CONTEXT_BYTES[index]
            figures[index] = held
        figures[2] += paged_bytes
        reasons.append(
            "Weights that are gathered and freed again fragment the allocator:"
            f" {slack[0]:.0%} more than is allocated in the middle of published FSDP runs of this"
            f" method, and up to {slack[1]:.0%}."
        )
    reasons.append("NCCL's communicators take 0.1 to 1 GB on each GPU.")
    low, likely, high = (figure + extra for figure, extra in zip(figures, NCCL_BYTES, strict=True))
    return DeviceBytes(low, likely, high, tuple(reasons))
