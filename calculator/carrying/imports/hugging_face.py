"""transformers, TRL, peft and Unsloth: YAML of TRL's parser, command lines and scripts.

Names are those of TrainingArguments, SFTConfig, ModelConfig, LoraConfig, BitsAndBytesConfig and
Unsloth's FastLanguageModel, and spellings of older versions that people's files still have.
"""

from __future__ import annotations

from typing import Any

from calculator.carrying.imports import distributed
from calculator.carrying.imports.documents import Given, Opaque
from calculator.carrying.imports.reading import (
    PREFERENCE,
    Handler,
    Reading,
    as_switch,
    flag,
    model_name,
    no_bearing,
    not_followed,
    setting,
    switched,
    targets,
)

PREFERENCE_WORDS = ("DPO", "ORPO", "KTO", "GRPO", "PPO", "CPO", "RLOO", "Reward", "OnlineDPO")
_HALF = {"bfloat16": "bf16", "bf16": "bf16", "float16": "fp16", "half": "fp16", "auto": "bf16"}


def _liger(reading: Reading, given: Given) -> None:
    if as_switch(given.value) is True:
        reading.values.update(kernels="fused", loss="chunked")
        reading.say(given, "understood", "Liger’s fused kernels, and the loss in chunks.")
    else:
        reading.say(given, "understood", "Not used.")


def _evaluation(reading: Reading, given: Given) -> None:
    """A batch for evaluation counts only where the run evaluates."""
    reading.flags["eval_batch"] = given
    reading.say(given, "understood", "Where the run evaluates.")


def _strategy(reading: Reading, given: Given) -> None:
    value = as_switch(given.value)
    reading.flags["evaluates"] = value not in (None, False, "no")
    reading.say(given, "understood", "Whether the run evaluates.")


def _attention(reading: Reading, given: Given) -> None:
    value = given.value
    if value is True or (isinstance(value, str) and value.casefold() == "true"):
        value = "flash_attention_2"
    elif value is False or value in ("none", "False", "false", "no"):
        value = "sdpa"
    setting("attention")(reading, Given(given.path, value, given.line))


def _kbit(reading: Reading, given: Given) -> None:
    reading.take(given, "prepare_kbit", True)


def _enable(reading: Reading, given: Given) -> None:
    reading.take(given, "gradient_checkpointing", True)


def _half(reading: Reading, given: Given) -> None:
    """bf16 or fp16; scripts often ask the card, of which most have bf16."""
    name, value = given.path[-1], as_switch(given.value)
    if isinstance(value, Opaque):
        reading.flags[name] = name == "bf16"
        reading.say(given, "understood", "It asks the card: one with bf16 is taken.")
    else:
        reading.flags[name] = value
        reading.say(given, "understood", f"{name}{'' if value else ' is off'}.")


def _checkpointing(reading: Reading, given: Given) -> None:
    value = as_switch(given.value)
    if isinstance(value, Opaque):
        reading.take(given, "gradient_checkpointing", value)
        return
    if value == "unsloth":
        reading.values["activation_offload"] = "checkpoints"
        value = True
    elif given.path[-1] == "use_gradient_checkpointing":
        # Unsloth's own word for checkpoints that stay on the card.
        reading.values["activation_offload"] = "none"
    reading.take(given, "gradient_checkpointing", value)


def _dtype(reading: Reading, given: Given) -> None:
    value = given.value
    reading.flags["dtype"] = None if isinstance(value, Opaque) else value
    reading.say(given, "understood", "What the weights are loaded in.")


def _optimizer(reading: Reading, given: Given) -> None:
    setting("optimizer")(reading, given)


def _preference(reading: Reading, given: Given) -> None:
    if given.value is not None:
        reading.remark(PREFERENCE)
    reading.say(given, "not_followed", "Preference training is not estimated yet.")


def _bits(reading: Reading, given: Given) -> None:
    reading.flags["load_in_4bit"] = given.value == 4
    reading.flags["load_in_8bit"] = given.value == 8
    reading.say(given, "understood", f"The base in {given.value} bits.")


def _part_of_length(reading: Reading, given: Given) -> None:
    """Prompt and answer with a length each, as in the QLoRA authors' script."""
    if isinstance(given.value, int) and not isinstance(given.value, bool):
        length = reading.flags.get("length", 0) + given.value
        reading.flags["length"] = length
        reading.take(given, "sequence_length", length)
    else:
        reading.say(given, "not_followed", "The length is no whole number.")


