"""Operations per token against published throughput and utilisation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.architectures.families import FAMILIES
from calculator.estimation.cluster.flops import flops_per_token
from calculator.estimation.cluster.run_time import Range, Speed, estimate_run_time
from calculator.estimation.cluster.sharding import Sharding

from ..architectures import all_architectures, architecture

H100_FLOPS, A100_FLOPS = 989e12, 312e12
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


def mpt(hidden_size: int, layer_count: int, head_count: int) -> Architecture:
    """A model of the MPT family: GPT-2's blocks, tied embeddings of 50,368 tokens."""
    return Architecture(
        name="MPT",
        model_type="gpt2",
        hidden_size=hidden_size,
        layer_count=layer_count,
        head_count=head_count,
        kv_head_count=head_count,
        head_dim=hidden_size // head_count,
        intermediate_size=4 * hidden_size,
        vocab_size=50_368,
        tied_embeddings=True,
        position_count=2_048,
        traits=FAMILIES["gpt2"],
    )


# mosaicml/llm-foundry, scripts/train/benchmarking/README.md: model, length, checkpointing, tokens
# per second and GPU, hardware FLOPs utilisation.
PUBLISHED_UTILISATION = [
    (mpt(4_096, 32, 32), 2_048, False, 10_643, H100_FLOPS, 0.4644),
    (mpt(4_096, 32, 32), 4_096, True, 8_611, H100_FLOPS, 0.5390),
    (mpt(2_048, 24, 16), 2_048, False, 45_455, H100_FLOPS, 0.4182),
    (mpt(4_096, 32, 32), 2_048, False, 4_641, A100_FLOPS, 0.6423),
    (mpt(4_096, 32, 32), 8_192, True, 3_206, A100_FLOPS, 0.7262),
]


@pytest.mark.parametrize(
    ("model", "length", "checkpointing", "tokens_per_second", "flops", "published"),
    PUBLISHED_UTILISATION,
)
def test_published_throughput_gives_the_published_utilisation(
    model, length, checkpointing, tokens_per_second, flops, published
):
    settings = TrainingSettings(
        method="full", sequence_length=length, gradient_checkpointing=checkpointing
    )

    utilisation = flops_per_token(model, settings).total * tokens_per_second / flops

    assert utilisation == pytest.approx(published, rel=0.03)


# foundation-model-stack/fms-acceleration, scripts/benchmarks/refs/a100_80gb_liger.csv: tokens per
# second and GPU at 4,096 tokens, one A100 80 GB.
PUBLISHED_SPEEDS = [
    ("mistral-7b-v0-1", "full", 16, 3_567.023),
    ("mistral-7b-v0-1", "lora", 16, 3_951.231),
    ("mistral-7b-v0-1", "qlora", 16, 4_212.355),
    ("llama-3-8b", "full", 8, 3_408.658),
    ("llama-3-8b", "lora", 16, 3_891.665),
    ("llama-3-8b", "qlora", 16, 4_140.204),
]


@pytest.mark.parametrize(("slug", "method", "batch", "measured"), PUBLISHED_SPEEDS)
def test_published_tokens_per_second_on_an_a100_are_within_the_range(
    slug, method, batch, measured
):
    settings = TrainingSettings(
        method=method, micro_batch=batch, sequence_length=4_096, lora_targets=ATTENTION
    )
    a100 = Speed(A100_FLOPS, Range(0.45, 0.62, 0.77), has_nvlink=True)

    speed = estimate_run_time(
        architecture(slug), settings, Sharding(), a100, dataset_tokens=1
    ).tokens_per_second

    assert speed.low <= measured <= speed.high
    assert speed.likely == pytest.approx(measured, rel=0.3)


def test_a_dense_model_takes_six_operations_a_weight_and_token():
    """Kaplan et al., arXiv 2001.08361: C = 6N, attention aside."""
    model = architecture("llama-2-7b")
    settings = TrainingSettings(method="full", sequence_length=1, gradient_checkpointing=False)
    matrices = 6_738_415_616 - 32_000 * 4_096 - 65 * 4_096  # no embedding, no norms

    assert flops_per_token(model, settings).total == pytest.approx(6 * matrices, rel=1e-3)


def test_a_frozen_base_saves_the_third_that_weight_gradients_take():
    model = architecture("llama-2-7b")

    def total(method):
        settings = TrainingSettings(
            method=method, sequence_length=1, gradient_checkpointing=False, lora_rank=1
        )
        return flops_per_token(model, settings).total

    assert total("lora") == pytest.approx(2 / 3 * total("full"), rel=2e-3)


def test_checkpointing_runs_the_layers_forward_once_more():
    model, settings = architecture("llama-2-7b"), TrainingSettings(method="full")

    flops = flops_per_token(model, settings)

    assert flops.recomputation == flops.forward - 2 * 32_000 * 4_096


def test_a_mixture_of_experts_computes_with_its_active_experts():
    """Mixtral 8x7B: 12.9 of 46.7 billion parameters are active (arXiv 2401.04088)."""
    settings = TrainingSettings(method="full", sequence_length=1, gradient_checkpointing=False)

    total = flops_per_token(architecture("mixtral-8x7b"), settings).total

    assert total / 6 == pytest.approx(12.9e9, rel=0.02)


@given(
    slug=st.sampled_from(sorted(all_architectures())),
    length=st.integers(1, 100_000),
    gpus=st.integers(1, 64),
)
def test_times_are_ranges_and_twice_the_data_takes_twice_as_long(slug, length, gpus):
    settings = TrainingSettings(method="lora", sequence_length=length)
    sharding = Sharding("ddp", gpus)
    speed = Speed(1e14, Range(0.2, 0.4, 0.6))

    one = estimate_run_time(
        architecture(slug), settings, sharding, speed, dataset_tokens=1_000_000
    )
    two = estimate_run_time(
        architecture(slug), settings, sharding, speed, dataset_tokens=2_000_000
    )

    seconds = one.run_seconds
    assert 0 < seconds.low <= seconds.likely <= seconds.high
    assert two.run_seconds.likely == pytest.approx(2 * seconds.likely)
    assert one.cost_usd(2.0).likely == pytest.approx(2.0 * one.gpu_hours.likely)


def test_more_gpus_take_less_time_but_more_gpu_hours():
    settings = TrainingSettings(method="lora")
    speed = Speed(1e14, Range(0.2, 0.4, 0.6))

    def run(gpus):
        return estimate_run_time(
            architecture("llama-2-7b"),
            settings,
            Sharding("ddp", gpus),
            speed,
            dataset_tokens=10_000_000,
        )

    assert run(8).run_seconds.likely < run(1).run_seconds.likely / 4
    assert run(8).gpu_hours.likely > run(1).gpu_hours.likely


def test_what_is_not_in_order_is_no_range():
    with pytest.raises(ValueError, match="Not a range"):
        Range(0.5, 0.4, 0.6)
