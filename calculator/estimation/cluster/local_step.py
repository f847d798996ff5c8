"""What the operations of one GPU's step see when the run is sharded."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.settings import TrainingSettings
from calculator.estimation.step.numerics import Numerics, numerics_of


@lru_cache(maxsize=4096)
def local_settings(settings: TrainingSettings, sharding: Sharding) -> TrainingSettings:
    """The settings under which one GPU's operations run.

    DeepSpeed casts the whole module to 16 bits and keeps the fp32 copy in its optimizer
    (deepspeed/runtime/engine.py, `module.bfloat16()`; zero/stage_1_and_2.py). FSDP with mixed
    precision gathers the fp32 shards in 16 bits (torch/distributed/fsdp/api.py,
    MixedPrecision.param_dtype; accelerate sets it, and keeps the trained shards in fp32). Either
    way the operations meet 16-bit weights, and autocast has nothing to cast.
    """
    if sharding.strategy in ("none", "ddp") or settings.recipe == "fp32":
        return settings
    autocast = settings.recipe in ("bf16_autocast", "fp16_autocast")
    if settings.method == "full":
        return replace(settings, recipe="pure_bf16") if autocast else settings
    if sharding.is_deepspeed:
        return replace(settings, recipe="pure_bf16", adapter_precision="bf16", prepare_kbit=False)
    if autocast:
        return replace(settings, adapter_precision="bf16", prepare_kbit=False)
    return settings


def local_numerics(settings: TrainingSettings, sharding: Sharding) -> Numerics:
    """The numerics of `local_settings`."""
    return numerics_of(local_settings(settings, sharding))
