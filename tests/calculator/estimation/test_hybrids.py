"""Layers of several kinds: how rows and configurations state them, and which code runs them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from statistics import median

import pytest

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.config_json import architecture_from_config
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.architectures.rows import architecture_from_row
from calculator.estimation.errors import ConfigError
from calculator.estimation.lora_targets import module_names
from tests.calculator.estimation.architectures import all_architectures, architecture
from validation.compare import comparisons

INDEXED = {"deepseek-v3-2-671b-a37b", "glm-5-a40b"}
HYBRIDS = sorted(
    slug
    for slug, model in all_architectures().items()
    if {kind for kind, _ in model.layer_kinds()}
    - {"full", "sliding", "shared_full", "shared_sliding"}  # Gemma's E models share keys
)
# https://huggingface.co/ibm-granite/granite-4.0-h-tiny, config.json: its layers have older names.
GRANITE_4_H_TINY = {
    "model_type": "granitemoehybrid",
    "hidden_size": 1536,
    "intermediate_size": 512,
    "shared_intermediate_size": 1024,
    "num_attention_heads": 12,
    "num_key_value_heads": 4,
    "num_hidden_layers": 40,
    "num_local_experts": 64,
    "num_experts_per_tok": 6,
    "layer_types": ["attention" if i % 10 == 5 else "mamba" for i in range(40)],
    "mamba_n_heads": 48,
    "mamba_d_head": 64,
    "mamba_d_state": 128,
    "mamba_n_groups": 1,
    "mamba_chunk_size": 256,
    "position_embedding_type": "nope",
    "tie_word_embeddings": True,
    "vocab_size": 100352,
}
# https://huggingface.co/nvidia/NVIDIA-Nemotron-Nano-9B-v2, config.json.
NEMOTRON_NANO_9B = {
    "model_type": "nemotron_h",
    "hidden_size": 4480,
    "intermediate_size": 15680,
    "num_attention_heads": 40,
    "num_key_value_heads": 8,
    "num_hidden_layers": 56,
    "hybrid_override_pattern": "M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-",
    "mamba_num_heads": 128,
    "mamba_head_dim": 80,
    "ssm_state_size": 128,
    "n_groups": 8,
    "chunk_size": 128,
    "tie_word_embeddings": False,
    "vocab_size": 131072,
}
# https://huggingface.co/LiquidAI/LFM2-1.2B, config.json: the MLP's width is to be adjusted.
LFM2_1_2B = {
    "model_type": "lfm2",
    "hidden_size": 2048,
    "block_ff_dim": 12288,
    "block_auto_adjust_ff_dim": True,
    "block_ffn_dim_multiplier": 1.0,
    "block_multiple_of": 256,
    "conv_L_cache": 3,
    "full_attn_idxs": [2, 5, 8, 10, 12, 14],
    "num_attention_heads": 32,
    "num_hidden_layers": 16,
    "num_key_value_heads": 8,
    "tie_embedding": True,
    "vocab_size": 65536,
}
FALCON_H1_7B = {
    "model_type": "falcon_h1",
    "hidden_size": 3072,
    "intermediate_size": 12288,
    "head_dim": 128,
    "mamba_chunk_size": 128,
    "mamba_d_head": 128,
    "mamba_d_ssm": 3072,
    "mamba_d_state": 256,
    "mamba_n_heads": 24,
    "mamba_rms_norm": True,
    "num_attention_heads": 12,
    "num_hidden_layers": 44,
    "num_key_value_heads": 2,
    "tie_word_embeddings": False,
    "vocab_size": 130048,
}
# https://huggingface.co/MiniMaxAI/MiniMax-Text-01, config.json of revision 372fb1d: it numbers
# the kinds of layers, 1 in every eighth place.
MINIMAX_TEXT_01 = {
    "model_type": "minimax_text_01",
    "attn_type_list": [int(i % 8 == 7) for i in range(80)],
    "head_dim": 128,
    "hidden_size": 6144,
    "intermediate_size": 9216,
    "num_attention_heads": 64,
    "num_experts_per_tok": 2,
    "num_hidden_layers": 80,
    "num_key_value_heads": 8,
    "num_local_experts": 32,
    "tie_word_embeddings": False,
    "vocab_size": 200064,
}


@pytest.mark.parametrize(
    ("config", "slug"),
    [
        (MINIMAX_TEXT_01, "minimax-text-01-456b-a46b"),
        (GRANITE_4_H_TINY, "granite-4-0-h-tiny-7b-a1b"),
        (NEMOTRON_NANO_9B, "nemotron-nano-9b-v2"),
        (LFM2_1_2B, "lfm2-1-2b"),
        (FALCON_H1_7B, "falcon-h1-7b"),
    ],
)
def test_a_published_configuration_gives_the_catalogs_architecture(config, slug):
    def without_unused(model: Architecture) -> Architecture:
        dense = any(mlp == "dense" for _, mlp in model.layer_kinds())
        return replace(model, name="", intermediate_size=model.intermediate_size * dense)

    assert without_unused(architecture_from_config(config)) == without_unused(architecture(slug))


def test_nemotron_h_has_one_part_in_each_layer():
    kinds = Counter(architecture("nemotron-nano-9b-v2").layer_kinds())

    # arXiv 2508.14444, table 1: 56 layers, of which 4 attend, 27 are Mamba-2 and 25 MLPs.
    assert kinds == {("mamba", "none"): 27, ("none", "dense"): 25, ("full", "none"): 4}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("layers=2C1X", "not a list of layers"),
        ("layers=2C", "must name every layer"),
        ("mamba=1x2x3", "not as many whole numbers"),
        ("mamba=1x2x3x4xfive", "not as many whole numbers"),
        ("layers=15CF; beauty=high", "is not a trait"),
        ("layers=15MF", "is missing"),
        ("layers=15MF; mamba=9x8x8x2x8", "must divide the 9 Mamba heads"),
    ],
)
def test_what_is_wrong_with_a_rows_layers_is_said(change, words):
    row = {
        "model_type": "lfm2",
        "hidden_size": "64",
        "num_hidden_layers": "16",
        "num_attention_heads": "4",
        "intermediate_size": "128",
        "vocab_size": "100",
        "linear_conv_kernel": "3",
    }
    assert count_parameters(architecture_from_row({**row, "trait_overrides": "layers=15CF"}))

    with pytest.raises(ConfigError, match=words):
        architecture_from_row({**row, "trait_overrides": change})


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"hybrid_override_pattern": "MX"}, "hybrid_override_pattern", "the letters"),
        ({"hybrid_override_pattern": None}, "layers_block_type", "is missing"),
        ({"layers_block_type": ["mamba", "dream"]}, "layers_block_type", "“dream”"),
        ({"moe_latent_size": 1024}, "moe_latent_size", "latent experts"),
        ({"mamba_num_heads": 0}, "mamba_num_heads", "is missing"),
        ({"n_groups": 7}, "n_groups", "must divide the 128 Mamba heads"),
    ],
)
def test_what_is_wrong_with_a_configurations_layers_is_said_under_its_key(change, field, words):
    with pytest.raises(ConfigError) as raised:
        architecture_from_config({**NEMOTRON_NANO_9B, **change})

    assert raised.value.errors[0].field == field
    assert words in raised.value.errors[0].message


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"indexer_types": ["full", "shared"]}, "indexer_types"),
        ({"index_topk_pattern": "FSSF"}, "index_topk_pattern"),
        ({"index_topk_freq": 4}, "index_topk_freq"),
    ],
)
def test_layers_that_share_an_indexer_are_refused(change, field):
    glm = {
        "model_type": "glm_moe_dsa",
        "hidden_size": 6144,
        "intermediate_size": 12288,
        "moe_intermediate_size": 2048,
        "num_attention_heads": 64,
        "num_hidden_layers": 78,
        "n_routed_experts": 256,
        "num_experts_per_tok": 8,
        "kv_lora_rank": 512,
        "q_lora_rank": 2048,
        "qk_nope_head_dim": 192,
        "qk_rope_head_dim": 64,
        "v_head_dim": 256,
        "vocab_size": 154880,
    }
    read = replace(architecture_from_config(glm), name="")
    assert count_parameters(read) == count_parameters(architecture("glm-5-a40b"))

    with pytest.raises(ConfigError) as raised:
        architecture_from_config({**glm, **change})

    assert [error.field for error in raised.value.errors] == [field]


def test_an_indexer_learns_nothing():
    """DeepseekV32Indexer.forward runs under torch.no_grad (modeling_deepseek_v32.py)."""
    model = architecture("deepseek-v3-2-671b-a37b")
    of_indexers = 61 * (1536 * 64 * 128 + 7168 * 128 + 7168 * 64 + 2 * 128)
    full = estimate(model, TrainingSettings(method="full", recipe="pure_bf16"))

    gradients = 2 * (count_parameters(model).total_count - of_indexers)
    found = {item.component: item.bytes for item in full.breakdown}
    assert found["optimizer_states"] == 2 * gradients
    assert full.parameters_trainable_count == count_parameters(model).total_count


def test_every_kind_of_layer_belongs_to_a_model():
    kinds = {kind for slug in HYBRIDS for kind, _ in architecture(slug).layer_kinds()}

    assert kinds == {"full", "linear", "convolution", "mamba", "mamba_and_full", "none"}


@pytest.mark.parametrize("slug", ["qwen3-5-9b", "granite-4-0-h-tiny-7b-a1b", "falcon-h1-7b"])
@pytest.mark.parametrize(
    ("method", "checkpointing"), [("lora", True), ("lora", False), ("full", False)]
)
def test_kernels_take_less_than_pytorchs_code(slug, method, checkpointing):
    run = TrainingSettings(
        method=method, gradient_checkpointing=checkpointing, loss="chunked", optimizer="sgd"
    )
    kernels = replace(run, kernels="fused")

    less = estimate(architecture(slug), kernels).phases["backward"]
    assert less < estimate(architecture(slug), run).phases["backward"]


def test_a_state_is_kept_for_every_chunk():
    """Without checkpointing PyTorch's delta rule keeps 32 heads' states of 128² for 64 tokens."""
    run = TrainingSettings(
        method="full", recipe="fp32", gradient_checkpointing=False, sequence_length=8192
    )
    model = architecture("qwen3-5-9b")
    fewer = replace(model, linear_value_head_count=16)
    kept = [
        next(
            item.bytes
            for item in estimate(each, run).breakdown
            if item.component == "saved_activations"
        )
        for each in (model, fewer)
    ]

    layers, tokens = model.linear_layer_count, 8192
    states_bytes = 16 * 128**2 / 64 * 4 * layers * tokens
    assert kept[0] - kept[1] > states_bytes


@pytest.mark.parametrize(
    ("slug", "kernels", "words"),
    [
        ("qwen3-5-9b", "standard", "flash-linear-attention and causal-conv1d, which take less"),
        ("qwen3-5-9b", "fused", "by the kernels of flash-linear-attention"),
        ("granite-4-0-h-1b", "standard", "mamba-ssm and causal-conv1d, which take less"),
        ("granite-4-0-h-1b", "fused", "mamba-ssm passes by an adapter"),
        ("falcon-h1-7b", "standard", "peft puts no adapter on the last map"),
    ],
)
def test_the_estimate_says_which_code_it_takes_for_granted(slug, kernels, words):
    run = TrainingSettings(method="lora", kernels=kernels)

    assert words in " ".join(estimate(architecture(slug), run).assumptions)


def test_other_models_are_told_nothing_of_scans():
    words = " ".join(estimate(architecture("llama-3-1-8b"), TrainingSettings()).assumptions)

    assert "kernels of" not in words
    assert "PyTorch code" not in words


def test_qwen_3_5_has_a_linear_map_for_each_input_and_qwen3_next_joins_them():
    assert module_names(architecture("qwen3-5-9b"))[:4] == (
        "in_proj_qkv",
        "in_proj_z",
        "in_proj_b",
        "in_proj_a",
    )
    assert module_names(architecture("qwen3-next-80b-a3b"))[:2] == ("in_proj_qkvz", "in_proj_ba")


@pytest.mark.parametrize(
    ("slug", "settings", "reported_gb"),
    [
        # axolotl's examples/granite4 README: 40.8 GiB.
        (
            "granite-4-0-h-tiny-7b-a1b",
            {
                "method": "full",
                "recipe": "pure_bf16",
                "optimizer": "adamw_8bit",
                "micro_batch": 2,
                "loss": "chunked",
            },
            43.8,
        ),
        # unsloth.ai/docs, Qwen3.5 fine-tuning guide.
        ("qwen3-5-2b", {"method": "lora", "loss": "chunked"}, 5),
        ("qwen3-5-9b", {"method": "lora", "loss": "chunked"}, 22),
        ("qwen3-5-35b-a3b", {"method": "lora", "loss": "chunked"}, 74),
    ],
)
def test_reported_runs_are_met_within_fifteen_percent(slug, settings, reported_gb):
    run = TrainingSettings(
        kernels="fused",
        **{
            "optimizer": "adamw_8bit",
            "lora_targets": (
                "q_proj",
                "k_proj",
                "v_proj",
                "o_proj",
                "gate_proj",
                "up_proj",
                "down_proj",
            ),
            **settings,
        },
    )

    likely = estimate(architecture(slug), run).device_bytes.likely
    assert likely / 1e9 == pytest.approx(reported_gb, rel=0.15)


def test_traced_steps_of_layers_of_several_kinds_are_met():
    names = {architecture(slug).name for slug in {*HYBRIDS, *INDEXED}}
    by_name: dict[str, list[float]] = {}
    for item in comparisons():
        if item.step.architecture.name in names:
            by_name.setdefault(item.step.architecture.name, []).append(abs(item.error_fraction))
    errors = sorted(error for each in by_name.values() for error in each)

    assert len(by_name) >= 15
    assert all(len(each) >= 6 for each in by_name.values())
    assert median(errors) <= 0.005
    assert errors[len(errors) * 9 // 10] <= 0.02
    assert errors[-1] <= 0.05
