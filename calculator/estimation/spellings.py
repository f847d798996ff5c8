"""Trainers' own names and values of settings, in ours.

Sources: transformers/training_args.py (TrainingArguments, OptimizerNames), trl/trainer/
sft_config.py and model_config.py, axolotl/utils/schemas, llamafactory/hparams, torchtune's
recipes, unsloth/models/llama.py. An unknown word is left as it is, and refused where it is checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAMES: dict[str, str] = {
    "per_device_train_batch_size": "micro_batch",
    "micro_batch_size": "micro_batch",
    "batch_size": "micro_batch",
    "per_device_eval_batch_size": "eval_micro_batch",
    "max_length": "sequence_length",
    "max_seq_length": "sequence_length",
    "max_seq_len": "sequence_length",
    "sequence_len": "sequence_length",
    "cutoff_len": "sequence_length",
    "gradient_accumulation_steps": "gradient_accumulation",
    "enable_activation_checkpointing": "gradient_checkpointing",
    "use_gradient_checkpointing": "gradient_checkpointing",
    "activation_offloading": "activation_offload",
    "enable_activation_offloading": "activation_offload",
    "attn_implementation": "attention",
    "flash_attn": "attention",
    "optim": "optimizer",
    "optimizer_in_bwd": "optimizer_in_backward",
    "r": "lora_rank",
    "lora_r": "lora_rank",
    "lora_target": "lora_targets",
    "lora_target_modules": "lora_targets",
    "target_modules": "lora_targets",
    "peft_use_dora": "use_dora",
    "additional_target": "modules_to_save",
    "lora_modules_to_save": "modules_to_save",
    "sample_packing": "padding_free",
    "packing": "padding_free",
}
OPTIMIZERS: dict[str, str] = {
    # On CUDA, torch.optim.AdamW runs for-each unless it is asked to be fused.
    "adamw_torch": "adamw_foreach",
    "adamw_hf": "adamw_foreach",
    "adamw_torch_fused": "adamw",
    "adamw_fused": "adamw",
    "adamw_bnb_8bit": "adamw_8bit",
    "adamw8bit": "adamw_8bit",
    "paged_adamw_32bit": "paged_adamw",
    "pagedadamw8bit": "paged_adamw_8bit",
    "adamw_torch_8bit": "adamw_torchao_8bit",
    "adamw_torch_4bit": "adamw_torchao_4bit",
    "ao_adamw_8bit": "adamw_torchao_8bit",
    "ao_adamw_4bit": "adamw_torchao_4bit",
    "lion_32bit": "lion",
    "apollo": "apollo_adamw",
    "galore": "galore_adamw",
}
ATTENTIONS: dict[str, str] = {
    "fa2": "flash_attention_2",
    "flash": "flash_attention_2",
    "flash_attn": "flash_attention_2",
    "flash_attention": "flash_attention_2",
    "flash_attention_3": "flash_attention_2",
    "kernels-community/flash-attn2": "flash_attention_2",
    "kernels-community/flash-attn3": "flash_attention_2",
    "kernels-community/vllm-flash-attn3": "flash_attention_2",
    "flex": "flex_attention",
    "torch": "sdpa",
    "auto": "sdpa",
    "disabled": "eager",
}
QUANTIZATIONS: dict[str, str] = {
    "4bit": "nf4",
    "bnb-4bit": "nf4",
    "bitsandbytes_4bit": "nf4",
    "8bit": "int8",
    "llm_int8": "int8",
    "bnb-8bit": "int8",
    "gptq-int4": "gptq",
    "awq-int4": "awq",
    "float8": "fp8",
}
TARGETS: dict[str, str] = {
    "all-linear": "all-linear",
    "all": "all-linear",
    "all_linear": "all-linear",
    "linear": "all-linear",
}
_EMBEDDINGS = frozenset({"embed_tokens", "wte", "embed_in", "word_embeddings"})
_HEADS = frozenset({"lm_head", "embed_out", "output"})
_OFFLOADING = {
    True: "saved_tensors",
    False: "none",
    "disk": "checkpoints",
    "legacy": "checkpoints",
}


def understood(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values under our names, with our words for what trainers call otherwise.

    A name of ours goes before a trainer's for the same.
    """
    result: dict[str, Any] = {}
    for name, value in values.items():
        ours = NAMES.get(name, name)
        if ours != name and ours in values:
            continue
        result[ours] = value
    _split_checkpointing(result)
    for name, words in (
        ("optimizer", OPTIMIZERS),
        ("attention", ATTENTIONS),
        ("quantization", QUANTIZATIONS),
        ("lora_targets", TARGETS),
    ):
        value = result.get(name)
        if isinstance(value, str):
            result[name] = words.get(value, words.get(value.casefold(), value))
    targets = result.get("lora_targets")
    if isinstance(targets, str) and targets != "all-linear":
        result["lora_targets"] = tuple(part.strip() for part in targets.split(",") if part.strip())
    offload = result.get("activation_offload")
    if isinstance(offload, bool | str):
        result["activation_offload"] = _OFFLOADING.get(offload, offload)
    saved = result.get("modules_to_save")
    if isinstance(saved, list | tuple):
        result["modules_to_save"] = _saved(saved)
    return result


def _split_checkpointing(values: dict[str, Any]) -> None:
    """ "unsloth" and "offload" are checkpointing with the checkpoints on the host."""
    value = values.get("gradient_checkpointing")
    if isinstance(value, str) and value.casefold() in ("unsloth", "offload", "offload_disk"):
        values["gradient_checkpointing"] = True
        values.setdefault("activation_offload", "checkpoints")


def _saved(names: list[Any] | tuple[Any, ...]) -> Any:
    """Our word for a list of modules; the list itself where it names another module."""
    found = {str(name).rsplit(".", 1)[-1] for name in names}
    if found - _EMBEDDINGS - _HEADS:
        return names
    both = bool(found & _EMBEDDINGS), bool(found & _HEADS)
    return {
        (True, True): "embeddings_and_head",
        (True, False): "embeddings",
        (False, True): "head",
        (False, False): "none",
    }[both]
