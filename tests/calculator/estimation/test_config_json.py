"""Configurations as their models' pages state them, read into the catalog's architectures."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import ConfigError, TrainingSettings, estimate
from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.config_json import (
    architecture_from_config,
    config_notes,
)
from calculator.estimation.architectures.config_json.reading import FLAGS, KEYS
from calculator.estimation.architectures.families import FAMILIES
from calculator.estimation.architectures.parameters import count_parameters

from .architectures import architecture

# Configurations, each with the exact number of parameters of the model that transformers 5.23
# builds from it: every family as its class has it, and small ones with flags turned at random.
# Written by validation/config_counts.py.
COUNTED = json.loads(
    (Path(__file__).parent / "data" / "config_counts.json").read_text(encoding="utf-8")
)

# Without the keys that change no size.
LLAMA_3_1_8B = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
QWEN_2_5_7B = {
    "model_type": "qwen2",
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_attention_heads": 28,
    "num_hidden_layers": 28,
    "num_key_value_heads": 4,
    "sliding_window": 131072,
    "use_sliding_window": False,
    "tie_word_embeddings": False,
    "vocab_size": 152064,
}
MIXTRAL_8X7B = {
    "model_type": "mixtral",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "num_experts_per_tok": 2,
    "num_local_experts": 8,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "vocab_size": 32000,
}
DEEPSEEK_V3 = {
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "moe_intermediate_size": 2048,
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "n_shared_experts": 1,
    "n_routed_experts": 256,
    "num_experts_per_tok": 8,
    "first_k_dense_replace": 3,
    "moe_layer_freq": 1,
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "v_head_dim": 128,
    "tie_word_embeddings": False,
    "vocab_size": 129280,
}
GPT_OSS_20B = {
    "model_type": "gpt_oss",
    "hidden_size": 2880,
    "intermediate_size": 2880,
    "head_dim": 64,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "num_hidden_layers": 24,
    "num_local_experts": 32,
    "num_experts_per_tok": 4,
    "sliding_window": 128,
    "tie_word_embeddings": False,
    "vocab_size": 201088,
}
GEMMA_2_9B = {
    "model_type": "gemma2",
    "hidden_size": 3584,
    "intermediate_size": 14336,
    "head_dim": 256,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "num_hidden_layers": 42,
    "sliding_window": 4096,
    "vocab_size": 256000,
}
PHI_4 = {
    "model_type": "phi3",
    "hidden_size": 5120,
    "intermediate_size": 17920,
    "num_attention_heads": 40,
    "num_key_value_heads": 10,
    "num_hidden_layers": 40,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "vocab_size": 100352,
}
FALCON_7B = {
    "model_type": "falcon",
    "hidden_size": 4544,
    "num_attention_heads": 71,
    "num_hidden_layers": 32,
    "multi_query": True,
    "new_decoder_architecture": False,
    "vocab_size": 65024,
}
QWEN3_NEXT_80B = {
    "model_type": "qwen3_next",
    "hidden_size": 2048,
    "intermediate_size": 5120,
    "moe_intermediate_size": 512,
    "shared_expert_intermediate_size": 512,
    "num_experts": 512,
    "num_experts_per_tok": 10,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "head_dim": 256,
    "num_hidden_layers": 48,
    "full_attention_interval": 4,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "linear_conv_kernel_dim": 4,
    "tie_word_embeddings": False,
    "vocab_size": 151936,
}
PUBLISHED = {
    "llama-3-1-8b": LLAMA_3_1_8B,
    "qwen2-5-7b": QWEN_2_5_7B,
    "mixtral-8x7b": MIXTRAL_8X7B,
    "deepseek-v3-671b-a37b": DEEPSEEK_V3,
    "gpt-oss-20b": GPT_OSS_20B,
    "gemma-2-9b": GEMMA_2_9B,
    "phi-4-14b": PHI_4,
    "falcon-7b": FALCON_7B,
    "qwen3-next-80b-a3b": QWEN3_NEXT_80B,
}


def without_names(model: Architecture) -> Architecture:
    """The sizes that matter: without a dense layer, the width of dense ones does not."""
    dense = any(mlp == "dense" for _, mlp in model.layer_kinds())
    return replace(model, name="", intermediate_size=model.intermediate_size if dense else 0)


@pytest.mark.parametrize("slug", PUBLISHED)
def test_a_published_configuration_gives_the_catalogs_architecture(slug):
    read = architecture_from_config(PUBLISHED[slug])

    assert without_names(read) == without_names(architecture(slug))


# Exactness ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", sorted({each["config"]["model_type"] for each in COUNTED}))
def test_the_parameters_are_exactly_those_that_transformers_builds(family):
    cases = [each for each in COUNTED if each["config"]["model_type"] == family]

    counts = [count_parameters(architecture_from_config(each["config"])) for each in cases]

    assert [count.total_count for count in counts] == [each["parameters"] for each in cases]


def test_every_family_is_counted_or_is_one_that_transformers_lacks():
    counted = {architecture_from_config(case["config"]).model_type for case in COUNTED}
    within_others = {"llama4", "gemma3", "qwen3_5", "qwen3_5_moe"}  # their text models are

    rows_alone = {"gemma4_e"}  # in the catalog; its configurations are gemma4's

    assert set(FAMILIES) - counted - within_others - rows_alone == {"mimo", "chatglm"}


@pytest.mark.parametrize("family", ["llama4", "gemma3", "qwen3_5", "qwen3_5_moe"])
def test_the_text_model_of_one_that_sees_too_is_the_inner_configuration(family):
    text = next(
        case
        for case in COUNTED
        if case["config"]["model_type"] == f"{family}_text" and case["config"]["hidden_size"] < 999
    )
    outer = {"model_type": family, "text_config": text["config"]}

    assert count_parameters(architecture_from_config(outer)).text_count == text["parameters"]


# Names and absent keys ---------------------------------------------------------------------------


def test_gpt2_states_its_sizes_under_other_names():
    gpt2 = architecture_from_config(
        {
            "model_type": "gpt2",
            "n_embd": 768,
            "n_head": 12,
            "n_layer": 12,
            "n_positions": 1024,
            "vocab_size": 50257,
        }
    )

    assert (gpt2.hidden_size, gpt2.head_count, gpt2.layer_count) == (768, 12, 12)
    assert (gpt2.intermediate_size, gpt2.position_count) == (3072, 1024)
    assert gpt2.tied_embeddings


def test_gemma_3_leaves_most_of_its_sizes_to_transformers():
    """https://huggingface.co/google/gemma-3-4b-it, config.json: these are all that it states."""
    gemma = architecture_from_config(
        {
            "model_type": "gemma3",
            "text_config": {
                "model_type": "gemma3_text",
                "hidden_size": 2560,
                "intermediate_size": 10240,
                "num_hidden_layers": 34,
                "sliding_window": 1024,
            },
        }
    )

    assert (gemma.head_count, gemma.kv_head_count, gemma.head_dim) == (8, 4, 256)
    assert gemma.tied_embeddings
    assert count_parameters(gemma).text_count == pytest.approx(3.88e9, rel=0.001)


