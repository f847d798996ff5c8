"""Axolotl's YAML (axolotl/utils/schemas and the integrations' args.py)."""

from __future__ import annotations

from calculator.carrying.imports import distributed
from calculator.carrying.imports.documents import Given
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


def _adapter(reading: Reading, given: Given) -> None:
    value = as_switch(given.value)
    reading.flags["adapter"] = value
    if value in (None, False, ""):
        reading.say(given, "understood", "No adapter: full fine-tuning.")
    elif value in ("lora", "qlora"):
        reading.say(given, "understood", "LoRA." if value == "lora" else "QLoRA.")
    else:
        reading.say(given, "not_followed", "Only LoRA and QLoRA are estimated; LoRA is taken.")


def _target_linear(reading: Reading, given: Given) -> None:
    if as_switch(given.value) is True:
        reading.flags["linear"] = True
        reading.say(given, "understood", "Target modules: all linear maps.")
    else:
        reading.say(given, "understood", "Not used.")


def _preference(reading: Reading, given: Given) -> None:
    if as_switch(given.value) in (None, False, ""):
        reading.say(given, "understood", "Not used.")
        return
    reading.remark(PREFERENCE)
    reading.say(given, "not_followed", "Preference training is not estimated yet.")


def _plugins(reading: Reading, given: Given) -> None:
    names = " ".join(map(str, given.value)) if isinstance(given.value, list) else str(given.value)
    names = names.lower().replace("_", "")
    known = ("liger", "cutcrossentropy", "spectrum", "kernels")
    if given.value and not any(each in names for each in known):
        reading.say(given, "not_followed", "What this plugin does is not modelled.")
    elif "cutcrossentropy" in names:
        # axolotl/integrations/cut_cross_entropy/args.py: on unless it is turned off.
        reading.values["loss"] = "chunked"
        reading.say(given, "understood", "Cut cross-entropy: the loss in chunks.")
    else:
        reading.say(given, "understood", "The plugin’s switches say what it does.")


def _experts(reading: Reading, given: Given) -> None:
    is_on = as_switch(given.value) is True
    reading.take(given, "experts", "quantized_kept" if is_on else "16bit")


def _multimodal(reading: Reading, given: Given) -> None:
    reading.remark(MULTIMODAL)
    reading.say(given, "not_followed", "Images and sound are not estimated yet.")


def _kernel_switch(reading: Reading, given: Given) -> None:
    """Liger's RMSNorm, SwiGLU and rotary stand for our fused kernels."""
    if as_switch(given.value) is True:
        reading.values["kernels"] = "fused"
        reading.say(given, "understood", "Kernels: Fused.")
    else:
        reading.say(given, "understood", "Not used.")


def _bf16(reading: Reading, given: Given) -> None:
    value = as_switch(given.value)
    reading.flags["bf16"] = value
    reading.say(given, "understood", "bf16." if value else "No bf16.")


def _fp16(reading: Reading, given: Given) -> None:
    value = as_switch(given.value)
    reading.flags["fp16"] = value
    reading.say(given, "understood", "fp16." if value else "No fp16.")


