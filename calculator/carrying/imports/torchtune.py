"""torchtune's YAML (recipes/configs): components by their dotted name, and the recipe's keys."""

from __future__ import annotations

import re

from calculator.carrying.imports import distributed
from calculator.carrying.imports.documents import Given
from calculator.carrying.imports.reading import (
    PREFERENCE,
    Handler,
    Reading,
    as_switch,
    flag,
    no_bearing,
    not_followed,
    setting,
)

# torchtune's names of the linear maps, in those of transformers.
MODULES = {
    "q_proj": "q_proj",
    "k_proj": "k_proj",
    "v_proj": "v_proj",
    "output_proj": "o_proj",
}
MLP = ("gate_proj", "up_proj", "down_proj")
OPTIMIZERS = {
    "torch.optim.AdamW": "adamw_foreach",
    "torch.optim.Adam": "adamw_foreach",
    "torch.optim.SGD": "sgd",
    "bitsandbytes.optim.PagedAdamW8bit": "paged_adamw_8bit",
    "bitsandbytes.optim.PagedAdamW": "paged_adamw",
    "bitsandbytes.optim.AdamW8bit": "adamw_8bit",
    "bitsandbytes.optim.Lion8bit": "lion_8bit",
    "torchao.optim.AdamW8bit": "adamw_torchao_8bit",
    "torchao.optim.AdamW4bit": "adamw_torchao_4bit",
    "torchao.prototype.low_bit_optim.AdamW8bit": "adamw_torchao_8bit",
    "torchao.prototype.low_bit_optim.AdamW4bit": "adamw_torchao_4bit",
}
_METHODS = {"lora": "lora", "dora": "lora", "qlora": "qlora", "qdora": "qlora"}


def _model(reading: Reading, given: Given) -> None:
    """torchtune.models.llama3_1.qlora_llama3_1_8b → Llama 3.1 8B by QLoRA."""
    family, _, name = str(given.value)[:200].rpartition(".")
    prefix, _, rest = name.partition("_")
    method = _METHODS.get(prefix, "full")
    reading.flags["method"] = method
    if prefix in ("dora", "qdora"):
        reading.values["use_dora"] = True
    named = rest if prefix in _METHODS else name
    reading.flags["builder"] = named_model(named)
    words = {"full": "All weights are trained.", "lora": "LoRA.", "qlora": "QLoRA."}[method]
    reading.say(given, "understood", words)
    if "vision" in family:
        reading.remark("Images are not estimated yet; the figures are those of text alone.")


def named_model(builder: str) -> str:
    """llama3_1_8b → llama 3.1 8b; qwen2_5_0_5b_instruct → qwen 2.5 0.5b instruct."""
    text = re.sub(r"(?<=\d)_(?=\d+b\b|\d+b_)", "#", f"{builder}")
    text = re.sub(r"(?<=\d)_(?=\d)", ".", text)
    parts = re.fullmatch(r"([a-z_]+)(\d[\d.]*)?(?:#|_)?((?:\d+#)?[\d.]+b)?(.*)", text)
    if parts is None:
        return builder.replace("_", " ")
    size = (parts[3] or "").replace("#", ".")
    version = parts[2] or ""
    return " ".join(
        f"{parts[1].replace('_', ' ')} {version} {size} {parts[4].replace('_', ' ')}".split()
    )


def _checkpoint(reading: Reading, given: Given) -> None:
    """The folder of the weights usually bears the model's own name."""
    if isinstance(given.value, str) and given.path[0] == "checkpointer":
        name = given.value.rstrip("/")
        if name.endswith("/original"):
            name = name.removesuffix("/original")
        reading.flags["folder"] = name.rpartition("/")[2]
    reading.say(given, "no_bearing", "Where the weights are.")


def _optimizer(reading: Reading, given: Given) -> None:
    reading.flags["optimizer"] = given
    name = OPTIMIZERS.get(str(given.value))
    if name is None:
        reading.say(given, "not_followed", "This optimizer is not modelled; its default is taken.")
    else:
        reading.take(given, "optimizer", name)


def _fused(reading: Reading, given: Given) -> None:
    if as_switch(given.value) is True and reading.values.get("optimizer") == "adamw_foreach":
        reading.take(given, "optimizer", "adamw")
    else:
        reading.say(given, "no_bearing", "It changes nothing here.")


def _attention_modules(reading: Reading, given: Given) -> None:
    names = given.value if isinstance(given.value, list) else []
    reading.flags["modules"] = [MODULES.get(str(name), str(name)) for name in names]
    reading.say(given, "understood", "Adapters on these maps of attention.")


def _loss(reading: Reading, given: Given) -> None:
    name = str(given.value).rpartition(".")[2]
    if name in ("CEWithChunkedOutputLoss", "LinearCrossEntropyLoss"):
        reading.take(given, "loss", "fused" if name.startswith("CE") else "chunked")
    elif "rlhf" in str(given.value) or name in ("DPOLoss", "PPOLoss"):
        reading.remark(PREFERENCE)
        reading.say(given, "not_followed", "Preference training is not estimated yet.")
    elif name in ("CrossEntropyLoss", "nn.CrossEntropyLoss"):
        reading.take(given, "loss", "standard")
    else:
        reading.say(given, "not_followed", "This loss is not modelled.")