def test_null_and_absent_are_not_the_same():
    mistral = {**LLAMA_3_1_8B, "model_type": "mistral"}

    assert architecture_from_config(mistral).sliding_window == 4096
    assert architecture_from_config({**mistral, "sliding_window": None}).sliding_window == 0


def test_a_window_that_is_turned_off_is_none():
    assert architecture_from_config(QWEN_2_5_7B).sliding_window == 0


def test_qwen_slides_from_a_layer_on_where_it_is_told_to():
    slides = {"use_sliding_window": True, "sliding_window": 4096, "max_window_layers": 21}

    kinds = architecture_from_config({**QWEN_2_5_7B, **slides}).layer_kinds()

    assert [attention for attention, _ in kinds] == 21 * ["full"] + 7 * ["sliding"]


def test_layers_are_of_the_types_that_are_stated():
    types = 3 * ["full_attention"] + 29 * ["sliding_attention"]

    read = architecture_from_config({**LLAMA_3_1_8B, "layer_types": types, "sliding_window": 1024})

    assert [attention for attention, _ in read.layer_kinds()] == 3 * ["full"] + 29 * ["sliding"]


def test_the_outer_configuration_owns_the_head():
    outer = {
        "model_type": "gemma3",
        "tie_word_embeddings": False,
        "text_config": {**GEMMA_2_9B, "model_type": "gemma3_text", "tie_word_embeddings": True},
    }

    assert not architecture_from_config(outer).tied_embeddings


def test_a_name_is_taken_from_the_configuration_where_none_is_given():
    assert architecture_from_config({**LLAMA_3_1_8B, "_name_or_path": "my/model"}).name == (
        "my/model"
    )
    assert architecture_from_config(LLAMA_3_1_8B, "Mine").name == "Mine"


# What is not followed ----------------------------------------------------------------------------