TABLE: dict[str, Handler] = {
    **distributed.ALL,
    "base_model": model_name,
    "base_model_config": no_bearing(),
    "adapter": _adapter,
    "load_in_4bit": flag("Whether the base is in 4 bits."),
    "load_in_8bit": flag("Whether the base is in 8 bits."),
    "gptq": flag("Whether the base is a GPTQ model."),
    "lora_r": setting("lora_rank"),
    "lora_dropout": setting("lora_dropout"),
    "lora_target_modules": targets,
    "lora_target_linear": _target_linear,
    "lora_target_parameters": not_followed("Adapters on parameters by a pattern: not followed."),
    "lora_modules_to_save": setting("modules_to_save"),
    "peft_use_dora": setting("use_dora"),
    "peft_layers_to_transform": not_followed("Adapters on some layers only: all are taken."),
    "peft_trainable_token_indices": not_followed("Single rows of the embedding: not modelled."),
    "unfrozen_parameters": not_followed("Some parameters only: all are taken."),
    "lora_mlp_kernel": no_bearing("Its own LoRA kernels save a little; plain ones are taken."),
    "lora_qkv_kernel": no_bearing("Its own LoRA kernels save a little; plain ones are taken."),
    "lora_o_kernel": no_bearing("Its own LoRA kernels save a little; plain ones are taken."),
    "lora_embedding_kernel": no_bearing("Its own LoRA kernels save a little."),
    "peft_autocast_adapter_dtype": switched("adapter_precision", "fp32", "bf16"),
    "peft.*": not_followed("LoftQ and the like are not modelled."),
    "bnb_config_kwargs.bnb_4bit_use_double_quant": switched("quantization", "nf4_double", "nf4"),
    "bnb_config_kwargs.*": no_bearing(),
    "quantize_moe_experts": _experts,
    "sequence_len": setting("sequence_length"),
    "sample_packing": setting("padding_free"),
    "pad_to_sequence_len": no_bearing("Sequences of the full length are what is estimated."),
    "multipack_real_batches": no_bearing(),
    "eval_sample_packing": no_bearing(),
    "micro_batch_size": setting("micro_batch"),
    "eval_batch_size": setting("eval_micro_batch"),
    "gradient_accumulation_steps": setting("gradient_accumulation"),
    "optimizer": setting("optimizer"),
    "optim_args": not_followed("Arguments of the optimizer are not read."),
    "optim_target_modules": no_bearing("Every linear map is projected here."),
    "bf16": _bf16,
    "bfloat16": _bf16,
    "fp16": _fp16,
    "float16": _fp16,
    "fp8": not_followed("fp8 training is not modelled."),
    "torch_dtype": flag("What the weights are loaded in."),
    "gradient_checkpointing": setting("gradient_checkpointing"),
    "gradient_checkpointing_kwargs.use_reentrant": setting("reentrant_checkpoints"),
    "gradient_checkpointing_kwargs.*": no_bearing(),
    "activation_offloading": setting("activation_offload"),
    "attn_implementation": setting("attention"),
    "flash_attention": switched("attention", "flash_attention_2"),
    "sdp_attention": switched("attention", "sdpa"),
    "flex_attention": switched("attention", "flex_attention"),
    "eager_attention": switched("attention", "eager"),
    "xformers_attention": switched("attention", "flash_attention_2"),
    "s2_attention": not_followed("Shifted sparse attention is not modelled."),
    "flash_attn_rms_norm": no_bearing(),
    "flash_attn_fuse_qkv": no_bearing(),
    "flash_attn_fuse_mlp": no_bearing(),
    "flash_attn_cross_entropy": switched("loss", "fused"),
    "plugins": _plugins,
    "cut_cross_entropy": switched("loss", "chunked"),
    "chunked_cross_entropy": switched("loss", "chunked"),
    "liger_fused_linear_cross_entropy": switched("loss", "chunked"),
    "liger_cross_entropy": switched("loss", "fused"),
    "liger_rms_norm": _kernel_switch,
    "liger_glu_activation": _kernel_switch,
    "liger_swiglu": _kernel_switch,
    "liger_rope": no_bearing("It saves next to nothing by itself."),
    "liger_layer_norm": no_bearing("It saves next to nothing by itself."),
    "unsloth_cross_entropy_loss": switched("loss", "chunked"),
    "unsloth_lora_mlp": no_bearing(),
    "unsloth_lora_qkv": no_bearing(),
    "unsloth_lora_o": no_bearing(),
    "unsloth_rms_norm": no_bearing(),
    "unsloth_rope": no_bearing(),
    "rl": _preference,
    "reward_model": _preference,
    "process_reward_model": _preference,
    "processor_type": _multimodal,
    "image_size": _multimodal,
    "torch_compile": not_followed("torch.compile is not modelled; it usually takes less."),
    "torch_compile_backend": no_bearing(),
    "dsv3_moe_kernels": not_followed("Kernels of experts are not modelled."),
    "use_kernels": not_followed("Kernels of the hub are not modelled."),
    "use_scattermoe": not_followed("Kernels of experts are not modelled."),
    "use_sonicmoe": not_followed("Kernels of experts are not modelled."),
    "experts_implementation": not_followed("How experts are computed is not followed."),
    "quantization_dequantize": no_bearing("The weights are dequantised as they load."),
    "model_quantization_config": no_bearing("How the published files are quantised."),
    "model_quantization_config_kwargs.*": no_bearing("How the published files are quantised."),
    "model_quantization_config_kwargs": no_bearing("How the published files are quantised."),
    "qat.*": not_followed("Training for quantisation is not modelled."),
    "relora": not_followed("ReLoRA is not modelled."),
    "relora_steps": not_followed("ReLoRA is not modelled."),
    "jagged_restart_steps": no_bearing(),
    "lisa_n_layers": not_followed("LISA is not modelled."),
    "overrides_of_model_config": not_followed("Changes of the model’s config are not followed."),
    "overrides_of_model_config.*": not_followed("Changes of the model’s config are not followed."),
    "rope_scaling.*": no_bearing(),
    "rope_theta": no_bearing(),
    "use_mamba_kernels": no_bearing(),
    "tiled_mlp": not_followed("A tiled MLP is not modelled; it takes less."),
    "eval_causal_lm_metrics": no_bearing(),
    "embeddings_skip_upcast": no_bearing("They are held in 16 bits here."),
    "resize_token_embeddings_to_32x": no_bearing(),
    "lora_on_cpu": no_bearing(),
    "gradient_release": not_followed("Stepping in the backward pass is not read from here."),
    "unsloth": no_bearing(),
    "fix_untrained_tokens": no_bearing(),
    "special_tokens.*": no_bearing(),
    "excess_length_strategy": no_bearing(),
    "lora_model_dir": no_bearing("An adapter that is trained on takes what a new one takes."),
    "strict": no_bearing(),
    "eot_tokens": no_bearing(),
    "torchdistx_path": no_bearing(),
    "gptq_groupsize": no_bearing("Groups of 128 are taken."),
    "gptq_model_v1": no_bearing(),
    "push_dataset_to_hub": no_bearing(),
    "max_packed_sequence_len": not_followed("A length of packed rows of old versions."),
    "experimental_skip_move_to_device": no_bearing(),
    "liger_rms_norm_gated": no_bearing("Gated norms are taken as they are."),
    "llama4_linearized_experts": switched("experts", "linear"),
    "model_config.*": no_bearing(),
    "batch_size": no_bearing("The batch of all GPUs and steps; the micro-batch counts."),
    "gemma4_hybrid_attn_impl": no_bearing("Windows by FlashAttention, the rest by SDPA."),
    "fused_attn_kernel": no_bearing("Its saving lies within the range."),
    "flex_attn_compile_kwargs.*": no_bearing(),
    "trl.*": not_followed("Reinforcement learning is not estimated yet."),
    "vllm.*": not_followed("vLLM beside the training is not modelled."),
    "ebft.*": not_followed("Feature matching is not modelled."),
    "diffusion.*": not_followed("Diffusion is not modelled."),
    "num_labels": no_bearing("A head of few classes: less than is estimated."),
    "eta_min": no_bearing(),
    "adam_eps": no_bearing(),
    "flash_optimum": no_bearing(),
    "use_onebitllms": not_followed("1-bit weights are not modelled."),
    "freeze_mm_modules": no_bearing("A vision tower is left out of the training here."),
    "revision_of_model": no_bearing(),
    "reinit_weights": no_bearing(),
    "use_eaft": no_bearing(),
    "eaft_alpha": no_bearing(),
    "streaming_multipack_buffer_size": no_bearing(),
    "sample_packing_eff_est": no_bearing(),
    "sample_packing_seq_len_multiplier": no_bearing(),
    "total_num_tokens": no_bearing(),
    "min_sample_len": no_bearing(),
    "deepcompile": not_followed("torch.compile is not modelled; it usually takes less."),
}


def settle(reading: Reading) -> str:
    """The method, with what the file leaves to Axolotl's own way of reading it."""
    flags, values = reading.flags, reading.values
    if flags.get("linear"):
        values["lora_targets"] = "all-linear"
    adapter = flags.get("adapter")
    method = "full" if adapter in (None, False, "") else "lora"
    if method == "lora" and flags.get("load_in_8bit") is True:
        method, values["quantization"] = "qlora", "int8"
    elif method == "lora" and flags.get("gptq") is True:
        method, values["quantization"] = "qlora", "gptq"
    elif method == "lora" and (flags.get("load_in_4bit") is True or adapter == "qlora"):
        method = "qlora"
    if flags.get("fp16") is True:
        values["recipe"] = "fp16_autocast"
    elif flags.get("bf16") in (None, False) and flags.get("torch_dtype") in (None, "float32"):
        values["recipe"] = "fp32"
        reading.remark("Neither bf16 nor fp16 is on: the run is in fp32.")
    return method
