from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation.units import GB
from gpus.fitting import Setup, alternatives, gpus_needed, minimum_setup
from tests.gpus.builders import a_gpu, a_price, a_tier, ladder

FULL, LORA, QLORA = Decimal(18), Decimal("2.4"), Decimal("0.85")

# The figures that the site promises: billions of parameters, then number of GPUs and GB of each.
MINIMA = [
    ("1", (1, 24), (1, 8), (1, 8)),
    ("3", (1, 80), (1, 8), (1, 8)),
    ("7", (2, 80), (1, 24), (1, 8)),
    ("8", (2, 80), (1, 24), (1, 8)),
    ("13", (3, 80), (1, 32), (1, 12)),
    ("32", (8, 80), (1, 80), (1, 32)),
    ("70", (16, 80), (3, 80), (1, 80)),
]


def found(setup: Setup) -> tuple[int, int]:
    return setup.gpu_count, setup.tier.memory_gb


@pytest.mark.parametrize(("size_b", "full", "lora", "qlora"), MINIMA)
def test_the_promised_minimum_comes_out(size_b, full, lora, qlora):
    sizes = [Decimal(size_b) * GB * each for each in (FULL, LORA, QLORA)]

    minima = [found(minimum_setup(memory_bytes, ladder())) for memory_bytes in sizes]

    assert minima == [full, lora, qlora]


@pytest.mark.parametrize("memory_gb", [8, 12, 16, 24, 32, 48, 80, 160, 1280])
def test_exactly_full_fits_and_a_byte_more_does_not(memory_gb):
    exactly = minimum_setup(memory_gb * GB, ladder())
    a_byte_more = minimum_setup(memory_gb * GB + 1, ladder())

    assert exactly.capacity_bytes == memory_gb * GB
    assert a_byte_more.capacity_bytes > memory_gb * GB


def test_ten_billion_parameters_with_lora_fit_into_24_gb_exactly():
    setup = minimum_setup(Decimal(10) * GB * LORA, ladder())

    assert found(setup) == (1, 24)


def test_a_tier_that_leaves_the_ladder_is_no_minimum_any_more():
    tiers = [a_tier(24, is_on_ladder=False), a_tier(80)]

    assert found(minimum_setup(20 * GB, tiers)) == (1, 80)


def test_a_tier_that_joins_the_ladder_becomes_the_minimum():
    tiers = [a_tier(80), a_tier(96, is_on_ladder=True)]

    assert found(minimum_setup(90 * GB, tiers)) == (1, 96)


def test_a_single_larger_card_is_preferred_to_several():
    tiers = [a_tier(80), a_tier(192, is_on_ladder=True)]

    assert found(minimum_setup(150 * GB, tiers)) == (1, 192)


def test_only_tiers_that_may_be_multiplied_are():
    tiers = [a_tier(24), a_tier(48)]

    assert minimum_setup(49 * GB, tiers) is None


def test_without_any_tier_nothing_holds_it():
    assert minimum_setup(1, []) is None


def test_multiples_use_the_fewest_cards_then_the_least_memory():
    tiers = [
        a_tier(48, may_be_multiplied=True),
        a_tier(80),
        a_tier(96, is_on_ladder=True, may_be_multiplied=True),
    ]

    assert found(minimum_setup(150 * GB, tiers)) == (2, 80)
    assert found(minimum_setup(190 * GB, tiers)) == (2, 96)


def test_tiers_may_come_in_any_order():
    assert found(minimum_setup(10 * GB, reversed(ladder()))) == (1, 12)


def test_gpus_are_counted_without_rounding_errors():
    assert gpus_needed(Decimal("16.8") * 10 * GB, a_tier(8)) == 21


@given(st.decimals(min_value=1, max_value=4000 * GB, places=3))
def test_the_minimum_holds_the_estimate_and_one_card_fewer_would_not(memory_bytes):
    setup = minimum_setup(memory_bytes, ladder())

    assert setup.capacity_bytes >= memory_bytes
    if setup.gpu_count > 1:
        assert setup.tier.capacity_bytes * (setup.gpu_count - 1) < memory_bytes


@given(st.integers(1, 4000 * GB), st.integers(0, 100 * GB))
def test_more_memory_never_needs_a_smaller_setup(memory_bytes, more_bytes):
    smaller = minimum_setup(memory_bytes, ladder())
    larger = minimum_setup(memory_bytes + more_bytes, ladder())

    assert larger.capacity_bytes >= smaller.capacity_bytes


def beyond(memory_gb, **changes):
    """A tier beyond the ladder with a GPU that stands for it."""
    return a_tier(memory_gb, a_gpu(f"Big {memory_gb}", memory_gb, is_tier_example=True), **changes)


def alternatives_for(memory_gb, *tiers):
    memory_bytes = memory_gb * GB
    minimum = minimum_setup(memory_bytes, [*ladder(), *tiers])
    return [
        (each.gpu_count, each.gpu.memory_gb)
        for each in alternatives(memory_bytes, minimum, [*ladder(), *tiers])
    ]


def test_one_larger_card_is_an_alternative_to_two():
    assert alternatives_for(126, beyond(141)) == [(1, 141)]


def test_alternatives_come_with_the_least_memory_first_and_are_few():
    tiers = [beyond(gb) for gb in (288, 256, 192, 180, 141)]

    assert alternatives_for(126, *tiers) == [(1, 141), (1, 180), (1, 192)]


def test_a_card_too_small_or_on_the_ladder_is_no_alternative():
    assert alternatives_for(126, beyond(96)) == []
    assert alternatives_for(70, beyond(80)) == []


def test_a_tier_without_an_example_is_no_alternative():
    assert alternatives_for(126, a_tier(141, a_gpu("H200", 141))) == []


def test_as_many_cards_as_the_minimum_are_no_alternative():
    assert alternatives_for(234, beyond(96, may_be_multiplied=True)) == []
    assert alternatives_for(234, beyond(141, may_be_multiplied=True)) == [(2, 141)]


def test_a_card_more_than_twice_as_large_is_no_alternative():
    assert alternatives_for(6, beyond(20)) == []
    assert alternatives_for(11, beyond(20)) == [(1, 20)]


def test_the_price_of_a_setup_is_the_price_of_all_its_cards():
    gpu = a_gpu("H200", 141, is_tier_example=True, cloud_price_per_hour=a_price("3.59"))
    memory_bytes = 250 * GB

    [choice] = alternatives(
        memory_bytes, Setup(a_tier(80), 4), [a_tier(141, gpu, may_be_multiplied=True)]
    )

    assert choice.gpu_count == 2
    assert choice.price_usd_per_hour == Decimal("7.18")


def test_a_precise_figure_is_fitted_into_what_every_example_card_of_a_tier_has():
    roomy = a_gpu("RTX 3090", 24, is_tier_example=True, usable_memory_mib=24_576)
    tight = a_gpu("RTX 4090", 24, is_tier_example=True, usable_memory_mib=24_564)
    tier = a_tier(24, roomy, tight)

    usable = tier.as_usable()

    assert usable.capacity_bytes == 24_564 * 2**20
    assert found(minimum_setup(25 * GB, [usable, a_tier(32)])) == (1, 24)
    assert found(minimum_setup(25 * GB, [tier, a_tier(32)])) == (1, 32)
    assert a_tier(32).as_usable().capacity_bytes == 32 * GB