def test_a_configuration_that_is_followed_needs_no_notes():
    assert config_notes(LLAMA_3_1_8B) == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"quantization_config": {"quant_method": "fp8"}}, "quantised weights (fp8)"),
        ({"quantization_config": {"quant_method": ["<b>"]}}, "quantised weights,"),
        (
            {"quantization_config": {"quant_method": "compressed-tensors"}},
            "(compressed-tensors), which are not what is trained: full fine-tuning and LoRA start"
            " from 16- or 32-bit weights here, QLoRA from the quantisation that is set. These unpack",
        ),
        ({"vision_config": {"hidden_size": 1152}}, "vision tower is left out"),
        ({"num_nextn_predict_layers": 1}, "predicts a further token is left out"),
        ({"text_config": {"mtp_num_hidden_layers": 1}}, "predicts a further token is left out"),
    ],
)
def test_what_the_estimate_does_not_follow_is_said(more, words):
    [note] = config_notes({**LLAMA_3_1_8B, **more})

    assert words in note


# What is wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        (
            {"model_type": "bert"},
            "model_type",
            "“bert” is not a family known here. Known: apertus",
        ),
        ({"model_type": "newmodel"}, "model_type", "set “model_type” to “llama”"),
        ({"model_type": None}, "model_type", "is missing"),
        ({"model_type": ["llama"]}, "model_type", "must be a word"),
        ({"model_type": "kimi_k3"}, "model_type", "hybrid attention"),
        ({"hidden_size": None}, "hidden_size", "is missing"),
        ({"num_hidden_layers": "32"}, "num_hidden_layers", "must be a whole number"),
        ({"num_hidden_layers": True}, "num_hidden_layers", "must be a whole number"),
        ({"num_hidden_layers": float("nan")}, "num_hidden_layers", "must be a whole number"),
        ({"vocab_size": 1.5}, "vocab_size", "must be a whole number"),
        ({"vocab_size": 10**5000}, "vocab_size", "too large"),
        ({"intermediate_size": None}, "intermediate_size", "is missing"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings", "must be true or false"),
        ({"attention_bias": 1}, "attention_bias", "must be true or false"),
        ({"hidden_size": 10**9}, "hidden_size", "must be between"),
        ({"num_attention_heads": 0}, "num_attention_heads", "must be between"),
        ({"num_hidden_layers": -1}, "num_hidden_layers", "must be between"),
        ({"num_key_value_heads": 5}, "num_key_value_heads", "must divide"),
        ({"partial_rotary_factor": 2}, "partial_rotary_factor", "between 0 and 1"),
        ({"rope_parameters": {"partial_rotary_factor": "x"}}, "rope_parameters", "a number"),
        ({"layer_types": ["full_attention"]}, "layer_types", "names 1 layers"),
        ({"layer_types": ["mamba"] * 32}, "layer_types", "“mamba”"),
        ({"layer_types": "full_attention"}, "layer_types", "must be a list of words"),
    ],
)
def test_what_is_missing_or_wrong_is_named_by_the_configurations_own_key(change, field, words):
    with pytest.raises(ConfigError) as raised:
        architecture_from_config({**LLAMA_3_1_8B, **change})

    error = raised.value.errors[0]
    assert error.field == field
    assert words in error.message


def test_every_missing_size_is_named_at_once():
    with pytest.raises(ConfigError) as raised:
        architecture_from_config({"model_type": "mixtral"})

    assert {error.field for error in raised.value.errors} == {
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "vocab_size",
        "num_local_experts",
        "num_experts_per_tok",
    }


# The parameters of google/gemma-4-E2B-it's files, less the keys and values that its layers 16 to
# 35 have there and never use, 35 scalars, and its vision and audio towers.
GEMMA_4_E2B = {
    "model_type": "gemma4",
    "tie_word_embeddings": True,
    "text_config": {
        "model_type": "gemma4_text",
        "hidden_size": 1536,
        "hidden_size_per_layer_input": 256,
        "intermediate_size": 6144,
        "layer_types": (["sliding_attention"] * 4 + ["full_attention"]) * 7,
        "num_attention_heads": 8,
        "num_hidden_layers": 35,
        "num_key_value_heads": 1,
        "num_kv_shared_layers": 20,
        "sliding_window": 512,
        "use_double_wide_mlp": True,
    },
}


def test_gemma_4_e2b_is_its_files_less_what_is_not_loaded():
    count = count_parameters(architecture_from_config(GEMMA_4_E2B)).total_count

    unused = 16 * (2 * 1536 * 256 + 256) + 4 * (2 * 1536 * 512 + 512)
    assert count == 5_123_178_051 - unused - 35 - 475_728_160


def test_gemma_4_e2bs_last_layers_share_keys_and_have_a_wide_mlp():
    kinds = architecture_from_config(GEMMA_4_E2B).layer_kinds()

    assert kinds[14] == ("full", "dense")
    assert kinds[15] == ("shared_sliding", "wide")
    assert kinds[34] == ("shared_full", "wide")


