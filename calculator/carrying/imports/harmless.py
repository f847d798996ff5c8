"""Keys on which the memory of a step does not depend, by name, in any of the tools."""

from __future__ import annotations

import re

_LONGEST_NAME = 100
_NAMES = re.compile(
    r"(?:"
    r"(?:\w*_)?(?:learning_rate|lr)(?:_\w+)?|lr_scheduler\w*|scheduler|warmup\w*|cosine_\w+|lrdecay"
    r"|weight_decay|decay_steps|adam_?(?:beta|epsilon)\w*|betas?|eps|epsilon|momentum|max_grad_norm"
    r"|gradient_clipping|clip_grad_norm|lora_alpha|alpha|use_rslora|peft_use_rslora|loraplus_\w+"
    r"|bias|task_type|lora_task_type|init_lora_weights|lora_fan_in_fan_out|fan_in_fan_out|label_smoothing\w*"
    r"|(?:num_)?(?:train_)?epochs?|num_train_epochs|(?:num_|max_)?steps\w*|max_train_steps|num_iterations"
    r"|max_samples\w*|max_train_samples|total_batch_size|samples_per_\w+|log_samples|num_examples"
    r"|save_\w+|saves_\w+|(?:hf_)?output\w*_?(?:dir|path|name)|output|overwrite_\w+|logging_\w+|logger\w*|log_\w+"
    r"|report_to|run_name|project\w*|wandb\w*|mlflow\w*|swanlab\w*|comet\w*|use_(?:wandb|swanlab|mlflow|tensorboard)"
    r"|trackio\w*|tensorboard\w*|metric_?logger|metric\w*|plot_\w+|disable_tqdm|log_level|verbose|silent"
    r"|hub_\w+|push_to_hub\w*|hf_use_auth_token|(?:hf_)?hub_token|token|use_auth_token|strict_hub"
    r"|(?:\w+_)?seed|random_state|data_seed|shuffle\w*|deterministic|full_determinism|cudnn\w*"
    r"|dataset\w*|datasets|eval_dataset\w*|test_datasets|pretraining_dataset|dataset_val|train_?(?:data|file|files)\w*"
    r"|data_\w+|train_dataset|val_\w+|test_\w+|validation_\w+|max_eval_samples|media_dir|template|tool_format"
    r"|train_on_(?:inputs?|prompt\w*|eot\w*)|mask_\w+|roles?\w*|message\w*|chat_template\w*|default_system\w*"
    r"|system(?:_prompt)?|prompt\w*|column\w*|field\w*|instruction\w*|response\w*|special_tokens|tokens|conversation\w*"
    r"|formatting_func|text_column|pad_token|pad_to_sequence_len|group_by_length|length_column_name|remove_unused_columns"
    r"|completion_only_loss|assistant_only_loss|eos_\w+|streaming|buffer_size|mix_strategy|interleave_\w+|preprocessing_\w+"
    r"|preprocess\w*|num_proc|dataloader\w*|data_?loader\w*|num_workers|prefetch\w*|pin_memory|drop_last|collat\w*|sampler"
    r"|tokenizer\w*|processing_class|trust_remote_code|use_fast(?:_tokenizer)?|model_revision|revision|code_revision"
    r"|cache_dir|local_files_only|low_cpu_mem_usage|use_safetensors|model_type|is_\w+_derived_model|device_map|max_memory"
    r"|device|local_rank|(?:node|machine)_rank|main_process_\w+|master_(?:addr|port)|main_training_function|nnodes|num_machines"
    r"|rdzv_\w+|same_network|compute_environment|downcast_bf16|tpu_\w+|debug|use_cpu|enable_cpu_affinity|ddp_\w+|gpu_ids"
    r"|resume\w*|auto_resume\w*|early_stopping\w*|metric_for_best_model|greater_is_better|load_best_model_at_end|do_(?:train|eval|predict)"
    r"|eval(?:uation)?_(?:strategy|steps|delay|on_start|table\w*|max_new_tokens|sample_packing|packing|size|per_epoch)"
    r"|evals_per_epoch|do_bench_eval|evaluation_strategy|run_val_\w+|generation\w*|predict_with_generate"
    r"|tf32|torchdynamo|neftune\w*|profiler|http\w*|loss_watchdog\w*|xpu|fused|foreach"
    r"|checkpointer|checkpoint_\w+|resume_from_checkpoint|save_adapter_weights_only|keep_last_n_checkpoints|epochs_to_save"
    r"|warmup_ratio|zero3_save_16bit_model|stage3_gather_\w+|train_batch_size|steps_per_print|wall_clock_breakdown"
    r"|auto_wrap_policy|fsdp_auto_wrap_policy|transformer_layer_cls_to_wrap|fsdp_transformer_layer_cls_to_wrap"
    r"|(?:fsdp_)?(?:state_dict_type|cpu_ram_efficient_loading|sync_module_states|use_orig_params|min_num_params)"
    r"|final_state_dict_type|fsdp_final_state_dict_type|mixed_precision_policy|xla\w*|deepspeed_multinode_launcher|zero3_init_flag"
    r"|loss_scale\w*|initial_scale_power|hysteresis|min_loss_scale|auto_cast|zero_allow_untested_optimizer|round_robin_gradients"
    r"|zero_force_ds_cpu_optimizer|allgather_partitions|reduce_scatter|load_from_fp32_weights|ignore_unused_parameters"
    r"|skip_prepare_dataset|packing_strategy|truncation\w*|return_tensors|padding(?:_side)?|add_(?:bos|eos|special)\w*|inference_mode"
    r"|logit_?bias|train_sampling_strategy|include_\w+|wandb|bnb_4bit_compute_dtype|bnb_4bit_quant_type|quantization_method"
    r"|quantization_type|attention_bias|peft_init_lora_weights|lora_on_cpu|export_\w+|infer_\w+|vllm_\w+|sglang_\w+"
    r"|splits|append_concat_token|max_new_tokens|do_sample|use_auth|do_mmlu_eval|label|ignore_data_skip|gradio\w*|skip_\w+|average_tokens_across_devices|num_cycles|accelerator_config"
    r"|backend|prediction_loss_only|chat_template|fix_tokenizer|disable_log_stats|max_lora_rank|float8_kv_cache|gpu_memory_utilization"
    r"|use_exact_model_name|max_shard_size|print_\w+|version_tag|torch_empty_cache_steps|warmup_min_\w+|warmup_type|clean_up\w*"
    r")"
)


def is_harmless(name: str) -> bool:
    """Whether the memory of a training step does not depend on a key of that name."""
    return len(name) <= _LONGEST_NAME and _NAMES.fullmatch(name.lower()) is not None
