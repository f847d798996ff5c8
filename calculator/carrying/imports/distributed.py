"""How a run is spread over GPUs: DeepSpeed's JSON, FSDP's and accelerate's keys, the launchers."""

from __future__ import annotations

import re
from typing import Any

from calculator.carrying.imports.documents import Given, Opaque
from calculator.carrying.imports.reading import (
    Handler,
    Reading,
    as_switch,
    no_bearing,
    not_followed,
    setting,
)
from calculator.estimation.cluster.sharding import STRATEGY_NAMES, Strategy

_BY_STAGE: dict[int, Strategy] = {0: "ddp", 1: "zero1", 2: "zero2", 3: "zero3"}
_STAGE_IN_NAME = re.compile(r"(?:zero|z|stage)_?-?([0-3])", re.IGNORECASE)
_BUCKETS = "The buffers of its default size are taken."
_NESTED = "It splits a layer or a sequence over GPUs, which is not modelled."


def set_strategy(reading: Reading, given: Given, strategy: Strategy, how: str = "") -> None:
    reading.cluster["strategy"] = strategy
    reading.say(given, "understood", f"{STRATEGY_NAMES[strategy]}.{how}")


def zero_stage(reading: Reading, given: Given) -> None:
    stage = given.value
    if isinstance(stage, int) and stage in _BY_STAGE:
        set_strategy(reading, given, _BY_STAGE[stage])
    else:
        reading.say(given, "not_followed", "A stage from 0 to 3 is expected.")


def deepspeed(reading: Reading, given: Given) -> None:
    """The name of a DeepSpeed file, which usually says its stage."""
    name = given.value
    if name in (None, False, ""):
        reading.say(given, "understood", "Not used.")
        return
    if not isinstance(name, str):
        reading.say(given, "not_followed", "DeepSpeed’s file is not named here.")
        return
    match = _STAGE_IN_NAME.search(name.rpartition("/")[2])
    if match is None:
        reading.cluster.setdefault("strategy", "zero2")
        words = "The file’s name does not say its stage; ZeRO-2 is taken. Paste that file to see."
        reading.say(given, "not_followed", words)
        return
    strategy = _BY_STAGE[int(match[1])]
    reading.cluster["strategy"] = strategy
    words = f"{STRATEGY_NAMES[strategy]}, by the file’s name."
    if "offload" in name.lower():
        whole = strategy == "zero3" and not re.search(r"optim", name, re.IGNORECASE)
        reading.cluster["offload"] = "parameters" if whole else "optimizer"
        words = f"{STRATEGY_NAMES[strategy]} with offload, by the file’s name."
    reading.say(given, "understood", words)


def _offload_device(kind: str) -> Handler:
    def handle(reading: Reading, given: Given) -> None:
        if given.value in ("cpu", "nvme"):
            if reading.cluster.get("offload") != "parameters":
                reading.cluster["offload"] = kind
            reading.say(given, "understood", f"{kind.capitalize()} on the host.")
        else:
            reading.say(given, "understood", "Nothing is moved to the host.")

    return handle


def gpu_count(reading: Reading, given: Given) -> None:
    value = given.value
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 4096:
        nodes = reading.cluster.get("nodes", 1)
        reading.cluster["gpu_count"] = value * (
            nodes if given.path[-1].startswith("nproc") and isinstance(nodes, int) else 1
        )
        reading.say(given, "understood", f"{value:,} GPU{'s' if value > 1 else ''}.")
    else:
        reading.say(given, "not_followed", "How many GPUs that is, only a run would tell.")


def _nodes(reading: Reading, given: Given) -> None:
    if isinstance(given.value, int):
        reading.cluster["nodes"] = given.value
    reading.say(given, "understood", "Machines.")


def fsdp(reading: Reading, given: Given) -> None:
    """transformers' `fsdp: full_shard auto_wrap offload`, as a text or a list."""
    value = given.value
    words = value if isinstance(value, list) else str(value or "").split()
    if as_switch(value) in (None, False) or not words or words == [""]:
        reading.say(given, "understood", "Not used.")
        return
    name: Strategy = "hybrid" if any("hybrid" in str(word) for word in words) else "fsdp"
    if "shard_grad_op" in words:
        reading.remark("shard_grad_op keeps the weights whole; full sharding is taken here.")
    if "offload" in words:
        reading.cluster["offload"] = "parameters"
    set_strategy(reading, given, name)


def _fsdp_version(reading: Reading, given: Given) -> None:
    version = str(given.value)
    reading.flags["fsdp_version"] = version
    if reading.cluster.get("strategy") in (None, "fsdp", "fsdp1"):
        reading.cluster["strategy"] = "fsdp1" if version == "1" else "fsdp"
    reading.say(given, "understood", f"FSDP {version}.")


