"""Scripts for TRL with peft, and for Unsloth.

Field names: trl/trainer/sft_config.py (SFTConfig), transformers/training_args.py,
peft/tuners/lora/config.py (LoraConfig), transformers' BitsAndBytesConfig, and
unsloth/models/loader.py and llama.py (from_pretrained, get_peft_model); versions in
carrying/fields.
"""

from __future__ import annotations

import json

from calculator.carrying.exports.job import (
    LEARNING_RATES,
    NOT_MEMORY,
    QUANTIZED_AS_PUBLISHED,
    Job,
)
from calculator.carrying.exports.writing import Code, Item, call_lines, comment

DATASET = "your-organisation/your-dataset"
# transformers' names (transformers/training_args.py, OptimizerNames).
OPTIMIZERS = {
    "adamw": "adamw_torch_fused",
    "adamw_foreach": "adamw_torch",
    "adamw_8bit": "adamw_8bit",
    "paged_adamw_8bit": "paged_adamw_8bit",
    "paged_adamw": "paged_adamw_32bit",
    "adamw_torchao_8bit": "adamw_torch_8bit",
    "adamw_torchao_4bit": "adamw_torch_4bit",
    "adafactor": "adafactor",
    "lion": "lion_32bit",
    "lion_8bit": "lion_8bit",
    "sgd": "sgd",
    "galore_adamw": "galore_adamw",
    "galore_adamw_8bit": "galore_adamw_8bit",
    "apollo_adamw": "apollo_adamw",
}
PROJECTED = ("galore_adamw", "galore_adamw_8bit", "apollo_adamw")


def optimizer_items(job: Job) -> list[Item]:
    """optim, where transformers has such an optimizer, with the rank of those that project."""
    name = OPTIMIZERS.get(job.settings.optimizer)
    if name is None:
        return []
    items = [Item("optim", name, job.cost("optimizer"))]
    if job.settings.optimizer in PROJECTED:
        items += [
            Item("optim_target_modules", "all-linear"),
            Item("optim_args", f"rank={job.settings.projection_rank}"),
        ]
    return items


def training_items(job: Job) -> list[Item]:
    """What TrainingArguments sets of batch, length of accumulation, optimizer and checkpointing."""
    settings = job.settings
    return [
        Item("per_device_train_batch_size", settings.micro_batch, job.cost("micro_batch")),
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
        *optimizer_items(job),
    ]


def evaluation_items(job: Job) -> list[Item]:
    if not job.settings.eval_micro_batch:
        return []
    return [
        Item("eval_strategy", "epoch"),
        Item(
            "per_device_eval_batch_size",
            job.settings.eval_micro_batch,
            job.cost("eval_micro_batch"),
        ),
    ]


def lora_items(job: Job, *, all_linear: object) -> list[Item]:
    settings = job.settings
    items = [
        Item("r", settings.lora_rank, job.cost("lora_rank")),
        Item("lora_alpha", 2 * settings.lora_rank, NOT_MEMORY),
        Item("target_modules", all_linear if job.has_all_targets else job.targets),
        Item("lora_dropout", float(settings.lora_dropout), job.cost("lora_dropout")),
    ]
    if settings.modules_to_save != "none":
        items.append(Item("modules_to_save", job.saved_modules, job.cost("modules_to_save")))
    return items


def trl_script(job: Job) -> list[str]:
    """A script for TRL's SFTTrainer, with peft's adapters and bitsandbytes' base."""
    settings = job.settings
    is_full = not job.trains_adapters
    is_quantized = job.method == "qlora" and settings.quantization not in QUANTIZED_AS_PUBLISHED
    imports = ["import torch", "from datasets import load_dataset"]
    if job.trains_adapters:
        prepares = job.method == "qlora" and settings.prepare_kbit
        imports.append(
            f"from peft import LoraConfig{', prepare_model_for_kbit_training' if prepares else ''}"
        )
    loads = "AutoModelForCausalLM, BitsAndBytesConfig" if is_quantized else "AutoModelForCausalLM"
    imports += [f"from transformers import {loads}", "from trl import SFTConfig, SFTTrainer"]
    lines = [*imports]
    if is_quantized:
        lines += ["", *call_lines("quantization = BitsAndBytesConfig", _quantization(job))]
    model = [Item("dtype", Code(f"torch.{_dtype(job)}"), job.cost("model"))]
    if is_quantized:
        model.append(Item("quantization_config", Code("quantization")))
    model.append(Item("attn_implementation", settings.attention, job.cost("attention")))
    start = "model = AutoModelForCausalLM.from_pretrained"
    if not is_quantized:
        lines.append("")
    lines += call_lines(start, model, first=json.dumps(job.model_id))
    if job.method == "qlora" and settings.prepare_kbit:
        note = job.cost("prepare_kbit")
        lines += comment(f"Embeddings, head and norms in fp32. {note}".strip())
        lines.append("model = prepare_model_for_kbit_training(model)")
    if job.trains_adapters:
        items = lora_items(job, all_linear="all-linear")
        if settings.use_dora:
            items.append(Item("use_dora", True, job.cost("use_dora")))
        items.append(Item("task_type", "CAUSAL_LM"))
        lines += ["", *call_lines("adapters = LoraConfig", items)]
    lines += ["", *call_lines("arguments = SFTConfig", _sft(job))]
    data = call_lines(
        "train_dataset = load_dataset", [Item("split", "train")], first=json.dumps(DATASET)
    )
    trainer = [
        Item("model", Code("model")),
        Item("args", Code("arguments")),
        Item("train_dataset", Code("train_dataset")),
    ]
    if settings.eval_micro_batch:
        trainer.append(Item("eval_dataset", Code('load_dataset("' + DATASET + '", split="test")')))
    if not is_full:
        trainer.append(Item("peft_config", Code("adapters")))
    lines += ["", *data, *call_lines("trainer = SFTTrainer", trainer), "trainer.train()"]
    return lines


