"""What sharding does and does not spread over GPUs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import SettingsError, TrainingSettings, estimate
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import OFFLOADS_OF, Sharding

from ..architectures import architecture

SHARDED = ("zero1", "zero2", "zero3", "fsdp")
models = st.sampled_from(["llama-3-1-8b", "qwen3-0-6b", "gemma-2-9b", "gpt-oss-20b"])
trainings = st.builds(
    TrainingSettings,
    method=st.sampled_from(["full", "lora", "qlora"]),
    micro_batch=st.integers(1, 8),
    sequence_length=st.sampled_from([512, 2048, 8192]),
    gradient_checkpointing=st.booleans(),
    recipe=st.sampled_from(["pure_bf16", "bf16_autocast", "bf16_fp32_master", "fp32"]),
    optimizer=st.sampled_from(["adamw", "adamw_foreach", "adamw_8bit", "adafactor", "sgd"]),
    gradient_accumulation=st.sampled_from([1, 4]),
    loss=st.sampled_from(["standard", "chunked"]),
)
shardings = st.sampled_from(
    [
        (strategy, offload)
        for strategy, offloads in OFFLOADS_OF.items()
        if strategy != "none"
        for offload in offloads
    ]
)


def components(result) -> dict[str, int]:
    return {item.component: item.bytes for item in result.per_gpu.breakdown}


@given(model=models, settings=trainings, how=shardings, gpus=st.integers(1, 64))
def test_a_gpus_parts_sum_to_its_peak(model, settings, how, gpus):
    strategy, offload = how

    result = estimate_sharded(architecture(model), settings, Sharding(strategy, gpus, offload))

    parts = components(result)
    assert sum(parts.values()) == result.peak_allocated_bytes
    assert min(parts.values()) > 0
    assert result.peak_allocated_bytes == max(result.per_gpu.phases.values())
    device = result.device_bytes
    assert result.peak_allocated_bytes <= device.low <= device.likely <= device.high


@given(model=models, settings=trainings, how=shardings, gpus=st.integers(2, 63))
def test_one_gpu_more_never_takes_more_of_each(model, settings, how, gpus):
    strategy, offload = how

    fewer = estimate_sharded(architecture(model), settings, Sharding(strategy, gpus, offload))
    more = estimate_sharded(architecture(model), settings, Sharding(strategy, gpus + 1, offload))

    assert more.peak_allocated_bytes <= fewer.peak_allocated_bytes


@given(model=models, settings=trainings, gpus=st.integers(2, 64))
def test_each_zero_stage_keeps_no_more_states_than_the_one_before(model, settings, gpus):
    def states(strategy):
        parts = components(
            estimate_sharded(architecture(model), settings, Sharding(strategy, gpus))
        )
        return parts.get("weights", 0) + parts.get("optimizer_states", 0)

    first, second, third = (states(strategy) for strategy in ("zero1", "zero2", "zero3"))

    assert third <= second == first


@given(model=models, settings=trainings, gpus=st.integers(1, 64))
def test_offload_never_takes_more_of_the_gpu_and_says_what_the_host_holds(model, settings, gpus):
    kept = estimate_sharded(architecture(model), settings, Sharding("zero3", gpus))
    moved = estimate_sharded(architecture(model), settings, Sharding("zero3", gpus, "optimizer"))
    all_moved = estimate_sharded(
        architecture(model), settings, Sharding("zero3", gpus, "parameters")
    )

    assert moved.peak_allocated_bytes <= kept.peak_allocated_bytes
    assert all_moved.peak_allocated_bytes <= moved.peak_allocated_bytes
    assert kept.host_bytes == 0
    assert all_moved.host_bytes > moved.host_bytes


def test_one_gpu_is_the_estimate_of_one_gpu():
    settings = TrainingSettings(method="lora")

    alone = estimate_sharded(architecture("llama-3-1-8b"), settings, Sharding())

    assert alone.per_gpu == estimate(architecture("llama-3-1-8b"), settings)


def test_ddp_holds_everything_and_a_copy_of_all_gradients():
    model, settings = architecture("llama-3-1-8b"), TrainingSettings(method="full")

    alone = estimate(model, settings)
    each = estimate_sharded(model, settings, Sharding("ddp", 8))

    buckets = components(each)["communication_buffers"]
    assert buckets == 4 * alone.parameters_total_count
    assert each.peak_allocated_bytes == alone.peak_allocated_bytes + buckets


def test_two_gpus_are_not_one_of_twice_the_size():
    """Activations and logits are whole on each GPU, so half of the states is not half of all."""
    model = architecture("llama-3-1-8b")
    settings = TrainingSettings(method="lora", micro_batch=4, sequence_length=4096)

    alone = estimate(model, settings).peak_allocated_bytes
    each = estimate_sharded(model, settings, Sharding("fsdp", 2)).peak_allocated_bytes

    assert alone / 2 < 0.7 * each


def test_the_states_of_full_fine_tuning_under_zero_are_those_of_the_paper():
    """ZeRO, arXiv 1910.02054, section 3: 2 + 2 + 12 bytes a parameter, K = 12 of them sharded."""
    model, settings = architecture("llama-2-7b"), TrainingSettings(method="full")
    count = 6_738_415_616

    first = components(estimate_sharded(model, settings, Sharding("zero1", 8)))
    third = components(estimate_sharded(model, settings, Sharding("zero3", 8)))

    assert first["weights"] == 2 * count
    assert first["gradients"] == 2 * count
    assert first["optimizer_states"] == 12 * count // 8
    assert third["weights"] == 2 * count // 8
    assert third["optimizer_states"] == 12 * count // 8
    assert third["gradients"] == 2 * count // 8


@pytest.mark.parametrize("strategy", ["zero3", "fsdp"])
def test_8_bit_weights_cannot_be_sharded(strategy):
    settings = TrainingSettings(method="qlora", quantization="int8")

    with pytest.raises(SettingsError, match="8-bit weights cannot be sharded"):
        estimate_sharded(architecture("llama-2-7b"), settings, Sharding(strategy, 2))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"strategy": "none", "gpu_count": 2}, "strategy"),
        ({"strategy": "pipeline", "gpu_count": 2}, "strategy"),
        ({"strategy": "fsdp", "gpu_count": 0}, "gpu_count"),
        ({"strategy": "fsdp", "gpu_count": True}, "gpu_count"),
        ({"strategy": "ddp", "gpu_count": 2, "offload": "optimizer"}, "offload"),
        ({"strategy": "fsdp", "gpu_count": 2, "offload": "optimizer"}, "offload"),
        ({"strategy": "zero2", "gpu_count": 2, "offload": "parameters"}, "offload"),
        ({"strategy": "zero2", "gpu_count": 2, "offload": "disk"}, "offload"),
    ],
)
def test_what_a_strategy_cannot_do_is_an_error_of_its_field(values, field):
    with pytest.raises(SettingsError) as raised:
        Sharding(**values)

    assert raised.value.errors[0].field == field
