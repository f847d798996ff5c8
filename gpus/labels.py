"""How a setup is named: “2× 80 GB (A100 / H100)”, “24 GB GPU (RTX 4090 / 3090)”."""

from __future__ import annotations

from gpus.fitting import GpuSetup, Setup
from gpus.specs import TierSpec


def setup_label(setup: Setup) -> str:
    times = f"{setup.gpu_count:,}× " if setup.gpu_count > 1 else ""
    return f"{times}{tier_label(setup.tier)}"


def tier_label(tier: TierSpec) -> str:
    examples = examples_label(tier)
    return f"{tier.label} ({examples})" if examples else tier.label


def examples_label(tier: TierSpec) -> str:
    """“RTX 4090 / 3090”: a first word that all examples share is said once."""
    names = [gpu.short_name for gpu in tier.examples]
    first_words = {name.split(" ", 1)[0] for name in names if " " in name}
    if len(names) > 1 and len(first_words) == 1 and all(" " in name for name in names):
        names[1:] = [name.split(" ", 1)[1] for name in names[1:]]
    return " / ".join(names)


def gpu_setup_label(choice: GpuSetup) -> str:
    """“1× H200 141 GB”."""
    return f"{choice.gpu_count:,}× {choice.gpu.short_name} {choice.gpu.memory_gb} GB"