def _dtype(job: Job) -> str:
    """What the weights are loaded in: fp32 for mixed precision of all weights, else 16 bits."""
    recipe = job.settings.recipe
    if recipe == "fp32" or (job.method == "full" and recipe.endswith("_autocast")):
        return "float32"
    return "float16" if recipe == "fp16_autocast" else "bfloat16"


def _quantization(job: Job) -> list[Item]:
    settings = job.settings
    if settings.quantization == "int8":
        return [Item("load_in_8bit", True)]
    compute = Code(f"torch.{_dtype(job)}")
    items = [
        Item("load_in_4bit", True),
        Item("bnb_4bit_quant_type", "nf4"),
        Item(
            "bnb_4bit_use_double_quant",
            settings.quantization == "nf4_double",
            job.cost("quantization"),
        ),
        Item("bnb_4bit_compute_dtype", compute),
    ]
    if job.sharding.shards_weights:
        note = "In uint8, the default, they would stay whole on each GPU."
        items.append(Item("bnb_4bit_quant_storage", compute, note))
    return items


def _sft(job: Job) -> list[Item]:
    settings = job.settings
    recipe = settings.recipe
    items = [
        Item("output_dir", "output"),
        Item("max_length", settings.sequence_length, job.cost("sequence_length")),
        *training_items(job),
        Item("bf16", recipe in ("bf16_autocast", "bf16_fp32_master"), job.cost("recipe")),
        Item("fp16", recipe == "fp16_autocast"),
    ]
    if settings.gradient_checkpointing and settings.reentrant_checkpoints:
        value = Code('{"use_reentrant": True}')
        note = job.cost("reentrant_checkpoints")
        items.append(Item("gradient_checkpointing_kwargs", value, note))
    if settings.kernels == "fused":
        items.append(Item("use_liger_kernel", True, job.cost("kernels")))
    if settings.activation_offload == "saved_tensors":
        items.append(Item("activation_offloading", True, job.cost("activation_offload")))
    if settings.padding_free:
        items.append(Item("padding_free", True, job.cost("padding_free")))
    items += [
        *evaluation_items(job),
        Item("learning_rate", LEARNING_RATES[job.method], NOT_MEMORY),
        Item("num_train_epochs", 1),
    ]
    return items


def unsloth_script(job: Job) -> list[str]:
    """A script for Unsloth's FastLanguageModel with TRL's trainer."""
    settings = job.settings
    is_full = not job.trains_adapters
    lines = [
        "from unsloth import FastLanguageModel  # before the others, which it patches",
        "",
        "from datasets import load_dataset",
        "from trl import SFTConfig, SFTTrainer",
        "",
    ]
    in_4_bits = job.method == "qlora" and settings.quantization in ("nf4", "nf4_double")
    in_8_bits = job.method == "qlora" and settings.quantization == "int8"
    model = [
        Item("model_name", job.model_id, job.cost("model")),
        Item("max_seq_length", settings.sequence_length, job.cost("sequence_length")),
        Item("load_in_4bit", in_4_bits),
        Item("load_in_8bit", in_8_bits),
        Item("load_in_16bit", job.method == "lora"),
        Item("full_finetuning", is_full),
    ]
    checkpointing: object = settings.gradient_checkpointing
    note = job.cost("gradient_checkpointing")
    if settings.gradient_checkpointing and settings.activation_offload == "checkpoints":
        checkpointing = "unsloth"
        note = f"Checkpoints wait on the host. {job.cost('activation_offload')}".strip()
    if is_full:
        model.append(Item("use_gradient_checkpointing", checkpointing, note))
    start = "model, tokenizer = FastLanguageModel.from_pretrained"
    lines += call_lines(start, model)
    if not is_full:
        items = lora_items(job, all_linear=job.targets)
        items.append(Item("use_gradient_checkpointing", checkpointing, note))
        lines += call_lines("model = FastLanguageModel.get_peft_model", items, first="model")
    recipe = settings.recipe
    arguments = [
        Item("output_dir", "output"),
        Item("max_length", settings.sequence_length),
        *[item for item in training_items(job) if item.name != "gradient_checkpointing"],
        Item("bf16", recipe not in ("fp16_autocast", "fp32")),
        Item("fp16", recipe == "fp16_autocast"),
    ]
    if settings.padding_free:
        arguments.append(Item("padding_free", True, job.cost("padding_free")))
    arguments += [
        *evaluation_items(job),
        Item("learning_rate", LEARNING_RATES[job.method], NOT_MEMORY),
        Item("num_train_epochs", 1),
    ]
    lines += ["", *call_lines("arguments = SFTConfig", arguments)]
    lines += call_lines(
        "train_dataset = load_dataset", [Item("split", "train")], first=json.dumps(DATASET)
    )
    lines += call_lines(
        "trainer = SFTTrainer",
        [
            Item("model", Code("model")),
            Item("processing_class", Code("tokenizer")),
            Item("args", Code("arguments")),
            Item("train_dataset", Code("train_dataset")),
        ],
    )
    return [*lines, "trainer.train()"]
