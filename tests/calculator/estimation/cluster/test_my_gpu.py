"""What a card can fine-tune: each answer fits, and one step more does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator.estimation import TrainingSettings
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.cluster.my_gpu import (
    STEP_OF_FIELD,
    Cards,
    fitting_models,
    largest_model,
    largest_value,
)
from calculator.estimation.cluster.setups import best_setup, holds, shardings_for, verdict
from calculator.estimation.device import DeviceBytes
from calculator.estimation.settings import MAXIMUM_OF_FIELD
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


@pytest.mark.parametrize(
    ("usable", "expected"), [(30, "fits"), (29, "tight"), (20, "tight"), (19, "too_small")]
)
def test_tight_is_between_the_likely_and_the_high_figure(usable, expected):
    assert verdict(DeviceBytes(10, 20, 30, ()), usable) == expected
