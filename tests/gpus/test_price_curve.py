"""A GPU's prices as a curve and as words."""

from __future__ import annotations

from itertools import pairwise

from gpus.price_curve import price_histories
from gpus.prices.choosing import gpu_prices
from tests.gpus.builders import a_gpu
from tests.gpus.prices.test_choosing import seen


def histories(*observations):
    series = gpu_prices(seen(*each) for each in observations).series
    return price_histories(a_gpu("Any", price_series=series))


def test_prices_of_one_day_are_no_history():
    assert histories(("buy_street", "990", "2026-08-01"), ("buy_new", "1400", "2026-08-01")) == ()


def test_a_price_holds_until_another_one_was_seen():
    [history] = histories(
        ("rent_on_demand", "2", "2026-01-01", "RunPod"),
        ("rent_on_demand", "1", "2026-01-11", "RunPod"),
        ("rent_on_demand", "1", "2026-01-21", "RunPod"),
    )

    [line] = history.drawing.lines
    # From the left end to the right, and half the price at half the height.
    assert line.steps == ("8.0,12.0 120.0,12.0 120.0,60.0 232.0,60.0 232.0,60.0",)
    assert line.label == "$1.00 RunPod"
    assert (history.drawing.first_day, history.drawing.last_day) == ("1 Jan 2026", "21 Jan 2026")


def test_a_line_has_a_gap_while_it_was_not_offered_and_ends_where_it_ended():
    [history] = histories(
        ("rent_on_demand", "2", "2026-01-01", "RunPod", "2026-01-11"),
        ("rent_on_demand", "2", "2026-01-21", "RunPod", "2026-01-21"),
    )

    [line] = history.drawing.lines
    assert line.steps == ("8.0,12.0 120.0,12.0", "232.0,12.0 232.0,12.0")
    assert line.ends == (("120.0", "12.0"), ("232.0", "12.0"))
    assert line.label == "RunPod: ended"
    assert history.summary == (
        "RunPod: $2.00 on 1 Jan 2026, $2.00 on 21 Jan 2026, no longer offered since 21 Jan 2026"
    )


def test_who_does_not_see_the_curve_reads_it():
    rent, buy = histories(
        ("rent_on_demand", "2", "2026-01-01", "RunPod"),
        ("rent_on_demand", "1", "2026-01-11", "RunPod"),
        ("buy_launch", "1599", "2022-10-01"),
        ("buy_street", "990", "2026-08-01"),
    )

    assert rent.summary == "RunPod: $2.00 on 1 Jan 2026, $1.00 on 11 Jan 2026"
    assert buy.summary == "street price: $990 on 1 Aug 2026; launch price: $1,599 on 1 Oct 2022"
    assert [row.amount for row in buy.rows] == ["$990", "$1,599"]


def test_labels_of_prices_that_are_close_do_not_cover_each_other():
    [history] = histories(
        ("rent_on_demand", "2.00", "2026-01-01", "RunPod"),
        ("rent_on_demand", "2.01", "2026-01-11", "Lambda"),
        ("rent_on_demand", "2.02", "2026-01-11", "Vultr"),
    )

    places = sorted(float(line.label_y) for line in history.drawing.lines)
    assert all(after - before >= 14 for before, after in pairwise(places))
