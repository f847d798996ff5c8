"""Host memory: what was killed for lack of it, and laws."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import TrainingSettings
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.host import host_memory
from calculator.estimation.cluster.pinned import pinned_bytes
from calculator.estimation.cluster.sharding import OFFLOADS_OF, Sharding
from calculator.estimation.units import GB, GIB

from ..architectures import architecture

OFFLOADS = [(strategy, offload) for strategy, all_of in OFFLOADS_OF.items() for offload in all_of]


def parts_of(slug: str, settings: TrainingSettings, sharding: Sharding) -> dict[str, int]:
    return {
        part.name: part.bytes for part in host_memory(architecture(slug), settings, sharding).parts
    }


def test_a_32b_model_offloaded_by_zero_3_does_not_fit_into_744_gb_of_host_memory():
    """LLaMA-Factory issue 6755: one process, killed for host memory with 744 GB of it."""
    settings = TrainingSettings(method="full", sequence_length=1_024)

    host = host_memory(architecture("qwen2-5-32b"), settings, Sharding("zero3", 1, "parameters"))

    assert host.low < 744 * GB < host.likely < host.high
    count = count_parameters(architecture("qwen2-5-32b")).total_count
    parts = {part.name: part.bytes for part in host.parts}
    # 16-bit weights; fp32 weights and two moments; gradients in 16 bits and in fp32.
    assert parts["weights"] == 2 * count
    assert parts["optimizer_states"] == 12 * count
    assert parts["gradients"] == 6 * count


def test_a_30b_model_takes_what_was_reported_of_8_gpus_with_zero_3_and_offload():
    """DeepSpeed issue 3448: 750 to 800 GB, where 600 were never enough."""
    llama_30b = replace(
        architecture("llama-2-7b"),
        hidden_size=6_656,
        layer_count=60,
        head_count=52,
        kv_head_count=52,
        intermediate_size=17_920,
    )
    settings = TrainingSettings(method="full", sequence_length=2_048)

    host = host_memory(llama_30b, settings, Sharding("zero3", 8, "parameters"))

    assert host.low > 600 * GB
    assert 750 * GB < host.likely < 800 * GB


@pytest.mark.parametrize(
    ("size", "block"), [(0, 0), (1, 1), (4_096, 4_096), (4_097, 8_192), (61 * GIB, 64 * GIB)]
)
def test_a_pinned_block_is_the_next_power_of_two(size, block):
    assert pinned_bytes(size) == block


def test_zero_3_keeps_the_blocks_of_each_weight_and_zero_2_has_none():
    settings = TrainingSettings(method="full")

    third = parts_of("qwen2-5-32b", settings, Sharding("zero3", 8, "parameters"))
    second = parts_of("qwen2-5-32b", settings, Sharding("zero2", 8, "optimizer"))

    # A 5,120 × 27,648 weight's eighth, 35.4 MB, lies in a block of 67.1 MB: nearly twice.
    assert 1.5 * third["weights"] < third["pinned_cache"] < 2 * third["weights"]
    assert "pinned_cache" not in second


def test_fsdp_1_pins_gradients_for_frozen_weights_too():
    settings = TrainingSettings(method="lora", recipe="pure_bf16", gradient_accumulation=4)

    first = host_memory(architecture("llama-2-70b"), settings, Sharding("fsdp1", 8, "parameters"))
    second = host_memory(architecture("llama-2-70b"), settings, Sharding("fsdp", 8, "parameters"))

    weights = 2 * 68_976_648_192
    assert first.likely - second.likely > 0
    assert {part.name: part.bytes for part in first.parts}["gradients"] >= weights


def test_without_offload_the_host_holds_the_model_once_for_each_process_while_it_loads():
    settings = TrainingSettings(method="lora")
    weights = 2 * 8_030_261_248

    each = parts_of("llama-3-1-8b", settings, Sharding("ddp", 8))
    nodes = parts_of("llama-3-1-8b", settings, Sharding("ddp", 32))
    sharded = parts_of("llama-3-1-8b", settings, Sharding("fsdp", 8))

    assert each["loaded_model"] == 8 * weights
    assert nodes == each
    assert sharded["loaded_model"] == weights


@given(
    slug=st.sampled_from(["llama-3-1-8b", "qwen3-0-6b", "gpt-oss-20b", "gemma-3-12b"]),
    method=st.sampled_from(["full", "lora", "qlora"]),
    recipe=st.sampled_from(["pure_bf16", "bf16_autocast", "bf16_fp32_master", "fp32"]),
    how=st.sampled_from(OFFLOADS),
    nodes=st.integers(1, 4),
    accumulation=st.sampled_from([1, 4]),
)
def test_a_nodes_parts_sum_to_the_likely_figure_and_hold_what_is_offloaded(
    slug, method, recipe, how, nodes, accumulation
):
    settings = TrainingSettings(method=method, recipe=recipe, gradient_accumulation=accumulation)
    strategy, offload = how
    gpus = 1 if strategy == "none" else 8 * nodes

    host = host_memory(architecture(slug), settings, Sharding(strategy, gpus, offload))

    assert sum(part.bytes for part in host.parts) == host.likely
    assert min(part.bytes for part in host.parts) > 0
    assert all(part.label for part in host.parts)
    assert host.low <= host.likely <= host.high
    assert host.process_count * host.offloaded_bytes_per_gpu <= host.low
    assert (host.offloaded_bytes_per_gpu > 0) == (offload != "none")
