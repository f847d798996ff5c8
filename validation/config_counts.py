"""What transformers makes of a config.json: its defaults for absent keys, and parameter counts.

    python -m validation.config_counts

writes calculator/estimation/architectures/config_json/defaults.json, the values that the
configuration classes have for keys that a config.json leaves out, and
tests/calculator/estimation/data/config_counts.json, configurations with the exact number of
parameters of the model that transformers builds from each. Models are built on the meta device,
which takes no memory. Needs validation/requirements.txt.
"""

from __future__ import annotations

import dataclasses
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedConfig, logging

from calculator.estimation.architectures.config_json.reading import FLAGS, KEYS
from calculator.estimation.architectures.families import FAMILIES

ROOT = Path(__file__).parents[1]
DEFAULTS = ROOT / "calculator/estimation/architectures/config_json/defaults.json"
COUNTS = ROOT / "tests/calculator/estimation/data/config_counts.json"
VARIANTS_OF_A_FAMILY = 4
# Families named here by the larger model, whose text model has a name of its own.
TEXT_MODELS = {"gemma4": "gemma4_text"}
# What the core computes of a family that has more.
_COMPUTED: dict[str, dict[str, Any]] = {
    "gemma4": {"global_head_dim": 64, "num_global_key_value_heads": 2},
    # Of every fifth layer, one must come before those that share its keys.
    "gemma3n_text": {
        "num_hidden_layers": 12,
        "num_kv_shared_layers": 3,
        "hidden_size_per_layer_input": 24,
        "activation_sparsity_pattern": [0.95] * 4 + [0.0] * 8,
    },
    "opt": {"do_layer_norm_before": True},
    "deepseek_v2": {"num_experts_per_tok": 2},
    "deepseek_v32": {"q_lora_rank": 24},
    "glm_moe_dsa": {"q_lora_rank": 24},
    "lfm2_moe": {"num_hidden_layers": 4, "layer_types": ["conv", "full_attention"] * 2},
    "granitemoehybrid": {
        "num_hidden_layers": 4,
        "layer_types": ["linear_attention", "full_attention", "linear_attention", "mamba"],
    },
    "nemotron_h": {"layers_block_type": ["mamba", "moe", "attention", "mlp", "mamba", "moe"]},
}
OTHER_KEYS = (
    "mamba_expand",
    "mamba_d_ssm",
    "block_multiple_of",
    "shared_intermediate_size",
    "moe_shared_expert_intermediate_size",
    "max_window_layers",
    "moe_layer_end_index",
    "intermediate_size_mlp",
    "rotary_dim",
    "block_size",
)

# Small enough to build in milliseconds, large enough for every divisor.
_SMALL: dict[str, tuple[Any, ...]] = {
    "hidden_size": (64, 96, 128),
    "intermediate_size": (80, 128, 176),
    "num_hidden_layers": (2, 4, 5, 6, 8),
    "num_attention_heads": (4, 8),
    "num_key_value_heads": (1, 2, 4),
    "num_kv_heads": (1, 2, 4),
    "head_dim": (8, 16, 32),
    "vocab_size": (304, 320),
    "n_inner": (None, 100),
    "ffn_hidden_size": (None, 100),
    "n_positions": (128,),
    "max_position_embeddings": (256,),
    "sliding_window": (None, 64),
    "max_window_layers": (1, 3),
    "num_local_experts": (4, 6),
    "num_experts": (4, 6),
    "n_routed_experts": (4, 8),
    "moe_num_experts": (4, 6),
    "num_experts_per_tok": (1, 2),
    "top_k_experts": (1, 2),
    "moe_topk": (1, 2),
    "rotary_dim": (4, 8),
    "ffn_dim": (80, 128),
    "hidden_size_per_layer_input": (0, 24),
    "vocab_size_per_layer_input": (304,),
    "num_kv_shared_layers": (0, 1),
    "altup_num_inputs": (2, 3, 4),
    "laurel_rank": (8, 12),
    "moe_k": (1, 2),
    "moe_intermediate_size": (48, 56),
    "shared_expert_intermediate_size": (40, 64),
    "intermediate_size_mlp": (96,),
    "n_shared_experts": (1, 2),
    "moe_num_shared_experts": (1, 2),
    "first_k_dense_replace": (0, 1, 2),
    "decoder_sparse_step": (1, 1, 2),
    "mlp_only_layers": ([], [0], [1]),
    "interleave_moe_layer_step": (1, 2),
    "moe_layer_start_index": (0, 1, 2),
    "moe_layer_end_index": (-1, 2),
    "moe_layer_interval": (1, 2),
    "q_lora_rank": (24, None),
    "kv_lora_rank": (16,),
    "qk_nope_head_dim": (16,),
    "qk_rope_head_dim": (8,),
    "v_head_dim": (16, 24),
    "n_group": (1,),
    "topk_group": (1,),
    "index_n_heads": (2, 4),
    "index_head_dim": (16, 32),
    "linear_num_key_heads": (2,),
    "linear_num_value_heads": (4,),
    "linear_key_head_dim": (16,),
    "linear_value_head_dim": (16,),
    "linear_conv_kernel_dim": (4,),
    "conv_L_cache": (3, 4),
    "num_dense_layers": (0, 1, 2),
    "block_multiple_of": (16,),
    "full_attn_idxs": ([0], [1, 3]),
    "mamba_n_heads": (8,),
    "mamba_d_ssm": (64, None),
    "mamba_d_state": (16, 24),
    "mamba_n_groups": (1, 2),
    "mamba_d_conv": (3, 4),
    "mamba_num_heads": (4, 8),
    "mamba_head_dim": (8, 16),
    "ssm_state_size": (16, 24),
    "n_groups": (1, 2),
    "conv_kernel": (3, 4),
    "shared_intermediate_size": (72,),
    "moe_shared_expert_intermediate_size": (72,),
    "num_ln_in_parallel_attn": (None,),
    "pad_token_id": (0,),
}