# transformers' TrainingArguments, which LLaMA-Factory and TRL share.
ARGUMENTS: dict[str, Handler] = {
    "per_device_train_batch_size": setting("micro_batch"),
    "per_gpu_train_batch_size": setting("micro_batch"),
    "per_device_eval_batch_size": _evaluation,
    "auto_find_batch_size": not_followed("A batch that is found by trying is not known here."),
    "gradient_accumulation_steps": setting("gradient_accumulation"),
    "gradient_checkpointing": _checkpointing,
    "gradient_checkpointing_kwargs": not_followed("What this holds, only a run would tell."),
    "gradient_checkpointing_kwargs.*": no_bearing(),
    "use_reentrant": setting("reentrant_checkpoints"),
    "optim": _optimizer,
    "optim_args": not_followed("Arguments of the optimizer are not read."),
    "optim_target_modules": no_bearing("Every linear map is projected here."),
    "bf16": _half,
    "fp16": _half,
    "bf16_full_eval": no_bearing(),
    "fp16_full_eval": no_bearing(),
    "eval_strategy": _strategy,
    "evaluation_strategy": _strategy,
    "do_eval": _strategy,
    "eval_accumulation_steps": no_bearing(),
    "torch_compile": not_followed("torch.compile is not modelled; it usually takes less."),
    "use_liger_kernel": _liger,
    "use_liger": _liger,
    "use_liger_kernels": _liger,
    "liger_kernel_config": not_followed("All of Liger’s kernels are taken."),
    "deepspeed": distributed.deepspeed,
    "fsdp": distributed.fsdp,
    "fsdp_config": not_followed("What that file sets is not known here: paste it to see."),
}
TABLE: dict[str, Handler] = {
    **distributed.ALL,
    **ARGUMENTS,
    "model_name_or_path": model_name,
    "model_name": model_name,
    "model_id": model_name,
    "base_model": model_name,
    "model_path": model_name,
    "pretrained_model_name_or_path": model_name,
    "base_model_name_or_path": model_name,
    "model": lambda reading, given: (
        model_name(reading, given)
        if isinstance(given.value, str)
        else reading.say(given, "no_bearing", "The model is loaded elsewhere.")
    ),
    "torch_dtype": _dtype,
    "dtype": _dtype,
    "max_length": setting("sequence_length"),
    "max_seq_length": setting("sequence_length"),
    "model_max_length": setting("sequence_length"),
    "max_seq_len": setting("sequence_length"),
    "max_source_length": setting("sequence_length"),
    "block_size": setting("sequence_length"),
    "cutoff_len": setting("sequence_length"),
    "packing": setting("padding_free"),
    "padding_free": setting("padding_free"),
    "use_peft": flag("Whether adapters are trained."),
    "use_peft_lora": flag("Whether adapters are trained."),
    "use_lora": flag("Whether adapters are trained."),
    "peft_config": no_bearing("Adapters, as they are configured elsewhere."),
    "r": setting("lora_rank"),
    "lora_r": setting("lora_rank"),
    "lora_rank": setting("lora_rank"),
    "lora_dropout": setting("lora_dropout"),
    "target_modules": targets,
    "lora_target_modules": targets,
    "lora_target": targets,
    "target_parameters": not_followed("Adapters on parameters by name: not followed."),
    "lora_target_parameters": not_followed("Adapters on parameters by name: not followed."),
    "modules_to_save": setting("modules_to_save"),
    "lora_modules_to_save": setting("modules_to_save"),
    "use_dora": setting("use_dora"),
    "layers_to_transform": not_followed("Adapters on some layers only: all are taken."),
    "rank_pattern": not_followed("Ranks by layer: one rank is taken."),
    "load_in_4bit": flag("Whether the base is in 4 bits."),
    "load_in_8bit": flag("Whether the base is in 8 bits."),
    "use_4bit_quantization": flag("Whether the base is in 4 bits."),
    "use_8bit_quantization": flag("Whether the base is in 8 bits."),
    "load_in_16bit": flag("Whether the base is in 16 bits."),
    "load_in_fp8": not_followed("A base in fp8 is not read from here."),
    "full_finetuning": flag("Whether all weights are trained."),
    "use_bnb_nested_quant": switched("quantization", "nf4_double", "nf4"),
    "bnb_4bit_use_double_quant": switched("quantization", "nf4_double", "nf4"),
    "use_nested_quant": switched("quantization", "nf4_double", "nf4"),
    "bnb_4bit_quant_storage": no_bearing("4-bit weights are taken to shard with the others."),
    "bnb_4bit_quant_storage_dtype": no_bearing("4-bit weights are taken to shard."),
    "quantization_config": no_bearing("The base is quantised as it is configured elsewhere."),
    "llm_int8_enable_fp32_cpu_offload": not_followed("Weights on the CPU are not modelled."),
    "attn_implementation": _attention,
    "use_flash_attn": _attention,
    "use_flash_attention_2": _attention,
    "use_flash_attention": _attention,
    "use_gradient_checkpointing": _checkpointing,
    "prepare_model_for_kbit_training": _kbit,
    "gradient_checkpointing_enable": _enable,
    "use_cache": no_bearing("Nothing is generated while training."),
    "activation_offloading": setting("activation_offload"),
    "loss_type": no_bearing("TRL computes its loss in chunks either way."),
    "use_unsloth": not_followed("Unsloth inside another script: its savings are not taken."),
    "router_aux_loss_coef": no_bearing(),
    "unsloth_tiled_mlp": not_followed("A tiled MLP is not modelled; it takes less."),
    "offload_embedding": not_followed("An embedding on the host is not modelled."),
    "fast_inference": not_followed("vLLM beside the training is not modelled."),
    "float32_mixed_precision": not_followed("fp32 weights are not read from here."),
    "max_prompt_length": _preference,
    "num_generations": _preference,
    "reward_funcs": _preference,
    "reward_model": _preference,
    "rpo_alpha": _preference,
    "rlhf_type": _preference,
    "use_vllm": not_followed("vLLM beside the training is not modelled."),
    "trainer": lambda reading, given: (
        _preference(reading, given)
        if str(given.value).upper() in PREFERENCE_WORDS
        else reading.say(given, "understood", "The trainer.")
    ),
    "bits": _bits,
    "double_quant": switched("quantization", "nf4_double", "nf4"),
    "quant_type": no_bearing("NF4 and FP4 take the same."),
    "lora_modules": targets,
    "source_max_len": _part_of_length,
    "target_max_len": _part_of_length,
    "q_lora": flag("Whether the base is in 4 bits."),
    "lazy_preprocess": no_bearing(),
    "basicConfig.*": no_bearing(),
    "num_labels": no_bearing("A head of few classes: less than is estimated."),
    "is_trainable": no_bearing(),
    "offload_folder": no_bearing(),
    "max_completion_length": _preference,
    "device_map": no_bearing("On one GPU it changes nothing."),
    "callbacks": no_bearing(),
    "args": no_bearing("The arguments stand elsewhere."),
    "train_dataset": no_bearing(),
    "use_quantization": no_bearing(),
    "rope_scaling": no_bearing(),
    "compute_metrics": setting("eval_keeps_logits"),
    "preprocess_logits_for_metrics": no_bearing(),
    "random_state": no_bearing(),
    "loftq_config": not_followed("LoftQ is not modelled."),
    "loss": not_followed("A loss of its own is not read."),
    "dataset_kwargs": no_bearing(),
    "model_init_kwargs": not_followed("How the model is loaded is not read from here."),
    "ref_model": not_followed("A second model is not estimated yet."),
    "beta": _preference,
    "precompute_ref_log_probs": not_followed("Preference training is not estimated yet."),
    "eval_packing": no_bearing(),
    "embedding_learning_rate": no_bearing(),
    "finetune_vision_layers": not_followed("Images and sound are not estimated yet."),
    "finetune_language_layers": no_bearing(),
    "finetune_attention_modules": no_bearing("All linear maps are taken."),
    "finetune_mlp_modules": no_bearing("All linear maps are taken."),
    "**": not_followed("What this holds, only a run would tell."),
}
# What a plain transformers run has where nothing is said (transformers/training_args.py).
PLAIN_DEFAULTS: dict[str, Any] = {
    "micro_batch": 8,
    "gradient_checkpointing": False,
    "optimizer": "adamw",
    "lora_rank": 8,
}


