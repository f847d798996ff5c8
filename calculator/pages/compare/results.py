"""What a configuration takes, where it fits, and how fast it runs there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calculator.estimation import Estimate, estimate
from calculator.estimation.cluster.flops import flops_per_token
from calculator.estimation.cluster.run_time import Range, estimate_run_time
from calculator.estimation.cluster.setups import Setup, best_setup
from calculator.pages.compare.configurations import Configuration
from gpus.specs import TierSpec

TOKENS_TIMED = 1_000_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One column. `setup` is None without a GPU, `smallest` the smallest card without one."""

    configuration: Configuration
    estimate: Estimate | None
    setup: Setup | None
    smallest: TierSpec | None
    flops_per_token: float
    seconds: Range | None
    """For a million tokens, where the GPU's speed is known."""


def compare(configuration: Configuration, tiers: Iterable[TierSpec]) -> Compared:
    subject, settings = configuration.question.subject, configuration.settings
    if subject is None or subject.architecture is None or settings is None:
        return Compared(configuration, None, None, None, 0.0, None)
    architecture, gpu = subject.architecture, configuration.gpu
    flops = flops_per_token(architecture, settings).total
    if gpu is None:
        found = estimate(architecture, settings)
        ladder = sorted(
            (tier for tier in tiers if tier.is_on_ladder), key=lambda tier: tier.memory_gb
        )
        smallest = next(
            (tier for tier in ladder if found.device_bytes.likely <= tier.capacity_bytes), None
        )
        return Compared(configuration, found, None, smallest, flops, None)
    setup = best_setup(architecture, settings, gpu.usable_bytes, configuration.gpu_count)
    if setup is None:
        return Compared(configuration, None, None, None, flops, None)
    seconds = None
    if gpu.speed is not None and settings.recipe != "fp32":
        seconds = estimate_run_time(
            architecture, settings, setup.sharding, gpu.speed, dataset_tokens=TOKENS_TIMED
        ).run_seconds
    return Compared(configuration, setup.estimate.per_gpu, setup, None, flops, seconds)