def _fsdp_offload(reading: Reading, given: Given) -> None:
    is_on = as_switch(given.value) is True
    reading.cluster.setdefault("strategy", "fsdp")
    if is_on:
        reading.cluster["offload"] = "parameters"
    reading.say(given, "understood", f"Parameters on the host: {'yes' if is_on else 'no'}.")


def _sharding_strategy(reading: Reading, given: Given) -> None:
    value = str(given.value).upper()
    if value in ("FULL_SHARD", "1"):
        set_strategy(reading, given, reading.cluster.get("strategy") or "fsdp")
    elif value in ("NO_SHARD", "3"):
        set_strategy(reading, given, "ddp")
    elif value.startswith("HYBRID") or value in ("4", "5"):
        set_strategy(reading, given, "hybrid")
    else:
        reading.cluster.setdefault("strategy", "fsdp")
        words = "Weights that stay whole after the forward pass: full sharding is taken here."
        reading.say(given, "not_followed", words)


def _reshard(reading: Reading, given: Given) -> None:
    reading.cluster.setdefault("strategy", "fsdp")
    if as_switch(given.value) in (True, None, "FULL_SHARD"):
        reading.say(given, "understood", "Weights are sharded again after the forward pass.")
    else:
        _sharding_strategy(reading, given)


def _checkpointing(reading: Reading, given: Given) -> None:
    if as_switch(given.value) is True:
        setting("gradient_checkpointing")(reading, given)
    else:
        reading.say(given, "understood", "Left to the trainer.")


def _distributed_type(reading: Reading, given: Given) -> None:
    value = str(given.value).upper()
    if value in ("FSDP", "FSDP2"):
        set_strategy(reading, given, reading.cluster.get("strategy") or "fsdp")
    elif value == "DEEPSPEED":
        reading.say(given, "understood", "DeepSpeed.")
        reading.cluster.setdefault("strategy", "zero2")
    elif value == "MULTI_GPU":
        set_strategy(reading, given, "ddp")
    else:
        reading.say(given, "understood", "One GPU." if value == "NO" else "As it says.")


def _mixed_precision(reading: Reading, given: Given) -> None:
    recipe = {"bf16": "bf16_autocast", "fp16": "fp16_autocast"}.get(str(given.value).lower())
    if recipe is not None:
        reading.take(given, "recipe", recipe)
    elif given.value in (False, None, "no"):
        reading.say(given, "understood", "Left to the trainer.")
    else:
        reading.say(given, "not_followed", "Only bf16, fp16 and fp32 are modelled.")


def _enabled(recipe: str) -> Handler:
    """bf16.enabled and fp16.enabled of DeepSpeed: “auto” leaves it to the trainer."""

    def handle(reading: Reading, given: Given) -> None:
        if given.value is True:
            reading.take(given, "recipe", recipe)
        else:
            words = "Off." if given.value is False else "Left to the trainer."
            reading.say(given, "understood", words)

    return handle


def _batch(name: str) -> Handler:
    take = setting(name)

    def handle(reading: Reading, given: Given) -> None:
        if given.value == "auto":
            reading.say(given, "understood", "Left to the trainer.")
        else:
            take(reading, given)

    return handle


def _ds_optimizer(reading: Reading, given: Given) -> None:
    value = str(given.value).lower()
    known: dict[str, Any] = {"adamw": "adamw", "adam": "adamw", "lion": "lion", "muon": "muon"}
    reading.take(given, "optimizer", known.get(value, Opaque(value)))


def _of_parallel(reading: Reading, given: Given) -> None:
    if given.value in (None, 0, 1, False):
        reading.say(given, "understood", "Not used.")
    else:
        reading.say(given, "not_followed", _NESTED)


