"""From allocated bytes to the bytes that the card must have: low, likely and high.

PyTorch's allocator holds more than is allocated (it keeps freed blocks and cannot use every gap),
and the CUDA context and the libraries' workspaces lie outside of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from calculator.estimation.units import GB

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


# What the allocator cannot use again. It keeps the blocks that one phase has freed, and the next
# phase, whose tensors have other sizes, often cannot take them: the logits' blocks do not serve
# the recomputed layer, nor the layer's the optimizer step. At best all is used again, and it holds
# what is allocated at the peak; at worst each component has memory of its own. In the published
# runs of fixed length that left room on their card (validation/measured_runs.csv), the median lies
# at this fraction between:
LIKELY_FRACTION = 0.6
# and nine in ten held at most this much more than with no block used again (blocks are rounded up,
# and split ones leave gaps). validation/measured/report.py recomputes both.
GAPS_FRACTION = 0.02


def device_bytes(
    allocated_bytes: int, without_reuse_bytes: int, paged_bytes: int = 0
) -> DeviceBytes:
    """The range of device bytes for a peak of allocated bytes, with its reasons.

    without_reuse_bytes: what is held if no component's memory serves another one.
    """
    spread = max(0, without_reuse_bytes - allocated_bytes)
    low = allocated_bytes + CONTEXT_BYTES[0]
    likely = allocated_bytes + round(LIKELY_FRACTION * spread) + CONTEXT_BYTES[1]
    high = round((allocated_bytes + spread) * (1 + GAPS_FRACTION)) + CONTEXT_BYTES[2]
    reasons = [
        "The CUDA context takes 0.15 to 0.6 GB, more on newer cards.",
        f"PyTorch's allocator keeps blocks that one phase has freed and the next cannot use: up to"
        f" {spread / GB:.1f} GB here, of which {LIKELY_FRACTION:.0%} in the middle of the"
        " published runs. On a card that is nearly full it gives them back, and gets slower.",
        "Sequences of varying length fragment it further; those of one length do not.",
    ]
    if paged_bytes:
        high += paged_bytes
        reasons.append(
            f"The paged optimizer's states, {paged_bytes / GB:.1f} GB, stay on the card while"
            " there is room."
        )
    return DeviceBytes(low, likely, high, tuple(reasons))
