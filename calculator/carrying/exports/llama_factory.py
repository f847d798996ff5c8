"""LLaMA-Factory's YAML. Field names: llamafactory/hparams and transformers' TrainingArguments."""

from __future__ import annotations

from calculator.carrying.exports.hugging_face import evaluation_items, training_items
from calculator.carrying.exports.job import LEARNING_RATES, NOT_MEMORY, Job
from calculator.carrying.exports.launching import DEEPSPEED_FILE
from calculator.carrying.exports.writing import Item

# llamafactory/extras/constants.py, AttentionFunction.
_ATTENTIONS = {"sdpa": "sdpa", "flash_attention_2": "fa2", "eager": "disabled"}
_PROJECTIONS = {"galore_adamw": "galore", "apollo_adamw": "apollo"}


def llama_factory_items(job: Job) -> list[Item]:
    """LLaMA-Factory's configuration of the run."""
    settings = job.settings
    items = [
        Item("model_name_or_path", job.model_id, job.cost("model")),
        Item("stage", "sft"),
        Item("do_train", True),
        Item("finetuning_type", "lora" if job.trains_adapters else "full"),
    ]
    items += _adapter(job)
    items += [
        Item("dataset", "alpaca_en_demo", NOT_MEMORY),
        Item("template", "default", "Your model’s own template."),
        Item("cutoff_len", settings.sequence_length, job.cost("sequence_length")),
        Item("output_dir", "output"),
        *_shared(job),
        Item(
            "disable_gradient_checkpointing",
            not settings.gradient_checkpointing,
            job.cost("gradient_checkpointing"),
        ),
    ]
    if settings.gradient_checkpointing:
        reentrant = settings.reentrant_checkpoints
        items.append(Item("use_reentrant_gc", reentrant, job.cost("reentrant_checkpoints")))
    if settings.gradient_checkpointing and settings.activation_offload == "checkpoints":
        items.append(Item("use_unsloth_gc", True, job.cost("activation_offload")))
    projection = _PROJECTIONS.get(settings.optimizer)
    # Not with adapters (llamafactory/hparams/parser.py).
    if projection and not job.trains_adapters:
        items += [
            Item(f"use_{projection}", True, job.cost("optimizer")),
            Item(f"{projection}_rank", settings.projection_rank),
        ]
    if settings.optimizer == "muon":
        items.append(Item("use_muon", True, job.cost("optimizer")))
    items += [
        Item("bf16", settings.recipe in ("bf16_autocast", "bf16_fp32_master")),
        Item("pure_bf16", settings.recipe == "pure_bf16", job.cost("recipe")),
        Item("fp16", settings.recipe == "fp16_autocast"),
    ]
    if settings.attention in _ATTENTIONS:
        value = _ATTENTIONS[settings.attention]
        items.append(Item("flash_attn", value, job.cost("attention")))
    if settings.kernels == "fused" or settings.loss == "chunked":
        items.append(Item("enable_liger_kernel", True, job.cost("loss")))
    if settings.eval_micro_batch:
        items += [Item("val_size", 0.05), *evaluation_items(job)]
    items += [
        Item("learning_rate", LEARNING_RATES[job.method], NOT_MEMORY),
        Item("num_train_epochs", 1.0),
    ]
    if job.sharding.is_deepspeed:
        note = f"{job.sharding.name}; its file comes with this one."
        items.append(Item("deepspeed", DEEPSPEED_FILE, note))
    return items


def _shared(job: Job) -> list[Item]:
    """transformers' own, less the optimizers for which LLaMA-Factory has switches."""
    names = ["per_device_train_batch_size", "gradient_accumulation_steps"]
    if job.settings.optimizer not in (*_PROJECTIONS, "galore_adamw_8bit", "muon"):
        names.append("optim")
    return [item for item in training_items(job) if item.name in names]


def _adapter(job: Job) -> list[Item]:
    settings = job.settings
    if not job.trains_adapters:
        return []
    items: list[Item] = []
    if job.method == "qlora" and settings.quantization in ("nf4", "nf4_double", "int8"):
        bits = 8 if settings.quantization == "int8" else 4
        items.append(Item("quantization_bit", bits))
        if bits == 4:
            double = settings.quantization == "nf4_double"
            items.append(Item("double_quantization", double, job.cost("quantization")))
    items += [
        Item("lora_rank", settings.lora_rank, job.cost("lora_rank")),
        Item("lora_alpha", 2 * settings.lora_rank, NOT_MEMORY),
        Item("lora_target", "all" if job.has_all_targets else ",".join(job.targets)),
        Item("lora_dropout", float(settings.lora_dropout), job.cost("lora_dropout")),
    ]
    if settings.use_dora:
        items.append(Item("use_dora", True, job.cost("use_dora")))
    if settings.modules_to_save != "none":
        saved = ",".join(job.saved_modules)
        items.append(Item("additional_target", saved, job.cost("modules_to_save")))
    return items
