"""The bars: how far the estimate is from measured runs. The numbers are those of the issue."""

from __future__ import annotations

from statistics import median

import pytest

from calculator.estimation.device import GAPS_FRACTION, LIKELY_FRACTION
from validation.measured.report import percentile, predictions, reuse_of


@pytest.fixture(scope="module")
def best():
    made, _ = predictions()
    return [item for item in made if item.comparable.is_best_evidence]


def of_figure(items, figure):
    return [item for item in items if item.comparable.figure == figure]


def test_the_median_error_of_allocated_bytes_is_at_most_6_percent(best):
    errors = [abs(item.error_fraction) for item in of_figure(best, "allocated")]

    assert median(errors) <= 0.06


def test_nine_in_ten_allocated_figures_are_within_15_percent(best):
    errors = [abs(item.error_fraction) for item in of_figure(best, "allocated")]

    assert percentile(errors, 0.9) <= 0.15


def test_nine_in_ten_nvidia_smi_figures_lie_between_low_and_high(best):
    items = of_figure(best, "device")

    assert sum(item.is_within_range for item in items) >= 0.9 * len(items)


def test_what_the_allocator_cannot_use_again_is_as_stated(best):
    places, above = reuse_of(of_figure(best, "device"))

    assert median(places) == pytest.approx(LIKELY_FRACTION, abs=0.05)
    assert percentile(above, 0.9) == pytest.approx(GAPS_FRACTION, abs=0.03)


def test_a_percentile_lies_between_its_neighbours():
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.5
    assert percentile([5.0], 0.9) == 5.0
