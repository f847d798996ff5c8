"""How many GPUs can be had, and the fewest of them that hold a run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation import TrainingSettings
from calculator.estimation.cluster.counts import (
    count_that_can_be_had,
    counts_that_can_be_had,
    fewest,
    words_for_count,
)
from calculator.estimation.cluster.setups import best_setup, fewest_gpus, holds
from calculator.estimation.cluster.sharding import MAXIMUM_GPUS
from calculator.estimation.settings import MAXIMUM_OF_FIELD

from ..architectures import architecture

MIB = 2**20
H100 = 81_559 * MIB


@pytest.mark.parametrize(
    ("needed", "had"),
    [(1, 1), (2, 2), (3, 4), (5, 8), (8, 8), (9, 16), (16, 16), (17, 24), (4_089, 4_096)],
)
def test_counts_come_in_ones_twos_fours_eights_and_then_whole_nodes(needed, had):
    assert count_that_can_be_had(needed) == had
    assert had in counts_that_can_be_had()


def test_more_than_there_are_is_none():
    assert count_that_can_be_had(MAXIMUM_GPUS + 1) is None
    assert count_that_can_be_had(9, most=8) is None
    assert counts_that_can_be_had(20) == (1, 2, 4, 8, 16)


@pytest.mark.parametrize(
    ("needed", "words"),
    [(8, ""), (3, "3×: machines have 4"), (9, "9×: 16 in nodes of 8")],
)
def test_what_cannot_be_had_is_said(needed, words):
    assert words_for_count(needed) == words


@given(needed=st.integers(1, 5_000), most=st.integers(1, MAXIMUM_GPUS))
def test_the_fewest_are_found_with_few_questions(needed, most):
    asked = []

    def tried(count: int) -> int | None:
        asked.append(count)
        return count if count >= needed else None

    assert fewest(tried, most) == count_that_can_be_had(needed, most)
    assert len(asked) <= 22
    assert set(asked) <= set(counts_that_can_be_had(most))


@pytest.mark.parametrize("slug", ["llama-3-1-70b", "qwen3-235b-a22b", "llama-3-1-8b"])
@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_the_fewest_gpus_hold_it_and_no_fewer_do(slug, method):
    settings = TrainingSettings(method=method, sequence_length=8_192)

    found = fewest_gpus(architecture(slug), settings, H100)

    counts = counts_that_can_be_had()
    index = counts.index(found.sharding.gpu_count)
    assert found.verdict != "too_small"
    assert not any(holds(architecture(slug), settings, H100, count) for count in counts[:index])


def test_one_may_ask_for_gpus_that_hold_it_with_room_to_spare():
    settings = TrainingSettings(method="full")

    tight = fewest_gpus(architecture("llama-3-1-8b"), settings, H100)
    roomy = fewest_gpus(architecture("llama-3-1-8b"), settings, H100, at_least="fits")

    assert tight.verdict == "tight"
    assert roomy.verdict == "fits"
    assert roomy.sharding.gpu_count >= tight.sharding.gpu_count


@pytest.mark.parametrize(
    ("micro_batch", "length"),
    [(1_353, 6_388_471), (MAXIMUM_OF_FIELD["micro_batch"], MAXIMUM_OF_FIELD["sequence_length"])],
)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_what_no_number_of_gpus_holds_is_an_answer(micro_batch, length, attention):
    """Activations do not shard: a batch that one GPU cannot run is beyond any number of them."""
    settings = TrainingSettings(
        method="lora", micro_batch=micro_batch, sequence_length=length, attention=attention
    )
    model = architecture("llama-3-1-70b")

    assert fewest_gpus(model, settings, H100) is None
    assert fewest_gpus(model, settings, H100, offload=True) is None
    closest = best_setup(model, settings, H100, MAXIMUM_GPUS)
    assert closest.verdict == "too_small"
    assert closest.headroom_bytes < -(10**12)
