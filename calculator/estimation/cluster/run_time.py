"""How long a run takes and what it costs: ranges, because utilisation is one."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.cluster.flops import flops_per_token
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.settings import TrainingSettings

SECONDS_PER_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Range:
    """Low, likely and high."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"Not a range: {self.low}, {self.likely}, {self.high}.")

    def times(self, factor: float) -> Range:
        return Range(self.low * factor, self.likely * factor, self.high * factor)

    def times_range(self, other: Range) -> Range:
        return Range(self.low * other.low, self.likely * other.likely, self.high * other.high)


# Fraction of the speed that several GPUs keep of their sum. Over NVLink: FSDP on 2 and 4 A100
# keeps 0.85 to 0.99 of one GPU's tokens per second in fms-acceleration's published runs. Over
# PCIe: an assumption; 8 RTX 4090 and 3090 keep 0.91 and 0.86 in arXiv 2311.03687, sharded weights
# less.
NVLINK_SCALING = Range(0.85, 0.94, 1.0)
PCIE_SCALING = Range(0.5, 0.8, 0.95)
# Fraction of the speed that is left when states move to the host at every step: an assumption
# that depends on the host's memory, PCIe and the batch.
OFFLOAD_SCALING: dict[str, Range] = {
    "none": Range(1.0, 1.0, 1.0),
    "optimizer": Range(0.4, 0.7, 0.95),
    "parameters": Range(0.2, 0.5, 0.9),
}
# Speed with a 4-bit base over that with a 16-bit one: 0.66 in Lightning's LoRA runs (2.79 h
# against 1.85 h on an A100), 0.89 with plain bitsandbytes and 1.0 and above with fused kernels in
# fms-acceleration's (Mistral 7B, 8 × 4,096 tokens).
QUANTIZED_SPEED = Range(0.66, 0.87, 1.0)


@dataclass(frozen=True, slots=True)
class Speed:
    """What a GPU can do: dense 16-bit operations per second, and the fraction that training uses.

    utilisation counts recomputation as use (hardware FLOPs utilisation).
    """

    flops_per_second: float
    utilisation_fraction: Range
    has_nvlink: bool = False


@dataclass(frozen=True, slots=True)
class RunTime:
    """Ranges for the whole run on all GPUs."""

    run_seconds: Range
    tokens_per_second: Range
    gpu_count: int

    @property
    def gpu_hours(self) -> Range:
        return self.run_seconds.times(self.gpu_count / SECONDS_PER_HOUR)

    def cost_usd(self, price_usd_per_gpu_hour: float) -> Range:
        """The run's price at so much for each GPU and hour."""
        return self.gpu_hours.times(price_usd_per_gpu_hour)


def estimate_run_time(
    architecture: Architecture,
    settings: TrainingSettings,
    sharding: Sharding,
    speed: Speed,
    *,
    dataset_tokens: float,
) -> RunTime:
    """Time to train on so many tokens (examples × length × epochs).

    Time = tokens · operations per token ÷ (operations per second · utilisation · GPUs), with what
    several GPUs, offload and a 4-bit base leave of it. Padding is not counted: only tokens that
    are there.
    """
    effective = speed.utilisation_fraction.times(speed.flops_per_second * sharding.gpu_count)
    if sharding.gpu_count > 1:
        effective = effective.times_range(NVLINK_SCALING if speed.has_nvlink else PCIE_SCALING)
    effective = effective.times_range(OFFLOAD_SCALING[sharding.offload])
    if settings.method == "qlora":
        effective = effective.times_range(QUANTIZED_SPEED)
    per_token = flops_per_token(architecture, settings).total
    tokens = Range(
        effective.low / per_token, effective.likely / per_token, effective.high / per_token
    )
    return RunTime(
        run_seconds=_seconds(dataset_tokens, tokens),
        tokens_per_second=tokens,
        gpu_count=sharding.gpu_count,
    )


def _seconds(tokens: float, per_second: Range) -> Range:
    return Range(tokens / per_second.high, tokens / per_second.likely, tokens / per_second.low)