def settle(reading: Reading) -> str:
    """The method and the precision, by what stands in the file and what does not."""
    flags, values = reading.flags, reading.values
    is_unsloth = reading.trainer == "unsloth"
    adapters = flags.get("adapters")
    for name in ("use_peft", "use_peft_lora", "use_lora"):
        if isinstance(flags.get(name), bool):
            adapters = flags[name] if adapters is None else adapters or flags[name]
    if adapters is None:
        adapters = is_unsloth or "lora_rank" in values
    in_4_bits = next(
        (flags[n] for n in ("load_in_4bit", "use_4bit_quantization", "q_lora") if n in flags),
        is_unsloth and not flags.get("load_in_16bit"),
    )
    in_8_bits = True in (flags.get("load_in_8bit"), flags.get("use_8bit_quantization"))
    if flags.get("full_finetuning") is True:
        adapters, in_4_bits, in_8_bits = False, False, False
    method = "full" if not adapters else "qlora" if in_4_bits or in_8_bits else "lora"
    if in_8_bits and not flags.get("load_in_4bit"):
        values["quantization"] = "int8"
    elif method == "qlora" and not is_unsloth:
        values.setdefault("quantization", "nf4")
    _settle_precision(reading, method)
    given = flags.get("eval_batch")
    if given is not None and flags.get("evaluates"):
        values_before = len(reading.lines)
        setting("eval_micro_batch")(reading, given)
        del reading.lines[values_before:]
    return method


def _settle_precision(reading: Reading, method: str) -> None:
    flags, values = reading.flags, reading.values
    half = _HALF.get(str(flags.get("dtype")))
    bf16, fp16 = flags.get("bf16"), flags.get("fp16")
    if fp16 is True and bf16 is not True:
        values["recipe"] = "fp16_autocast"
    elif reading.trainer == "unsloth":
        return
    elif bf16 is False and flags.get("dtype") == "float32":
        values["recipe"] = "fp32"
    elif half == "bf16" and (bf16 is False or method == "full"):
        values["recipe"] = "pure_bf16"
    elif bf16 is True or half == "bf16" or reading.trainer == "trl":
        values["recipe"] = "bf16_autocast"
    elif method == "full" and half is None and "recipe" not in values:
        values["recipe"] = "fp32"
        reading.remark("Neither bf16 nor fp16 is on: the run is in fp32.")
