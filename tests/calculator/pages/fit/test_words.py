"""No figure has more digits than its assumptions bear."""

import pytest

from calculator.estimation.cluster.run_time import Range
from calculator.pages.fit.words import rough, rough_duration, rough_usd


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0349, "0.03"),
        (0.19, "0.19"),
        (1.44, "1.4"),
        (1.96, "2"),
        (3.4, "3"),
        (9.6, "10"),
        (14.4, "14"),
        (27, "30"),
        (1_230, "1,200"),
        (98_765, "100,000"),
    ],
)
def test_one_digit_counts_or_two_where_the_first_is_a_1(value, text):
    assert rough(value) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        ((0.001, 0.005, 0.01), "about 18 s (4–40 s)"),
        ((0.2, 0.33, 0.6), "about 20 min (12–40 min)"),
        ((1.9, 3.3, 8.2), "about 3 h (1.9–8 h)"),
        ((40, 80, 200), "about 3 days (1.7–8 days)"),
    ],
)
def test_a_time_is_in_seconds_minutes_hours_or_days(hours, text):
    seconds = Range(*(3_600 * value for value in hours))

    assert rough_duration(seconds).replace("\u00a0", " ") == text


def test_dollars_are_rough_too():
    assert rough_usd(Range(8.6, 14.2, 23.9)).replace("\u00a0", " ") == "about $14 ($9–$20)"
    assert rough_usd(Range(0.0001, 0.001, 0.002)).replace("\u00a0", " ") == (
        "about $0.01 ($0.01–$0.01)"
    )
