"""The three words, and what they promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.estimation.device import DeviceBytes
from calculator.estimation.units import GB
from calculator.estimation.verdict import VERDICTS, is_held, verdict, verdict_sentence


@pytest.mark.parametrize(
    ("usable", "expected"),
    [(30, "fits"), (29, "tight"), (20, "tight"), (19, "tight"), (10, "tight"), (9, "too_small")],
)
def test_tight_is_between_the_low_and_the_high_figure(usable, expected):
    assert verdict(DeviceBytes(10, 20, 30, ()), usable) == expected


@given(
    figures=st.lists(st.integers(1, 10**12), min_size=3, max_size=3).map(sorted),
    usable=st.integers(1, 10**12),
    more=st.integers(0, 10**12),
)
def test_a_larger_card_never_has_a_worse_verdict(figures, usable, more):
    device = DeviceBytes(*figures, ())

    small, large = verdict(device, usable), verdict(device, usable + more)

    assert VERDICTS.index(large) <= VERDICTS.index(small)
    assert is_held(device, usable) == (small != "too_small")


def test_tight_says_what_the_allocator_gives_back_and_what_that_costs():
    device = DeviceBytes(20 * GB, 25 * GB, 32 * GB, ())

    likely = verdict_sentence(device, 26 * GB)
    unlikely = verdict_sentence(device, 22 * GB)

    assert likely.startswith("Tight on 26.0 GB: it is likely to hold 25.0 GB")
    assert unlikely.startswith("Tight on 22.0 GB: it needs 20.0 GB")
    for sentence in (likely, unlikely):
        assert "gives cached blocks back" in sentence
        assert "slower" in sentence
    assert verdict_sentence(device, 32 * GB) == "Fits: it holds 32.0 GB at most, of 32.0 GB."
    assert verdict_sentence(device, 19 * GB).startswith("Too small: 20.0 GB are in use")


def test_tight_on_several_gpus_says_how_such_runs_ended():
    device = DeviceBytes(20 * GB, 25 * GB, 32 * GB, ())

    alone, several = (verdict_sentence(device, 26 * GB, count) for count in (1, 8))

    assert several.removeprefix(alone).startswith(" Most runs on several GPUs")
    assert verdict_sentence(device, 32 * GB, 8) == verdict_sentence(device, 32 * GB)
