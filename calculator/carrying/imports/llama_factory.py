"""LLaMA-Factory's YAML (llamafactory/hparams and transformers' TrainingArguments)."""

from __future__ import annotations

from typing import Any

from calculator.carrying.imports import distributed
from calculator.carrying.imports.documents import Given
from calculator.carrying.imports.hugging_face import ARGUMENTS
from calculator.carrying.imports.reading import (
    MULTIMODAL,
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

_QUANTIZED_BY: dict[Any, str] = {4: "nf4_double", 8: "int8"}


def _stage(reading: Reading, given: Given) -> None:
    if given.value in ("sft", "pt"):
        reading.say(given, "understood", "Trained on text, as estimated.")
        return
    reading.remark(PREFERENCE)
    reading.say(given, "not_followed", "Preference training is not estimated yet.")


def _finetuning_type(reading: Reading, given: Given) -> None:
    reading.flags["finetuning_type"] = given.value
    if given.value in ("full", "lora"):
        reading.say(given, "understood", "The method.")
    else:
        words = "Only full fine-tuning and LoRA are estimated; LoRA is taken."
        reading.say(given, "not_followed", words)


def _bits(reading: Reading, given: Given) -> None:
    if given.value is None:
        reading.say(given, "understood", "Not used.")
    elif given.value in _QUANTIZED_BY:
        reading.flags["bits"] = given.value
        reading.say(given, "understood", f"The base in {given.value} bits: QLoRA.")
    else:
        reading.flags["bits"] = 4
        reading.say(given, "not_followed", "Only 4 and 8 bits are estimated; 4 are taken.")


def _unsloth(reading: Reading, given: Given) -> None:
    if as_switch(given.value) is True:
        reading.flags["unsloth"] = True
        reading.values.update(kernels="fused", loss="chunked", activation_offload="checkpoints")
        words = "Unsloth’s kernels, loss and checkpoints on the host."
        reading.say(given, "understood", words)
    else:
        reading.say(given, "understood", "Not used.")


def _liger(reading: Reading, given: Given) -> None:
    if as_switch(given.value) is True:
        reading.values.update(kernels="fused", loss="chunked")
        reading.say(given, "understood", "Liger’s fused kernels, and the loss in chunks.")
    else:
        reading.say(given, "understood", "Not used.")


def _optimizer_switch(name: str) -> Handler:
    def handle(reading: Reading, given: Given) -> None:
        if as_switch(given.value) is True:
            reading.take(given, "optimizer", name)
        else:
            reading.say(given, "understood", "Not used.")

    return handle


def _images(reading: Reading, given: Given) -> None:
    reading.remark(MULTIMODAL)
    reading.say(given, "not_followed", "Images and sound are not estimated yet.")


TABLE: dict[str, Handler] = {
    **distributed.ALL,
    **ARGUMENTS,
    "model_name_or_path": model_name,
    "stage": _stage,
    "finetuning_type": _finetuning_type,
    "quantization_bit": _bits,
    "double_quantization": switched("quantization", "nf4_double", "nf4"),
    "lora_rank": setting("lora_rank"),
    "lora_target": targets,
    "lora_dropout": setting("lora_dropout"),
    "additional_target": setting("modules_to_save"),
    "use_dora": setting("use_dora"),
    "cutoff_len": setting("sequence_length"),
    "packing": no_bearing("Rows of the full length are what is estimated."),
    "neat_packing": no_bearing("Rows of the full length are what is estimated."),
    "flash_attn": setting("attention"),
    "pure_bf16": flag("Whether weights and states are all in bf16."),
    "disable_gradient_checkpointing": switched("gradient_checkpointing", False, True),
    "use_reentrant_gc": setting("reentrant_checkpoints"),
    "use_unsloth": _unsloth,
    "use_unsloth_gc": switched("activation_offload", "checkpoints", "none"),
    "enable_liger_kernel": _liger,
    "upcast_layernorm": not_followed("Norms in fp32: a little more than is estimated."),
    "upcast_lmhead_output": not_followed("Logits in fp32 twice: more than is estimated."),
    "shift_attn": not_followed("Shifted sparse attention is not modelled."),
    "use_galore": _optimizer_switch("galore_adamw"),
    "galore_rank": setting("projection_rank"),
    "galore_layerwise": setting("optimizer_in_backward"),
    "use_apollo": _optimizer_switch("apollo_adamw"),
    "apollo_rank": setting("projection_rank"),
    "apollo_layerwise": setting("optimizer_in_backward"),
    "use_muon": _optimizer_switch("muon"),
    "use_badam": not_followed("BAdam is not modelled; it takes less."),
    "use_adam_mini": not_followed("Adam-mini is not modelled; its states take about half."),
    "use_llama_pro": not_followed("Added blocks are not modelled."),
    "mixture_of_depths": not_followed("Mixture of depths is not modelled."),
    "pissa_init": no_bearing(),
    "pissa_iter": no_bearing(),
    "pissa_convert": no_bearing(),
    "use_mca": not_followed("Megatron’s way of sharing out is not modelled."),
    "use_kt": not_followed("Experts on the CPU are not modelled."),
    "freeze_trainable_layers": not_followed("Some layers only: not modelled."),
    "freeze_vision_tower": no_bearing("A vision tower is left out of the training here."),
    "freeze_multi_modal_projector": no_bearing("A vision tower is left out of the training here."),
    "freeze_language_model": not_followed("A frozen language model is not modelled."),
    "use_dft_loss": no_bearing(),
    "use_asft_loss": not_followed("ASFT keeps a second model; it is not modelled."),
    "use_eaft_loss": no_bearing(),
    "image_max_pixels": _images,
    "video_max_pixels": _images,
    "image_min_pixels": _images,
    "asft_alpha": no_bearing(),
    "fp8_backend": no_bearing(),
    "apollo_target": no_bearing("Every linear map is projected here."),
    "apollo_scale": no_bearing(),
    "apollo_scale_type": no_bearing(),
    "galore_target": no_bearing("Every linear map is projected here."),
    "galore_scale": no_bearing(),
    "freeze_trainable_modules": not_followed("Some layers only: not modelled."),
    "badam_mode": no_bearing(),
    "tokenized_path": no_bearing(),
    "video_maxlen": _images,
    "video_fps": no_bearing(),
    "rope_scaling": no_bearing(),
    "resize_vocab": not_followed("A larger vocabulary is not followed."),
    "add_tokens": not_followed("A larger vocabulary is not followed."),
    "compute_accuracy": setting("eval_keeps_logits"),
    "adapter_name_or_path": no_bearing(
        "An adapter that is trained on takes what a new one takes."
    ),
    "create_new_adapter": no_bearing(),
    "moe_aux_loss_coef": no_bearing(),
    "use_swanlab": no_bearing(),
    "ray_num_workers": distributed.gpu_count,
    "enable_thinking": no_bearing(),
    "pref_beta": no_bearing(),
    "pref_loss": no_bearing(),
    "pref_ftx": no_bearing(),
    "oft_target": not_followed("OFT is not modelled."),
    "oft_block_size": not_followed("OFT is not modelled."),
    "fp8": not_followed("fp8 training is not modelled."),
}


def settle(reading: Reading) -> str:
    """The method, and the precision that the switches together mean."""
    flags, values = reading.flags, reading.values
    kind = flags.get("finetuning_type", "lora")
    method = "full" if kind == "full" else "lora"
    if method == "lora" and "bits" in flags:
        method = "qlora"
        if flags["bits"] == 8:
            values["quantization"] = "int8"
    if flags.get("pure_bf16") is True:
        values["recipe"] = "pure_bf16"
    elif flags.get("fp16") is True:
        values["recipe"] = "fp16_autocast"
    elif flags.get("bf16") is not True:
        values["recipe"] = "fp32"
        reading.remark("Neither bf16 nor fp16 is on: the run is in fp32.")
    return method