def main() -> None:
    logging.set_verbosity_error()
    _write(DEFAULTS, {family: defaults for family in FAMILIES if (defaults := _defaults(family))})
    _write(COUNTS, [case for family in FAMILIES for case in _cases(family)])


def _write(path: Path, value: Any) -> None:
    """One line for each item, so that a change of one family is a change of one line."""
    if isinstance(value, dict):
        lines = [f"{json.dumps(key)}: {json.dumps(item)}" for key, item in value.items()]
        text = "{\n" + ",\n".join(lines) + "\n}\n"
    else:
        text = "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _defaults(family: str) -> dict[str, Any]:
    """What the family's configuration class has for keys that change a size; None is left out."""
    config_class = _config_class(family)
    if config_class is None or "text_config" in config_class.sub_configs:
        return {}
    wanted = {*(key for keys in KEYS.values() for key in keys), *FLAGS, *OTHER_KEYS}
    found = {
        field.name: field.default
        for field in dataclasses.fields(config_class)
        if field.name in wanted and isinstance(field.default, int | float)
    }
    rope = getattr(config_class(), "rope_parameters", None)
    if isinstance(rope, dict) and "partial_rotary_factor" in rope:
        found["partial_rotary_factor"] = rope["partial_rotary_factor"]
    return found


def _config_class(family: str) -> type[PreTrainedConfig] | None:
    try:
        return type(AutoConfig.for_model(TEXT_MODELS.get(family, family)))
    except ValueError:  # transformers does not have it
        return None


def _cases(family: str) -> Iterator[dict[str, Any]]:
    """The family's own defaults, and small variants of them with every flag turned at random."""
    config_class = _config_class(family)
    if config_class is None or "text_config" in config_class.sub_configs:
        return
    chance = random.Random(zlib.crc32(family.encode()))
    tries = [{}, *(_small(config_class, chance) for _ in range(4 * VARIANTS_OF_A_FAMILY))]
    found = 0
    for changes in tries:
        try:
            changes = {**changes, **_COMPUTED.get(family, {})}
            config = config_class(**changes)
            parameters = _parameter_count(config)
        except (TypeError, ValueError, AssertionError, StrictDataclassError):
            continue  # the family refuses the combination
        yield {"config": _as_saved(config, changes), "parameters": parameters}
        found += 1
        if found > VARIANTS_OF_A_FAMILY:
            return


def _small(config_class: type[PreTrainedConfig], chance: random.Random) -> dict[str, Any]:
    names = {field.name: field.default for field in dataclasses.fields(config_class)}
    renamed = config_class.attribute_map
    changes: dict[str, Any] = {}
    for key, values in _SMALL.items():
        name = renamed.get(key, key)
        if name in names:
            changes[name] = chance.choice(values)
    for name, default in names.items():
        if name in FLAGS and isinstance(default, bool) and chance.random() < 0.4:
            changes[name] = not default
    return changes


def _as_saved(config: PreTrainedConfig, changes: dict[str, Any]) -> dict[str, Any]:
    """The configuration as save_pretrained writes it, less the keys that change no size."""
    saved = json.loads(config.to_json_string(use_diff=True))
    wanted = {
        *(key for keys in KEYS.values() for key in keys),
        *FLAGS,
        *OTHER_KEYS,
        *changes,
        "activation_sparsity_pattern",
        "model_type",
        "layer_types",
        "mlp_layer_types",
        "moe_layers",
        "mlp_only_layers",
        "full_attn_idxs",
        "layers_block_type",
        "position_embedding_type",
    }
    if config.model_type == "gemma4_text":
        # transformers writes these by layer; published configurations state them once.
        saved |= _COMPUTED["gemma4"]
    return {key: value for key, value in saved.items() if key in wanted}


def _parameter_count(config: PreTrainedConfig) -> int:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    # Checkpoints hold the routers' correction among the weights; here it is a buffer.
    corrections = (
        buffer.numel()
        for name, buffer in model.named_buffers()
        if name.endswith("e_score_correction_bias")
    )
    return sum(parameter.numel() for parameter in model.parameters()) + sum(corrections)


if __name__ == "__main__":
    main()
