"""Axolotl's YAML. Field names: axolotl/utils/schemas and integrations/*/args.py (carrying/fields)."""

from __future__ import annotations

from calculator.carrying.exports.hugging_face import DATASET, OPTIMIZERS
from calculator.carrying.exports.job import LEARNING_RATES, NOT_MEMORY, Job
from calculator.carrying.exports.launching import DEEPSPEED_FILE
from calculator.carrying.exports.writing import Item

# Its own beside transformers' (axolotl/utils/schemas/enums.py, CustomSupportedOptimizers).
_OPTIMIZERS = {**OPTIMIZERS, "muon": "muon"}
_LIGER = "axolotl.integrations.liger.LigerPlugin"


def axolotl_items(job: Job) -> list[Item]:
    """Axolotl's configuration of the run."""
    settings = job.settings
    items = [Item("base_model", job.model_id, job.cost("model"))]
    items += _adapter(job)
    items += [
        Item("datasets", [{"path": DATASET, "type": "chat_template"}], NOT_MEMORY),
        Item("val_set_size", 0.05 if settings.eval_micro_batch else 0.0),
        Item("output_dir", "output"),
        Item("sequence_len", settings.sequence_length, job.cost("sequence_length")),
        Item("sample_packing", settings.padding_free, job.cost("padding_free")),
        Item("micro_batch_size", settings.micro_batch, job.cost("micro_batch")),
        Item(
            "gradient_accumulation_steps",
            settings.gradient_accumulation,
            job.cost("gradient_accumulation"),
        ),
        Item(
            "gradient_checkpointing",
            settings.gradient_checkpointing,
            job.cost("gradient_checkpointing"),
        ),
    ]
    if settings.gradient_checkpointing:
        # Without it Axolotl's checkpoints are reentrant (utils/config/__init__.py).
        reentrant = Item(
            "use_reentrant", settings.reentrant_checkpoints, job.cost("reentrant_checkpoints")
        )
        items.append(Item("gradient_checkpointing_kwargs", (reentrant,)))
    if settings.activation_offload != "none":
        value = True if settings.activation_offload == "saved_tensors" else "legacy"
        items.append(Item("activation_offloading", value, job.cost("activation_offload")))
    if settings.eval_micro_batch:
        items.append(
            Item("eval_batch_size", settings.eval_micro_batch, job.cost("eval_micro_batch"))
        )
    items += [
        Item("optimizer", _OPTIMIZERS[settings.optimizer], job.cost("optimizer")),
        Item("learning_rate", LEARNING_RATES[job.method], NOT_MEMORY),
        Item("lr_scheduler", "cosine"),
        Item("num_epochs", 1),
        Item("bf16", settings.recipe not in ("fp16_autocast", "fp32"), job.cost("recipe")),
        Item("fp16", settings.recipe == "fp16_autocast"),
        Item("attn_implementation", settings.attention, job.cost("attention")),
    ]
    items += _kernels(job)
    items += _sharding(job)
    return items


def _adapter(job: Job) -> list[Item]:
    settings = job.settings
    if not job.trains_adapters:
        return []
    quantization = settings.quantization if job.method == "qlora" else ""
    in_4_bits = quantization in ("nf4", "nf4_double")
    items = [
        Item("adapter", "qlora" if in_4_bits else "lora"),
        Item("load_in_4bit", in_4_bits),
        Item("load_in_8bit", quantization == "int8"),
    ]
    if quantization == "gptq":
        items.append(Item("gptq", True, "The model has to be published in GPTQ."))
    if in_4_bits:
        double = quantization == "nf4_double"
        items.append(
            Item(
                "bnb_config_kwargs",
                (Item("bnb_4bit_use_double_quant", double, job.cost("quantization")),),
            )
        )
        if job.architecture.is_moe:
            items.append(
                Item("quantize_moe_experts", settings.experts in ("quantized", "quantized_kept"))
            )
    items += [
        Item("lora_r", settings.lora_rank, job.cost("lora_rank")),
        Item("lora_alpha", 2 * settings.lora_rank, NOT_MEMORY),
        Item("lora_dropout", float(settings.lora_dropout), job.cost("lora_dropout")),
        Item("lora_target_linear", True)
        if job.has_all_targets
        else Item("lora_target_modules", job.targets),
    ]
    if settings.use_dora:
        items.append(Item("peft_use_dora", True, job.cost("use_dora")))
    if settings.modules_to_save != "none":
        items.append(Item("lora_modules_to_save", job.saved_modules, job.cost("modules_to_save")))
    if settings.adapter_precision == "bf16":
        items.append(Item("peft_autocast_adapter_dtype", False, "Adapters in 16 bits."))
    return items


def _kernels(job: Job) -> list[Item]:
    settings = job.settings
    if settings.kernels != "fused" and settings.loss != "fused":
        is_chunked = settings.loss == "chunked"
        return [Item("chunked_cross_entropy", True, job.cost("loss"))] if is_chunked else []
    items = [Item("plugins", [_LIGER])]
    if settings.kernels == "fused":
        items += [
            Item("liger_rms_norm", True, job.cost("kernels")),
            Item("liger_glu_activation", True),
            Item("liger_rope", True),
        ]
    if settings.loss == "fused":
        items.append(Item("liger_cross_entropy", True, job.cost("loss")))
    if settings.loss == "chunked":
        items.append(Item("liger_fused_linear_cross_entropy", True, job.cost("loss")))
    return items


def _sharding(job: Job) -> list[Item]:
    sharding = job.sharding
    if sharding.is_deepspeed:
        note = f"{sharding.name}; its file comes with this one."
        return [Item("deepspeed", DEEPSPEED_FILE, note)]
    if not sharding.is_fsdp:
        return []
    config = [
        Item("offload_params", sharding.offload == "parameters"),
        # It quantises on one GPU alone, and waits for ever (axolotl/utils/schemas/validation.py).
        Item("cpu_ram_efficient_loading", job.method != "qlora" or sharding.is_fsdp1),
        Item("auto_wrap_policy", "TRANSFORMER_BASED_WRAP", "A unit for each layer."),
        Item("state_dict_type", "SHARDED_STATE_DICT"),
        Item("reshard_after_forward", True, "Weights are dropped after each layer."),
    ]
    items = [
        Item("fsdp_version", 1 if sharding.is_fsdp1 else 2),
        Item("fsdp_config", tuple(config)),
    ]
    if sharding.strategy == "hybrid":
        items += [
            Item("dp_shard_size", sharding.shard_count, "Sharded within a node."),
            Item("dp_replicate_size", job.gpu_count // sharding.shard_count, "Copies."),
        ]
    return items