# Each name beside a configuration of the family under its own, and published counts.
KIMI_K2 = {
    "first_k_dense_replace": 1,
    "hidden_size": 7168,
    "intermediate_size": 18432,
    "kv_lora_rank": 512,
    "model_type": "kimi_k2",
    "moe_intermediate_size": 2048,
    "n_routed_experts": 384,
    "n_shared_experts": 1,
    "num_attention_heads": 64,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 61,
    "num_key_value_heads": 64,
    "num_nextn_predict_layers": 0,
    "q_lora_rank": 1536,
    "qk_nope_head_dim": 128,
    "qk_rope_head_dim": 64,
    "tie_word_embeddings": False,
    "v_head_dim": 128,
    "vocab_size": 163840,
}
GLM_4_9B_CHAT = {
    "add_bias_linear": False,
    "add_qkv_bias": True,
    "ffn_hidden_size": 13696,
    "hidden_size": 4096,
    "kv_channels": 128,
    "model_type": "chatglm",
    "multi_query_attention": True,
    "multi_query_group_num": 2,
    "num_attention_heads": 32,
    "num_layers": 40,
    "padded_vocab_size": 151552,
    "seq_length": 131072,
}


@pytest.mark.parametrize(
    ("config", "slug"),
    [
        (KIMI_K2, "kimi-k2-1t-a32b"),
        ({"model_type": "kimi_k25", "text_config": KIMI_K2}, "kimi-k2-5-1t-a32b"),
        (GLM_4_9B_CHAT, "glm-4-9b"),
        ({**LLAMA_3_1_8B, "model_type": "Yi"}, "llama-3-1-8b"),
    ],
)
def test_a_family_is_known_by_its_other_names_too(config, slug):
    read = count_parameters(architecture_from_config(config))

    assert read.text_count == count_parameters(architecture(slug)).text_count


def test_chatglm3_is_counted_exactly():
    chatglm3 = {**GLM_4_9B_CHAT, "num_layers": 28, "padded_vocab_size": 65024}

    # THUDM/chatglm3-6b, model.safetensors.index.json
    assert count_parameters(architecture_from_config(chatglm3)).total_count == 6_243_584_000


@pytest.mark.parametrize(
    "more",
    [
        {"num_experts": 8},
        {"n_routed_experts": 8},
        {"moe_intermediate_size": 64},
        {"kv_lora_rank": 512},
        {"is_encoder_decoder": True},
        {"encoder_layers": 6},
        {"mamba_n_heads": 8},
        {"linear_num_key_heads": 16},
    ],
)
def test_an_unknown_family_is_not_called_llamas_where_llama_has_no_such_key(more):
    with pytest.raises(ConfigError) as raised:
        architecture_from_config({**LLAMA_3_1_8B, "model_type": "newmodel", **more})

    assert "“llama”" not in raised.value.errors[0].message


def test_what_cannot_be_computed_says_what_can():
    with pytest.raises(ConfigError, match="enough for the rule of thumb"):
        architecture_from_config({"model_type": "kimi_k3"})


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 10**20)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["full_attention", "linear_attention", "llama", "gpt2"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
small = st.integers(0, 64)
all_keys = sorted(
    {
        *(key for keys in KEYS.values() for key in keys),
        *FLAGS,
        "model_type",
        "text_config",
        "layer_types",
        "mlp_layer_types",
        "mlp_only_layers",
        "moe_layers",
        "decoder_sparse_step",
        "interleave_moe_layer_step",
        "moe_layer_interval",
        "moe_layer_start_index",
        "moe_layer_end_index",
        "full_attention_interval",
        "sliding_window_pattern",
        "max_window_layers",
        "num_ln_in_parallel_attn",
        "partial_rotary_factor",
        "rotary_pct",
        "rope_parameters",
        "rope_scaling",
        "_name_or_path",
        "quantization_config",
        "vision_config",
        "num_nextn_predict_layers",
    }
)


@given(
    base=st.sampled_from(COUNTED),
    changes=st.dictionaries(st.sampled_from(all_keys), json_values | small | st.booleans()),
    is_inner=st.booleans(),
)
def test_whatever_a_configuration_holds_it_is_read_or_refused_in_words(base, changes, is_inner):
    config = {**base["config"], **changes}
    if is_inner:
        config = {"model_type": "any", "text_config": config}
    assert all(isinstance(note, str) for note in config_notes(config))
    read = None
    with suppress(ConfigError):  # any other exception fails the test
        read = architecture_from_config(config)

    if read is not None:
        assert estimate(read, TrainingSettings(method="lora")).peak_allocated_bytes > 0
