"""The smallest setup of the ladder, with what every GPU holds by itself."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator.answer.ladder import smallest_on_ladder, tight_below
from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.cluster.counts import counts_that_can_be_had
from calculator.estimation.cluster.setups import best_setup
from calculator.estimation.cluster.sharding import MAXIMUM_GPUS
from gpus.fitting import minimum_setup
from tests.calculator.estimation.architectures import all_architectures, architecture
from tests.gpus.builders import a_gpu, a_tier, ladder


def test_a_run_that_one_card_holds_names_the_smallest_such_card():
    found = smallest_on_ladder(
        architecture("llama-3-1-8b"), TrainingSettings(method="lora"), ladder()
    )

    assert (found.setup.gpu_count, found.setup.tier.memory_gb) == (1, 24)
    assert found.run.sharding.strategy == "none"


def test_several_cards_are_more_than_the_bytes_divided_by_their_size():
    training = TrainingSettings(method="lora", micro_batch=8, sequence_length=8_192)
    model = architecture("llama-3-1-8b")

    found = smallest_on_ladder(model, training, ladder())

    alone = best_setup(model, training, 0, 1).estimate.device_bytes.likely
    assert found is None or found.setup.gpu_count > minimum_setup(alone, ladder()).gpu_count


def test_full_fine_tuning_of_70b_is_spread_over_80_gb_cards():
    found = smallest_on_ladder(
        architecture("llama-3-1-70b"), TrainingSettings(method="full"), ladder()
    )

    assert found.setup.tier.memory_gb == 80
    assert found.run.sharding.shards_weights
    assert found.run.verdict != "too_small"


@settings(max_examples=40)
@given(
    slug=st.sampled_from(sorted(all_architectures())),
    method=st.sampled_from(["full", "lora", "qlora"]),
)
def test_it_is_likely_to_fit_and_the_next_smaller_count_that_can_be_had_is_not(slug, method):
    model, training = architecture(slug), TrainingSettings(method=method)

    found = smallest_on_ladder(model, training, ladder())

    def fits(tier, gpu_count):
        run = best_setup(model, training, tier.capacity_bytes, gpu_count)
        return run is not None and run.is_likely_to_fit

    largest = a_tier(80)
    if found is None:
        assert not fits(largest, MAXIMUM_GPUS)
    else:
        assert fits(found.setup.tier, found.setup.gpu_count)
        if found.setup.gpu_count > 1:
            fewer = counts_that_can_be_had(found.setup.gpu_count - 1)[-1]
            assert not fits(found.setup.tier, fewer)


@pytest.mark.parametrize("tiers", [[], [a_tier(8)]])
def test_where_nothing_may_be_multiplied_there_may_be_none(tiers):
    training = TrainingSettings(method="full")

    assert smallest_on_ladder(architecture("llama-3-1-70b"), training, tiers) is None


def test_where_no_size_of_the_ladder_will_do_the_smallest_beyond_it_is_the_minimum():
    h200, mi300x = (
        a_gpu(name, memory_gb, is_tier_example=True)
        for name, memory_gb in (("H200", 141), ("MI300X", 192))
    )
    tiers = [a_tier(192, mi300x), a_tier(8), a_tier(141, h200)]

    found = smallest_on_ladder(
        architecture("llama-3-1-8b"), TrainingSettings(method="lora"), tiers
    )

    assert (found.setup.gpu_count, found.setup.tier.memory_gb) == (1, 141)


def test_a_tight_card_is_smaller_than_the_minimum_and_holds_the_low_figure_only():
    model, training = architecture("llama-3-1-8b"), TrainingSettings(method="lora")
    likely = estimate(model, training).device_bytes.likely
    tiers = [a_tier(16), a_tier(24, usable_bytes=likely - 1), a_tier(80)]

    smallest = smallest_on_ladder(model, training, tiers)
    tight = tight_below(model, training, tiers, smallest)

    assert smallest.setup.tier.memory_gb == 80
    assert tight.setup.tier.memory_gb == 24
    assert tight.run.verdict == "tight"


def test_a_run_that_no_number_of_gpus_holds_has_no_setup():
    training = TrainingSettings(method="lora", sequence_length=10_421_972)

    assert smallest_on_ladder(architecture("llama-3-1-8b"), training, ladder()) is None
