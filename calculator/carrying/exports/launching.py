"""How a run is started on several GPUs: accelerate's file and DeepSpeed's.

Sources: accelerate/commands/config/config_args.py (ClusterConfig), utils/dataclasses.py
(FullyShardedDataParallelPlugin, ParallelismConfig), examples/deepspeed of transformers, and
deepspeed/runtime/zero/config.py; their versions stand in carrying/fields.
"""

from __future__ import annotations

from calculator.carrying.exports.job import Job
from calculator.carrying.exports.writing import Item
from calculator.estimation.cluster.sharding import GPUS_PER_NODE

ACCELERATE_FILE = "accelerate.yaml"
DEEPSPEED_FILE = "deepspeed.json"


def precision_word(job: Job) -> str:
    """accelerate's mixed_precision."""
    recipe = job.settings.recipe
    return {"fp16_autocast": "fp16", "fp32": "no", "pure_bf16": "no"}.get(recipe, "bf16")


def accelerate_items(job: Job) -> list[Item]:
    """accelerate's configuration file for several GPUs."""
    sharding = job.sharding
    nodes = max(1, job.gpu_count // GPUS_PER_NODE)
    items = [Item("compute_environment", "LOCAL_MACHINE")]
    if sharding.is_deepspeed:
        items += [
            Item("distributed_type", "DEEPSPEED"),
            Item(
                "deepspeed_config",
                (
                    Item("deepspeed_config_file", DEEPSPEED_FILE),
                    Item(
                        "zero3_init_flag",
                        sharding.is_zero3,
                        "Loads the weights in shards." if sharding.is_zero3 else "",
                    ),
                ),
            ),
        ]
    elif sharding.is_fsdp:
        items += [Item("distributed_type", "FSDP"), Item("fsdp_config", _fsdp(job))]
        if sharding.strategy == "hybrid":
            items.append(
                Item(
                    "parallelism_config",
                    (
                        Item("parallelism_config_dp_replicate_size", nodes, "Copies."),
                        Item(
                            "parallelism_config_dp_shard_size",
                            sharding.shard_count,
                            "Sharded within a node.",
                        ),
                    ),
                )
            )
    else:
        items.append(Item("distributed_type", "MULTI_GPU", "DDP: every GPU holds everything."))
    items += [
        # DeepSpeed's own file says its precision.
        *([] if sharding.is_deepspeed else [Item("mixed_precision", precision_word(job))]),
        Item("num_machines", nodes),
        Item("machine_rank", 0, "Another number on each machine." if nodes > 1 else ""),
        Item("num_processes", job.gpu_count, "GPUs, all machines together."),
        Item("main_training_function", "main"),
        Item("rdzv_backend", "static"),
        Item("same_network", True),
        Item("use_cpu", False),
    ]
    return items


def _fsdp(job: Job) -> tuple[Item, ...]:
    sharding = job.sharding
    offloads = sharding.offload == "parameters"
    common = (
        Item("fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP", "A unit for each layer."),
        Item("fsdp_cpu_ram_efficient_loading", job.method != "qlora" or sharding.is_fsdp1),
        Item(
            "fsdp_offload_params",
            offloads,
            "Sharded weights, gradients and states wait in the host’s memory." if offloads else "",
        ),
    )
    if sharding.is_fsdp1:
        return (
            Item("fsdp_version", 1),
            Item("fsdp_sharding_strategy", "FULL_SHARD"),
            *common,
            Item("fsdp_state_dict_type", "SHARDED_STATE_DICT"),
            Item("fsdp_sync_module_states", True),
            Item("fsdp_use_orig_params", not job.trains_adapters),
        )
    return (
        Item("fsdp_version", 2),
        Item("fsdp_reshard_after_forward", True, "Weights are dropped after each layer."),
        *common,
        Item("fsdp_state_dict_type", "SHARDED_STATE_DICT"),
    )


def deepspeed_items(job: Job) -> list[Item]:
    """DeepSpeed's configuration: the stage, what is offloaded, batch and precision."""
    sharding, settings = job.sharding, job.settings
    stage = {"zero1": 1, "zero2": 2, "zero3": 3}[sharding.strategy]
    shared = {
        1: "Optimizer states are shared out.",
        2: "Optimizer states and gradients are shared out.",
        3: "Weights, gradients and optimizer states are shared out.",
    }[stage]
    zero = [Item("stage", stage, shared)]
    if sharding.offload != "none":
        note = "Optimizer states and gradients wait in the host’s memory."
        zero.append(
            Item("offload_optimizer", (Item("device", "cpu", note), Item("pin_memory", True)))
        )
    if sharding.offload == "parameters":
        zero.append(
            Item(
                "offload_param",
                (Item("device", "cpu", "The sharded weights too."), Item("pin_memory", True)),
            )
        )
    zero += [
        Item("overlap_comm", sharding.offload == "none"),
        Item("contiguous_gradients", True),
        Item(
            "reduce_bucket_size",
            500_000_000,
            "Elements of a buffer that is allocated whole: 1 GB in 16 bits." if stage < 3 else "",
        ),
    ]
    if stage == 3:
        zero.append(Item("stage3_gather_16bit_weights_on_model_save", True))
    items = [
        Item("train_micro_batch_size_per_gpu", settings.micro_batch, job.cost("micro_batch")),
        Item("gradient_accumulation_steps", settings.gradient_accumulation),
        Item("train_batch_size", "auto"),
        Item("gradient_clipping", "auto"),
    ]
    if settings.recipe == "fp16_autocast":
        items.append(Item("fp16", (Item("enabled", True),)))
    else:
        items.append(Item("bf16", (Item("enabled", settings.recipe != "fp32"),)))
    if settings.optimizer not in ("adamw", "adamw_foreach"):
        items.append(Item("zero_allow_untested_optimizer", True))
        if sharding.offload != "none":
            items.append(Item("zero_force_ds_cpu_optimizer", False))
    return [*items, Item("zero_optimization", tuple(zero))]
