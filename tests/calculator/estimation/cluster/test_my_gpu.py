"""What a card can fine-tune: each answer fits, and one step more does not."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator.estimation import TrainingSettings
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster import setups
from calculator.estimation.cluster.least import (
    least_device_bytes,
    least_states_bytes,
    least_step_bytes,
    least_token_bytes,
)
from calculator.estimation.cluster.my_gpu import (
    STEP_OF_FIELD,
    Cards,
    fitting_models,
    largest_model,
    largest_value,
)
from calculator.estimation.cluster.setups import best_setup, holds, setups_on, shardings_for
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.estimation.cluster.sharding import impossible_reason
from calculator.estimation.settings import CHOICES, MAXIMUM_OF_FIELD
from calculator.estimation.units import GIB

from ..architectures import all_architectures, architecture

MIB = 2**20
# GeForce RTX 4060, 3060, 4060 Ti, 4090, L40S, A100 40 GB, H100 80 GB, B200: as nvidia-smi shows.
USABLE_MIB = (8_188, 12_288, 16_380, 24_564, 46_068, 40_960, 81_559, 183_359)
METHODS = ("full", "lora", "qlora")
CATALOG = list(all_architectures().items())
slugs = st.sampled_from(sorted(all_architectures()))


def total_count(slug: str | None) -> int:
    return 0 if slug is None else count_parameters(architecture(slug)).total_count


@pytest.mark.parametrize("mib", USABLE_MIB)
@pytest.mark.parametrize("method", METHODS)
def test_the_largest_model_fits_and_no_larger_one_of_the_catalog_does(mib, method):
    training = TrainingSettings(method=method)

    found = largest_model(CATALOG, training, Cards(mib * MIB))

    fitting = [
        slug for slug, model in CATALOG if holds(model, training, mib * MIB)
    ]  # without any shortcut
    assert found in fitting
    assert total_count(found) == max(map(total_count, fitting))
    assert fitting_models(CATALOG, training, Cards(mib * MIB)) == fitting


@settings(max_examples=60)
@given(
    slug=slugs,
    method=st.sampled_from(METHODS),
    field=st.sampled_from(sorted(STEP_OF_FIELD)),
    mib=st.sampled_from(USABLE_MIB),
    gpus=st.sampled_from([1, 1, 2, 8]),
    checkpointing=st.booleans(),
)
def test_the_largest_value_fits_and_one_step_more_does_not(
    slug, method, field, mib, gpus, checkpointing
):
    model, cards = architecture(slug), Cards(mib * MIB, gpus)
    training = TrainingSettings(method=method, gradient_checkpointing=checkpointing)
    step = STEP_OF_FIELD[field]

    found = largest_value(field, model, training, cards)

    if found is not None:
        assert cards.hold(model, replace(training, **{field: found}))
    more = (found or 0) + step
    if more <= MAXIMUM_OF_FIELD[field]:
        assert not cards.hold(model, replace(training, **{field: more}))


@given(slug=slugs, method=st.sampled_from(METHODS), small=st.integers(1, 2**38))
def test_what_fits_on_a_card_fits_on_a_larger_one_of_the_same_kind(slug, method, small):
    model, training = architecture(slug), TrainingSettings(method=method)

    if holds(model, training, small):
        assert holds(model, training, small + GIB)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("gpus", [1, 2, 8])
def test_a_larger_card_never_has_a_smaller_answer(method, gpus):
    training = TrainingSettings(method=method)

    answers = [
        total_count(largest_model(CATALOG, training, Cards(mib * MIB, gpus)))
        for mib in sorted(USABLE_MIB)
    ]

    assert answers == sorted(answers)


@settings(max_examples=150)
@given(data=st.data(), slug=slugs, gpus=st.sampled_from([1, 2, 8, 64]))
def test_no_run_takes_less_than_the_floor_that_rules_runs_out(data, slug, gpus):
    """Whatever is set: every choice and switch that the settings have is drawn."""
    values: dict[str, Any] = {
        name: data.draw(st.sampled_from(choices)) for name, choices in CHOICES.items()
    }
    for field in fields(TrainingSettings):
        if isinstance(field.default, bool):
            values[field.name] = data.draw(st.booleans())
    # Some models have no such maps, and then no adapter at all.
    targets = ["all-linear", ("q_proj", "v_proj"), ("down_proj",), ("gate_proj",)]
    values["lora_targets"] = data.draw(st.sampled_from(targets))
    values["micro_batch"] = data.draw(st.integers(1, 64))
    values["sequence_length"] = data.draw(st.integers(1, 200_000))
    training = TrainingSettings(**values)
    model = architecture(slug)

    for sharding in shardings_for(gpus, offload=True):
        if impossible_reason(training, sharding):
            continue
        device = estimate_sharded(model, training, sharding).device_bytes
        least = least_device_bytes(model, training, sharding)
        assert least_states_bytes(model, training, sharding) <= least <= device.low
        assert least_step_bytes(model, training, sharding) <= device.low
        assert least_token_bytes(model, training) <= device.low


@pytest.mark.parametrize(
    ("usable_mib", "gpu_count", "most_estimates", "changed"),
    [
        (16_368, 16, 10, {}),
        (143_771, 64, 0, {"sequence_length": 10_485_759}),
        (11_264, 37, 4, {"gradient_checkpointing": False, "lora_rank": 500}),
    ],
)
def test_the_largest_model_takes_few_steps_worked_through(
    usable_mib, gpu_count, most_estimates, changed, monkeypatch
):
    """The dearest addresses of a GPU's page, for a fourth of the catalog.

    With a floor of the layers' inputs alone the last took 131, with one of a formula 80.
    """
    counted = []

    def counting(*arguments):
        counted.append(arguments)
        return estimate_sharded(*arguments)

    monkeypatch.setattr(setups, "estimate_sharded", counting)
    for method in METHODS:
        training = TrainingSettings(method=method, **changed)
        largest_model(CATALOG[::4], training, Cards(usable_mib * MIB, gpu_count))

    assert len(counted) <= most_estimates


@pytest.mark.parametrize("field", sorted(STEP_OF_FIELD))
@pytest.mark.parametrize("length", [2_048, 10_485_759])
def test_an_answer_takes_few_steps_worked_through(field, length, monkeypatch):
    """64 GPUs and the longest sequence once held a worker for a minute."""
    counted = []

    def counting(*arguments):
        counted.append(arguments)
        return estimate_sharded(*arguments)

    monkeypatch.setattr(setups, "estimate_sharded", counting)
    training = TrainingSettings(method="lora", sequence_length=length)

    largest_value(field, architecture("gemma-3-12b"), training, Cards(81_559 * MIB, 64))

    assert len(counted) <= 40


def test_what_cannot_fit_is_ruled_out_without_working_a_step_through(monkeypatch):
    monkeypatch.setattr(setups, "estimate_sharded", None)
    training = TrainingSettings(method="lora", sequence_length=10_485_759)

    assert largest_model(CATALOG, training, Cards(81_559 * MIB, 64)) is None


def test_a_card_that_holds_nothing_says_so():
    assert largest_model(CATALOG, TrainingSettings(), Cards(MIB)) is None
    assert (
        largest_value("micro_batch", architecture("llama-2-7b"), TrainingSettings(), Cards(MIB))
        is None
    )


def test_two_24_gb_cards_hold_less_than_one_48_gb_card():
    """LoRA of a 13B model: the weights shard, the activations and NCCL do not."""
    training = TrainingSettings(method="lora", micro_batch=4, sequence_length=4_096)
    model = architecture("llama-2-13b")

    assert holds(model, training, 46_068 * MIB)
    assert not holds(model, training, 24_564 * MIB, gpu_count=2)


def test_the_first_way_that_fits_is_named_and_else_the_one_that_misses_least():
    model, training = architecture("llama-3-1-8b"), TrainingSettings(method="full")

    roomy = best_setup(model, TrainingSettings(method="lora"), 81_559 * MIB, 2)
    sharded = best_setup(model, training, 81_559 * MIB, 4)
    hopeless = best_setup(model, training, 8_188 * MIB, 2)

    assert roomy.sharding.strategy == "ddp"
    assert sharded.sharding.strategy in ("zero2", "fsdp", "zero3")
    assert sharded.verdict != "too_small"
    assert hopeless.verdict == "too_small"
    assert hopeless.headroom_bytes < 0


def test_offload_makes_room_on_one_card():
    model, training = architecture("llama-3-1-8b"), TrainingSettings(method="full")

    without = best_setup(model, training, 46_068 * MIB, 1)
    offloaded = best_setup(model, training, 46_068 * MIB, 1, offload=True)

    assert without.verdict == "too_small"
    assert offloaded.verdict != "too_small"
    assert offloaded.sharding.offload != "none"
    assert offloaded.estimate.host_bytes > 0
    assert shardings_for(1)[0].strategy == "none"


def test_offload_on_several_gpus_is_among_the_setups_that_hold_a_run():
    """accelerate issue 3647: Qwen2.5-32B at 20k tokens on 4 A100 80 GB, FSDP 2 with offload."""
    training = TrainingSettings(method="full", sequence_length=20_000, loss="chunked")

    found = setups_on(architecture("qwen2-5-32b"), training, 81_920 * MIB, 4)

    assert ("fsdp", "parameters") in {
        (setup.sharding.strategy, setup.sharding.offload) for setup in found
    }
    assert all(setup.verdict != "too_small" for setup in found)


def test_of_several_ways_the_first_that_fits_wins_over_an_earlier_tight_one():
    """Llama 3.1 70B in full on 16 B200: hybrid sharding is tight, sharding over both nodes fits."""
    training = TrainingSettings(method="full", recipe="pure_bf16", sequence_length=4_096)
    model, usable = architecture("llama-3-1-70b"), 100 * GIB

    ways = setups_on(model, training, usable, 16, offload=False)

    assert ways[0].verdict == "tight"
    assert best_setup(model, training, usable, 16).verdict == "fits"