FSDP: dict[str, Handler] = {
    "fsdp": fsdp,
    "fsdp_version": _fsdp_version,
    "version": _fsdp_version,
    "offload_params": _fsdp_offload,
    "fsdp_offload_params": _fsdp_offload,
    "fsdp_sharding_strategy": _sharding_strategy,
    "sharding_strategy": _sharding_strategy,
    "fsdp_reshard_after_forward": _reshard,
    "reshard_after_forward": _reshard,
    "fsdp_activation_checkpointing": _checkpointing,
    "activation_checkpointing": _checkpointing,
    "fsdp_forward_prefetch": no_bearing("A layer gathered ahead is in the figures."),
    "fsdp_backward_prefetch": no_bearing("A layer gathered ahead is in the figures."),
    "fsdp_backward_prefetch_policy": no_bearing("A layer gathered ahead is in the figures."),
    "backward_prefetch": no_bearing("A layer gathered ahead is in the figures."),
    "forward_prefetch": no_bearing("A layer gathered ahead is in the figures."),
    "limit_all_gathers": no_bearing(),
    "fsdp_limit_all_gathers": no_bearing(),
    "cpu_offload_pin_memory": no_bearing(),
    "activation_checkpointing_policy": not_followed("Every layer is checkpointed here."),
}
LAUNCHERS: dict[str, Handler] = {
    "num_processes": gpu_count,
    "nproc_per_node": gpu_count,
    "num_gpus": gpu_count,
    "nnodes": _nodes,
    "num_machines": _nodes,
    "include": no_bearing("Which GPUs, not how many, is not read here."),
    "distributed_type": _distributed_type,
    "accelerate_distributed_type": _distributed_type,
    "use_deepspeed": no_bearing("DeepSpeed; its stage stands elsewhere."),
    "use_fsdp": lambda reading, given: set_strategy(reading, given, "fsdp"),
    "multi_gpu": lambda reading, given: set_strategy(reading, given, "ddp"),
    "mixed_precision": _mixed_precision,
    "config_file": not_followed(
        "What that file sets is not known here: paste it to see how it shares the run out."
    ),
    "deepspeed_config_file": deepspeed,
    "deepspeed_config": deepspeed,
    "tensor_parallel_size": _of_parallel,
    "context_parallel_size": _of_parallel,
    "sequence_parallel_degree": _of_parallel,
    "expert_parallel_size": _of_parallel,
    "tensor_parallel_dim": _of_parallel,
    "context_parallel_dim": _of_parallel,
    "dp_shard_size": no_bearing("As many as there are GPUs are taken."),
    "dp_replicate_size": no_bearing("As many as there are GPUs are taken."),
}
DEEPSPEED: dict[str, Handler] = {
    "deepspeed": deepspeed,
    "stage": zero_stage,
    "zero_stage": zero_stage,
    "offload_optimizer.device": _offload_device("optimizer"),
    "zero_optimization.offload_optimizer.device": _offload_device("optimizer"),
    "zero_optimization.offload_param.device": _offload_device("parameters"),
    "offload_optimizer_device": _offload_device("optimizer"),
    "offload_param_device": _offload_device("parameters"),
    "cpu_offload": lambda reading, given: _offload_device("optimizer")(
        reading, Given(given.path, "cpu" if given.value is True else None, given.line)
    ),
    "bf16.enabled": _enabled("bf16_autocast"),
    "bfloat16.enabled": _enabled("bf16_autocast"),
    "fp16.enabled": _enabled("fp16_autocast"),
    "train_micro_batch_size_per_gpu": _batch("micro_batch"),
    "gradient_accumulation_steps": _batch("gradient_accumulation"),
    "optimizer.type": _ds_optimizer,
    "optimizer.*": no_bearing(),
    "scheduler.*": no_bearing(),
    "contiguous_gradients": no_bearing("On, as the figures take it."),
    "overlap_comm": no_bearing("Its second bucket lies within the range."),
    "sub_group_size": no_bearing("The step’s temporaries lie within the range."),
    "reduce_bucket_size": no_bearing(_BUCKETS),
    "allgather_bucket_size": no_bearing(_BUCKETS),
    "stage3_prefetch_bucket_size": no_bearing(_BUCKETS),
    "stage3_param_persistence_threshold": no_bearing(_BUCKETS),
    "stage3_max_live_parameters": no_bearing(_BUCKETS),
    "stage3_max_reuse_distance": no_bearing(_BUCKETS),
    "zero_quantized_weights": not_followed("ZeRO++ is not modelled."),
    "zero_quantized_gradients": not_followed("ZeRO++ is not modelled."),
    "zero_quantized_nontrainable_weights": not_followed("ZeRO++ is not modelled."),
    "zero_hpz_partition_size": not_followed("ZeRO++ is not modelled."),
    "activation_checkpointing.*": not_followed("DeepSpeed’s own checkpointing is not modelled."),
    "aio.*": no_bearing(),
    "_comment": no_bearing(),
    "monitor_config.*": no_bearing(),
    "tensor_parallel.*": not_followed(_NESTED),
    "compile.*": not_followed("torch.compile is not modelled; it usually takes less."),
    "fsdp_config": no_bearing("Nothing stands in it."),
    "offload_optimizer.*": no_bearing(),
    "offload_param.*": no_bearing(),
    "zero_optimization.*": not_followed("A switch of ZeRO that is not modelled."),
    "fp16.*": no_bearing(),
    "bf16.*": no_bearing(),
}
ALL: dict[str, Handler] = {**FSDP, **LAUNCHERS, **DEEPSPEED}
