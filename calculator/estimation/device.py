"""From allocated bytes to the bytes that the card must have: low, likely and high.

PyTorch's allocator holds more than is allocated (it keeps freed blocks and cannot use every gap),
and the CUDA context and the libraries' workspaces lie outside of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.settings import TrainingSettings
from calculator.estimation.units import GIB

MIB = 2**20
# The CUDA context with its kernels: 140 MiB on a T4, about 500 MiB on an H100 (nvidia-smi minus
# reserved in the published runs of validation/measured_runs.csv).
CONTEXT_BYTES = (140 * MIB, 400 * MIB, 600 * MIB)


@dataclass(frozen=True, slots=True)
class DeviceBytes:
    """What nvidia-smi is expected to show, and what the card must have free."""

    low: int
    likely: int
    high: int
    reasons: tuple[str, ...]


# nvidia-smi over allocated bytes, less the context, in the published single-GPU runs: lowest and
# highest twentieth and median by method (validation/compare.py recomputes them).
SLACK_FRACTION: dict[str, tuple[float, float, float]] = {
    "full": (0.0, 0.08, 0.25),
    "lora": (0.02, 0.18, 0.42),
    "qlora": (0.02, 0.15, 0.42),
}


def device_bytes(
    allocated_bytes: int, settings: TrainingSettings, paged_bytes: int = 0
) -> DeviceBytes:
    """The range of device bytes for a peak of allocated bytes, with its reasons."""
    slack = SLACK_FRACTION[settings.method]
    low, likely, high = (
        round(allocated_bytes * (1 + fraction)) + context
        for fraction, context in zip(slack, CONTEXT_BYTES, strict=True)
    )
    reasons = [
        "The CUDA context takes 0.15 to 0.6 GB, more on newer cards.",
        f"PyTorch's allocator keeps {slack[0]:.0%} to {slack[2]:.0%} more than is allocated"
        f" ({slack[1]:.0%} in the middle of the published runs of this method).",
        "Sequences of varying length fragment it further; those of one length do not.",
    ]
    if paged_bytes:
        high += paged_bytes
        reasons.append(
            f"The paged optimizer's states, {paged_bytes / GIB:.1f} GiB, stay on the card while"
            " there is room."
        )
    return DeviceBytes(low, likely, high, tuple(reasons))
