"""The scatter plot's geometry."""

from __future__ import annotations

import pytest

from calculator.pages.accuracy.plot import LEFT_PERCENT, RIGHT_PERCENT, draw_plot

from .builders import row


def share_across(point) -> float:
    return (float(point.x.rstrip("%")) - LEFT_PERCENT) / (RIGHT_PERCENT - LEFT_PERCENT)


def share_up(plot, point) -> float:
    return 1 - (float(point.y) - plot.top) / plot.field_height


def test_there_is_no_plot_of_nothing():
    assert draw_plot([], []) is None


def test_an_exact_prediction_lies_on_the_diagonal():
    plot = draw_plot([row(4, 4), row(37, 37)], ["", ""])

    for point in plot.points:
        assert share_up(plot, point) == pytest.approx(share_across(point), abs=0.002)


def test_a_prediction_above_lies_above_the_diagonal():
    plot = draw_plot([row(10, 12)], [""])

    assert share_up(plot, plot.points[0]) > share_across(plot.points[0])


def test_ticks_step_by_one_two_and_five_and_hold_all_points():
    plot = draw_plot([row(1.9, 2.1), row(80, 70)], ["", ""])

    assert [tick.label for tick in plot.ticks] == ["1", "2", "5", "10", "20", "50", "100"]


def test_a_point_ten_percent_off_lies_on_the_edge_of_the_band():
    plot = draw_plot([row(10, 11), row(1, 1), row(100, 100)], ["", "", ""])
    upper_left, upper_right = (
        tuple(map(float, corner.split(","))) for corner in plot.band.split()[:2]
    )
    across, up = share_across(plot.points[0]), share_up(plot, plot.points[0])

    on_edge = upper_left[1] + (upper_right[1] - upper_left[1]) * across

    assert 100 * (1 - up) == pytest.approx(on_edge, abs=0.2)


def test_each_point_has_its_title():
    plot = draw_plot([row()], ["a title"])

    assert plot.points[0].title == "a title"
