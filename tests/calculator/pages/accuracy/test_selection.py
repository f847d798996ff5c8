"""Choosing rows, and summing up their errors."""

from __future__ import annotations

import pytest

from calculator.pages.accuracy.percent import percent, within
from calculator.pages.accuracy.selection import Selection, errors_of, share_within_range

from .builders import GB, row


def test_errors_are_summed_up_by_size_whatever_their_sign():
    errors = errors_of([-0.1, 0.02, 0.03])

    assert errors is not None
    assert errors.median_fraction == 0.03
    assert errors.worst_fraction == 0.1
    assert errors.p90_fraction == pytest.approx(0.086)


def test_there_is_no_summary_of_nothing():
    assert errors_of([]) is None
    assert errors_of([None]) is None


def test_only_complete_measured_runs_are_chosen_unless_asked_otherwise():
    rows = [row(id="a"), row(id="b", is_best_evidence=False), row(id="c", kind="traced")]

    assert [item.id for item in Selection().of(rows)] == ["a"]
    assert [item.id for item in Selection(evidence="").of(rows)] == ["a", "b"]
    assert [item.id for item in Selection(kind="traced").of(rows)] == ["c"]


def test_rows_on_several_gpus_can_be_chosen():
    rows = [row(id="one"), row(id="four", gpu_count=4)]

    assert [item.id for item in Selection(gpus="several").of(rows)] == ["four"]


def test_a_figure_whose_unit_is_open_is_within_range_if_a_part_of_it_is():
    inside = row(
        actual_low_bytes=19 * GB,
        actual_high_bytes=21 * GB,
        predicted_low_bytes=20 * GB,
        predicted_high_bytes=30 * GB,
    )
    outside = row(actual_gb=10)

    assert share_within_range([inside, outside]) == 0.5


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0149, "1.5\u00a0%"),
        (0.123, "12\u00a0%"),
        (1.12, "112\u00a0%"),
        (0, "0\u00a0%"),
        (0.0004, "<0.1\u00a0%"),
    ],
)
def test_percent_has_a_decimal_below_ten_only(fraction, text):
    assert percent(fraction) == text


def test_a_signed_percent_has_a_true_minus():
    assert percent(-0.2, signed=True) == "\u221220\u00a0%"
    assert percent(0.2, signed=True) == "+20\u00a0%"


def test_nothing_is_said_to_be_within_less_than_a_tenth_of_a_percent():
    assert within(0.00001) == "0.1\u00a0%"
    assert within(0.023) == "2.3\u00a0%"
