"""Whether a card holds a run: three words, and what “tight” means in a sentence."""

from __future__ import annotations

from typing import Literal

from calculator.estimation.device import DeviceBytes
from calculator.estimation.units import GB

Verdict = Literal["fits", "tight", "too_small"]
VERDICTS: tuple[Verdict, ...] = ("fits", "tight", "too_small")
VERDICT_WORDS: dict[Verdict, str] = {
    "fits": "fits",
    "tight": "tight",
    "too_small": "too small",
}


def verdict(device: DeviceBytes, usable_bytes: int) -> Verdict:
    """Whether a card with so many usable bytes holds a run of such device bytes.

    "fits" when it has the high figure, "tight" when it has the low figure but not the high one,
    "too_small" when not even the low one: what is allocated at the peak has no room then,
    whatever the allocator gives back.
    """
    if usable_bytes >= device.high:
        return "fits"
    return "tight" if usable_bytes >= device.low else "too_small"


def is_held(device: DeviceBytes, usable_bytes: int) -> bool:
    """Whether the card can run it at all: it fits, or is tight."""
    return verdict(device, usable_bytes) != "too_small"


def verdict_sentence(device: DeviceBytes, usable_bytes: int, gpu_count: int = 1) -> str:
    """What the verdict means on that card, one of so many that share the run.

    When an allocation fails, PyTorch's allocator waits for the GPU, gives all cached blocks that
    are free as a whole back to the driver, and asks again
    (c10/cuda/CUDACachingAllocator.cpp, release_cached_blocks; torch.cuda.memory_stats counts
    it as num_alloc_retries). What is said of several GPUs is counted from the field reports
    (validation/field_reports.csv; tests/validation/test_field_reports.py holds it to them).
    """
    low, likely, high = (_gb(size) for size in (device.low, device.likely, device.high))
    usable = _gb(usable_bytes)
    found = verdict(device, usable_bytes)
    if found == "fits":
        return f"Fits: it holds {high} GB at most, of {usable} GB."
    if found == "too_small":
        return (
            f"Too small: {low} GB are in use at one time, of {usable} GB; nothing can be given"
            " back of that."
        )
    odds = (
        f"it is likely to hold {likely} GB and has room for that, up to {high} GB if memory"
        " fragments"
        if device.likely <= usable_bytes
        else f"it needs {low} GB, but PyTorch would rather hold {likely} GB"
    )
    return (
        f"Tight on {usable} GB: {odds}. Where the card is full, PyTorch waits for the GPU, gives"
        " cached blocks back and asks again: steps get slower, and one longer sequence or an"
        " evaluation may end the run. PYTORCH_ALLOC_CONF=expandable_segments:True helps."
        + (
            " Most runs on several GPUs that were reported, and are tight by this estimate, ran out."
            if gpu_count > 1
            else ""
        )
    )


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / GB:.1f}"