def _dtype(reading: Reading, given: Given) -> None:
    recipe = {"bf16": "pure_bf16", "fp32": "fp32", "fp16": "fp16_autocast"}.get(str(given.value))
    reading.take(given, "recipe", recipe or given.value)


def _sequence(reading: Reading, given: Given) -> None:
    if given.value is None:
        reading.say(given, "understood", "No length is set: 2,048 is taken.")
    else:
        setting("sequence_length")(reading, given)


def _component(reading: Reading, given: Given) -> None:
    if given.value and any(word in str(given.value) for word in ("rlhf", "dpo", "ppo")):
        reading.remark(PREFERENCE)
    reading.say(given, "no_bearing", "Memory does not depend on it.")


TABLE: dict[str, Handler] = {
    **distributed.LAUNCHERS,
    "model._component_": _model,
    "model": lambda reading, given: (
        _model(reading, given)
        if isinstance(given.value, str)
        else reading.say(given, "not_followed", "The model is not named here.")
    ),
    "model.lora_attn_modules": _attention_modules,
    "model.apply_lora_to_mlp": flag("Adapters on the maps of the MLP."),
    "model.apply_lora_to_output": not_followed("An adapter on the head is not modelled."),
    "model.lora_rank": setting("lora_rank"),
    "model.lora_dropout": setting("lora_dropout"),
    "model.use_dora": setting("use_dora"),
    "model.quantize_base": flag("Whether the base is in 4 bits."),
    "lora_attn_modules": _attention_modules,
    "apply_lora_to_mlp": flag("Adapters on the maps of the MLP."),
    "lora_rank": setting("lora_rank"),
    "lora_dropout": setting("lora_dropout"),
    "model.decoder_trainable": flag("Whether the decoder is trained."),
    "model.*": not_followed("An argument of the model that is not modelled."),
    "tokenizer.max_seq_len": _sequence,
    "tokenizer.*": no_bearing(),
    "dataset.max_seq_len": _sequence,
    "dataset.packed": no_bearing("Rows of the full length are what is estimated."),
    "checkpointer.checkpoint_dir": _checkpoint,
    "batch_size": setting("micro_batch"),
    "batch_size_val": no_bearing("Where the run evaluates, which is not read from here."),
    "gradient_accumulation_steps": setting("gradient_accumulation"),
    "optimizer._component_": _optimizer,
    "optimizer": _optimizer,
    "optimizer.fused": _fused,
    "optimizer_in_bwd": setting("optimizer_in_backward"),
    "loss._component_": _loss,
    "loss": _loss,
    "dtype": _dtype,
    "enable_activation_checkpointing": setting("gradient_checkpointing"),
    "enable_activation_offloading": setting("activation_offload"),
    "activation_offloading_use_streams": no_bearing(),
    "ac_mode": not_followed("Selective checkpointing is not modelled; every layer is taken."),
    "ac_option": not_followed("Selective checkpointing is not modelled; every layer is taken."),
    "fsdp_cpu_offload": distributed.FSDP["fsdp_offload_params"],
    "fsdp_reshard_after_forward": distributed.FSDP["fsdp_reshard_after_forward"],
    "fsdp_sharding_strategy": distributed.FSDP["fsdp_sharding_strategy"],
    "custom_sharded_layers": no_bearing("Embedding and head are units of their own here."),
    "memory_efficient_fsdp_wrap": no_bearing(),
    "compile": not_followed("torch.compile is not modelled; it usually takes less."),
    "quantizer._component_": not_followed("Training for quantisation is not modelled."),
    "quantizer.*": not_followed("Training for quantisation is not modelled."),
    "fake_quant_after_n_steps": no_bearing(),
    "teacher_model.*": not_followed("A second model is not estimated yet."),
    "kd_loss.*": not_followed("Distillation is not estimated yet."),
    "kd_ratio": not_followed("Distillation is not estimated yet."),
    "reward_and_value_model.*": not_followed("A second model is not estimated yet."),
    "ref_policy_checkpointer.*": not_followed("A second model is not estimated yet."),
    "reward_checkpointer.*": not_followed("A second model is not estimated yet."),
    "value_checkpointer.*": not_followed("A second model is not estimated yet."),
    "teacher_checkpointer.*": not_followed("A second model is not estimated yet."),
    "enable_fp8_training": not_followed("fp8 training is not modelled."),
    "_component_": _component,
    "low_cpu_ram": no_bearing(),
    "use_clipped_swiglu": no_bearing(),
    "minimize_all_reduces": no_bearing(),
}


def settle(reading: Reading) -> str:
    """The method; the names of the maps; and the default that its AdamW is run for-each."""
    flags, values = reading.flags, reading.values
    method = flags.get("method", "full")
    if reading.cluster.get("gpu_count", 1) > 1:
        # Its recipes for several GPUs are FSDP 2.
        reading.cluster.setdefault("strategy", "fsdp")
    if method == "lora" and flags.get("quantize_base") is True:
        method = "qlora"
    modules = list(flags.get("modules", ()))
    if flags.get("apply_lora_to_mlp") is True:
        modules += MLP
    if method != "full" and modules:
        values["lora_targets"] = tuple(dict.fromkeys(modules))
    reading.model = reading.model or str(flags.get("folder") or flags.get("builder", ""))
    return str(method)
