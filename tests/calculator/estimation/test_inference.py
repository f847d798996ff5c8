"""What running a model takes: held to published figures, and the laws that it keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import SettingsError
from calculator.estimation.inference import (
    InferenceSettings,
    estimate_inference,
    inference_settings_from_mapping,
)
from calculator.estimation.inference.weight_formats import WEIGHT_FORMATS
from tests.calculator.estimation.architectures import all_architectures, architecture

BF16 = WEIGHT_FORMATS["bf16"]
SETTINGS = st.builds(
    InferenceSettings,
    context_length=st.integers(1, 300_000),
    sequences=st.integers(1, 300),
    kv_precision=st.sampled_from(["16bit", "8bit"]),
    prefill_tokens=st.sampled_from([0, 64, 8_192]),
)
MODELS = st.sampled_from(
    [
        "llama-3-1-8b",  # grouped queries
        "gemma-3-27b",  # five of six layers with a window
        "gemma-4-e2b",  # layers that share keys
        "gpt-oss-20b",
        "deepseek-v3-671b-a37b",  # latent attention
        "qwen3-next-80b-a3b",  # gated DeltaNet
        "granite-4-0-h-small-32b",  # Mamba-2
        "falcon-h1-7b",
        "lfm2-1-2b",  # short convolutions
    ]
)
FORMATS = st.sampled_from(list(WEIGHT_FORMATS))


def run(slug, weights="bf16", **settings):
    return estimate_inference(
        architecture(slug), WEIGHT_FORMATS[weights], InferenceSettings(**settings)
    )


@pytest.mark.parametrize(
    ("slug", "full", "window", "state"),
    [
        ("llama-3-1-8b", 32, 0, 0),
        ("gemma-3-27b", 10, 52, 0),
        ("gemma-4-e2b", 3, 12, 0),  # of 35 layers, 20 take the keys of those before them
        ("gpt-oss-20b", 12, 12, 0),
        ("qwen3-next-80b-a3b", 12, 0, 36),
        ("granite-4-0-h-small-32b", 4, 0, 36),
        ("falcon-h1-7b", 44, 0, 44),  # both in each layer
    ],
)
def test_layers_keep_what_their_kind_keeps(slug, full, window, state):
    shape = run(slug).shape

    assert shape.full_layer_count == full
    assert shape.window_layer_count == window
    assert shape.state_layer_count == state


def test_grouped_queries_keep_two_vectors_per_head_and_layer():
    assert run("llama-3-1-8b").shape.full_bytes == 32 * 2 * 8 * 128 * 2


def test_latent_attention_is_compressed_but_in_transformers():
    assert run("deepseek-v3-671b-a37b").shape.full_bytes == 61 * (512 + 64) * 2
    uncompressed = run("deepseek-v3-671b-a37b", "bf16-transformers").shape.full_bytes
    assert uncompressed == 61 * 128 * (192 + 128) * 2


def test_the_cache_of_a_window_does_not_grow_beyond_it():
    short, long = (run("gemma-3-27b", context_length=n).cache for n in (16_384, 131_072))

    assert short.window_bytes == long.window_bytes
    assert long.full_bytes == 8 * short.full_bytes


def test_a_recurrent_state_does_not_grow_with_the_context():
    short, long = (run("qwen3-next-80b-a3b", context_length=n).cache for n in (1_000, 100_000))

    assert short.state_bytes == long.state_bytes > 0


@given(MODELS, FORMATS, SETTINGS)
def test_parts_sum_and_the_range_holds_the_likely_figure(slug, weights, settings):
    found = estimate_inference(architecture(slug), WEIGHT_FORMATS[weights], settings)

    device = found.device_bytes
    parts = found.weights.device_bytes + found.cache.total_bytes + found.workspace_bytes
    assert device.likely == parts + found.overhead_bytes
    assert device.low < device.likely < device.high


@given(MODELS, FORMATS, SETTINGS, st.integers(1, 50_000))
def test_more_context_or_sequences_never_take_less(slug, weights, settings, more):
    def likely(changed):
        found = estimate_inference(architecture(slug), WEIGHT_FORMATS[weights], changed)
        return found.device_bytes.likely

    longer = replace(settings, context_length=settings.context_length + more)
    wider = replace(settings, sequences=settings.sequences + min(more, 60_000))

    assert likely(longer) >= likely(settings)
    assert likely(wider) > likely(settings)


@given(MODELS, SETTINGS)
def test_more_gpus_never_hold_more_each(slug, settings):
    found = estimate_inference(architecture(slug), BF16, settings)

    counts = [found.per_gpu(count).low for count in (1, 2, 4, 8, 16)]

    assert counts == sorted(counts, reverse=True)


def test_layers_on_two_gpus_share_a_latent_cache_and_split_layers_do_not():
    whole, by_layer = (
        run("deepseek-v3-671b-a37b", weights, context_length=131_072)
        for weights in ("fp8", "q8_0")
    )

    def cache_of_each(found, count):
        rest = -(-found.weights.device_bytes // count) + found.workspace_bytes
        return found.per_gpu(count).low - rest - found.runtime.overhead_bytes[0]

    assert cache_of_each(whole, 8) == whole.cache.total_bytes
    assert cache_of_each(by_layer, 8) == pytest.approx(by_layer.cache.total_bytes / 8, abs=8)


@given(MODELS, SETTINGS)
def test_a_narrower_cache_is_smaller(slug, settings):
    wide, narrow = (
        estimate_inference(architecture(slug), BF16, replace(settings, kv_precision=each))
        for each in ("16bit", "8bit")
    )

    assert narrow.cache.total_bytes <= wide.cache.total_bytes
    assert narrow.cache.state_bytes == wide.cache.state_bytes


def test_each_level_of_gguf_is_smaller_than_the_one_above():
    levels = [each for each in WEIGHT_FORMATS.values() if each.runtime == "llama.cpp"]

    sizes = [run("qwen3-8b", each.slug).weights.total_bytes for each in levels]

    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("level", "gib"),
    [
        ("q8_0", 7.95),
        ("q6_k", 6.14),
        ("q5_k_m", 5.33),
        ("q4_k_m", 4.58),
        ("q4_k_s", 4.36),
        ("q3_k_l", 4.02),
        ("q3_k_m", 3.74),
        ("q3_k_s", 3.41),
        ("q2_k", 2.95),
    ],
)
def test_gguf_levels_are_llama_cpps_table_for_llama_3_1_8b(level, gib):
    assert run("llama-3-1-8b", level).weights.total_bytes / 2**30 == pytest.approx(gib, abs=0.01)


def test_llama_cpp_keeps_an_embedding_of_its_own_on_the_host():
    untied, tied = run("llama-3-1-8b", "q4_k_m"), run("llama-3-2-1b", "q4_k_m")

    assert untied.weights.host_bytes == pytest.approx(525_336_576 * 4.5 / 8, abs=1)
    assert tied.weights.host_bytes == 0


def test_every_model_is_estimated_in_every_format():
    for model in all_architectures().values():
        for weights in WEIGHT_FORMATS.values():
            found = estimate_inference(model, weights, InferenceSettings())
            assert found.weights.device_bytes > 0


def test_tokens_that_a_card_has_room_for_fill_it():
    found = run("llama-3-1-8b", prefill_tokens=64)

    tokens = found.tokens_on(24 * 10**9)

    assert tokens is not None
    filled = run("llama-3-1-8b", prefill_tokens=64, context_length=tokens)
    assert filled.device_bytes.likely == pytest.approx(24 * 10**9, abs=200_000)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"context_length": 0}, "context_length"),
        ({"context_length": "many"}, "context_length"),
        ({"sequences": 10**9}, "sequences"),
        ({"kv_precision": "2bit"}, "kv_precision"),
        ({"runtime": "ollama"}, "runtime"),
        ({"runtime": "vllm", "kv_precision": "4bit"}, "kv_precision"),
    ],
)
def test_settings_out_of_bounds_are_refused_by_name(values, field):
    with pytest.raises(SettingsError) as raised:
        inference_settings_from_mapping(values)

    assert [error.field for error in raised.value.errors] == [field]
