"""What sharding does and does not spread over GPUs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import SettingsError, TrainingSettings, estimate
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import OFFLOADS_OF, Sharding, sharding_from_mapping
from calculator.estimation.units import GB

from ..architectures import architecture

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


def step_of(strategy: str, gpus: int) -> int:
    """How many GPUs more the strategy can have next."""
    return 8 if strategy == "hybrid" and gpus >= 8 else 1


@given(model=models, settings=trainings, how=shardings, gpus=st.integers(1, 64))
def test_a_gpus_parts_sum_to_its_peak(model, settings, how, gpus):
    strategy, offload = how
    gpus -= gpus % 8 if strategy == "hybrid" and gpus > 8 else 0

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
    gpus -= gpus % 8 if strategy == "hybrid" and gpus > 8 else 0
    next_count = gpus + step_of(strategy, gpus)

    fewer = estimate_sharded(architecture(model), settings, Sharding(strategy, gpus, offload))
    more = estimate_sharded(architecture(model), settings, Sharding(strategy, next_count, offload))

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
    assert first["gradients"] == pytest.approx(2 * count, rel=1e-4)  # the last norm's are to come
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
        ({"strategy": "fsdp1", "gpu_count": 2, "offload": "optimizer"}, "offload"),
        ({"strategy": "hybrid", "gpu_count": 12}, "gpu_count"),
        ({"strategy": ["fsdp"], "gpu_count": 2}, "strategy"),
        ({"strategy": "fsdp", "gpu_count": 4_097}, "gpu_count"),
    ],
)
def test_what_a_strategy_cannot_do_is_an_error_of_its_field(values, field):
    with pytest.raises(SettingsError) as raised:
        Sharding(**values)

    assert raised.value.errors[0].field == field


@pytest.mark.parametrize(
    ("values", "sharding"),
    [
        ({}, Sharding()),
        ({"gpu_count": 4}, Sharding("ddp", 4)),
        ({"gpu_count": 4, "strategy": "zero-2"}, Sharding("zero2", 4)),
        ({"gpu_count": 4, "strategy": "FSDP2"}, Sharding("fsdp", 4)),
        ({"gpu_count": 16, "strategy": "hsdp"}, Sharding("hybrid", 16)),
        (
            {"gpu_count": 2, "strategy": "zero3", "offload": "parameters"},
            Sharding("zero3", 2, "parameters"),
        ),
    ],
)
def test_a_sharding_is_read_from_names_that_people_use(values, sharding):
    assert sharding_from_mapping(values) == sharding


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"gpu_count": "4"}, "gpu_count"),
        ({"gpu_count": 2, "strategy": None}, "strategy"),
        ({"gpus": 2}, "gpus"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_its_field(values, field):
    with pytest.raises(SettingsError) as raised:
        sharding_from_mapping(values)

    assert raised.value.errors[0].field == field


def test_hybrid_sharding_spreads_within_a_node_and_copies_from_node_to_node():
    model, settings = architecture("llama-3-1-8b"), TrainingSettings(method="full")

    one_node = estimate_sharded(model, settings, Sharding("fsdp", 8))
    two_nodes = estimate_sharded(model, settings, Sharding("hybrid", 16))
    spread = estimate_sharded(model, settings, Sharding("fsdp", 16))

    assert two_nodes.peak_allocated_bytes == one_node.peak_allocated_bytes
    assert spread.peak_allocated_bytes < two_nodes.peak_allocated_bytes


def test_fsdp_2_lets_embedding_and_head_go_where_fsdp_1_keeps_them():
    """accelerate 1.15 gives them units of their own, unless they are one tensor."""
    settings = TrainingSettings(method="lora", sequence_length=16_384)

    def backward(slug, strategy):
        result = estimate_sharded(architecture(slug), settings, Sharding(strategy, 8))
        return result.per_gpu.phases["backward"]

    embedding = 128_256 * 4_096 * 2
    assert backward("llama-3-1-8b", "fsdp1") - backward("llama-3-1-8b", "fsdp") > embedding
    tied = backward("llama-3-2-1b", "fsdp")
    assert tied == pytest.approx(backward("llama-3-2-1b", "fsdp1"), rel=1e-3)


def test_adapters_in_their_layers_flat_parameters_bring_gradients_of_the_frozen_weights():
    """litgpt's resource tables: 20.66 GiB with Llama 2 7B on two GPUs, whose weights are 12.55."""
    model = architecture("llama-2-7b")
    settings = TrainingSettings(
        method="lora", recipe="pure_bf16", adapter_precision="bf16", gradient_accumulation=64
    )
    apart = Sharding("fsdp1", 2)
    mixed = Sharding("fsdp1", 2, wraps_adapters=False)
    deferred = Sharding("fsdp1", 2, wraps_adapters=False, reduces_each_batch=False)

    peaks = [
        estimate_sharded(model, settings, each).peak_allocated_bytes
        for each in (apart, mixed, deferred)
    ]

    layers = 2 * (6_738_415_616 - 2 * 32_000 * 4_096)
    assert peaks[1] - peaks[0] > layers / 2
    assert peaks[2] - peaks[1] == pytest.approx(layers / 2, rel=0.02)


def test_deferred_reduction_keeps_gradients_whole_only_while_they_accumulate():
    model = architecture("llama-3-1-8b")

    def peak(accumulation, *, reduces):
        settings = TrainingSettings(method="full", gradient_accumulation=accumulation)
        sharding = Sharding("fsdp", 8, reduces_each_batch=reduces)
        return estimate_sharded(model, settings, sharding).peak_allocated_bytes

    assert peak(1, reduces=False) == peak(1, reduces=True)
    assert peak(2, reduces=False) - peak(2, reduces=True) > 1.5 * 8.03e9


@pytest.mark.parametrize("strategy", ["zero3", "fsdp", "fsdp1"])
def test_block_scales_of_4_bit_weights_stay_whole_on_each_gpu(strategy):
    """An fp32 absmax for each 64 weights: an attribute of the weight, which nothing shards."""
    model = architecture("llama-2-70b")
    settings = TrainingSettings(method="qlora", quantization="nf4")

    offloaded = estimate_sharded(model, settings, Sharding(strategy, 8, "parameters"))

    linear = 80 * (2 * 8_192**2 + 2 * 8_192 * 1_024 + 3 * 8_192 * 28_672)
    assert components(offloaded)["weights"] == linear * 4 // 64


def test_zero_2s_step_holds_the_partitions_gradients_three_times():
    """16 bits, joined in 16 bits, and in fp32: 8 bytes a parameter; the buckets are gone."""
    model, settings = architecture("qwen2-5-3b"), TrainingSettings(method="full")

    result = estimate_sharded(model, settings, Sharding("zero2", 4))

    part = -(-result.per_gpu.parameters_total_count // 4)
    whole = 2 * result.per_gpu.parameters_total_count
    assert result.per_gpu.phases["optimizer_step"] == whole + (12 + 8) * part


@pytest.mark.parametrize(
    ("slug", "gpus", "micro_batch", "length", "rank", "reported_gb"),
    [
        # axolotl pull request 1428: 14 GB each; its examples/llama-2/qlora-fsdp.yml has 4 × 512.
        ("llama-2-70b", 2, 4, 512, 32, 14),
        # philschmid's guide, in bitsandbytes issue 1252: 22 GB each.
        ("llama-3-1-70b", 4, 1, 3_072, 8, 22),
    ],
)
def test_qlora_of_a_70b_model_under_fsdp_with_offload_takes_what_was_reported(
    slug, gpus, micro_batch, length, rank, reported_gb
):
    """FSDP 1 and reentrant checkpoints, as of early 2024."""
    settings = TrainingSettings(
        method="qlora",
        micro_batch=micro_batch,
        sequence_length=length,
        lora_rank=rank,
        prepare_kbit=False,
    )
    sharding = Sharding("fsdp1", gpus, "parameters", keeps_layer_inputs=True)

    device = estimate_sharded(architecture(slug), settings, sharding).device_bytes

    assert device.likely == pytest.approx(reported_gb * GB, rel=0.1)


@pytest.mark.parametrize("strategy", ["fsdp", "zero3"])
def test_4_bit_weights_in_uint8_are_whole_on_each_gpu(strategy):
    model, settings = architecture("llama-2-70b"), TrainingSettings(method="qlora")

    alone = {item.component: item.bytes for item in estimate(model, settings).breakdown}
    whole = components(
        estimate_sharded(model, settings, Sharding(strategy, 8, shards_4bit_weights=False))
    )
    shared = components(estimate_sharded(model, settings, Sharding(strategy, 8)))

    linear = 68_451_041_280
    assert whole["weights"] > linear * 0.5
    assert whole["weights"] < alone["weights"]
    assert whole["weights"] > 5 * shared["weights"]


@pytest.mark.parametrize(
    ("settings", "sharding", "word"),
    [
        (
            TrainingSettings(method="qlora"),
            Sharding("fsdp1", 2, shards_4bit_weights=False),
            "bnb_4bit_quant_storage",
        ),
        (
            TrainingSettings(method="lora"),
            Sharding("fsdp1", 2, wraps_adapters=False),
            "fsdp_auto_wrap_policy",
        ),
    ],
)
def test_fsdp_1_joins_one_type_only(settings, sharding, word):
    """torch/distributed/fsdp/_flat_param.py: “Must flatten tensors with uniform dtype”."""
    with pytest.raises(SettingsError, match=word):
        estimate_sharded(architecture("llama-2-7b"), settings, sharding)
