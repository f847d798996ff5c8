"""Which price is current, which of them a card shows, and what is left of a series."""

from __future__ import annotations

import datetime as dt

import pytest

from gpus.prices.choosing import gpu_prices
from gpus.prices.kinds import PriceKind, price_words
from tests.gpus.builders import a_price


def seen(kind: str, usd: str, day: str, provider: str = "", ended_on: str = ""):
    words = price_words(PriceKind(kind), provider)
    end = dt.date.fromisoformat(ended_on) if ended_on else None
    return a_price(
        usd, checked_on=day, kind=words, kind_slug=kind, provider=provider, ended_on=end
    )


def shown(price):
    return None if price is None else (price.kind, float(price.usd))


@pytest.mark.parametrize(
    ("observations", "to_buy"),
    [
        ([], None),
        ([("buy_launch", "1599", "2022-10-01")], ("launch price", 1599)),
        (
            [("buy_launch", "1599", "2026-10-01"), ("buy_street", "990", "2026-01-01")],
            ("street price", 990),
        ),
        (
            [("buy_street", "990", "2026-08-01"), ("buy_new", "1400", "2026-09-01")],
            ("list price", 1400),
        ),
        (
            [("buy_street", "990", "2026-08-01"), ("buy_new", "1400", "2026-08-01")],
            ("street price", 990),
        ),
        (
            [("buy_street", "990", "2026-08-01"), ("buy_street", "1100", "2026-09-01")],
            ("street price", 1100),
        ),
    ],
)
def test_to_buy_is_what_was_seen_last_and_the_launch_price_where_nothing_else_was(
    observations, to_buy
):
    prices = gpu_prices(seen(*each) for each in observations)

    assert shown(prices.to_buy) == to_buy


@pytest.mark.parametrize(
    ("observations", "to_rent"),
    [
        ([("rent_spot", "0.2", "2026-11-01", "AWS")], ("AWS, spot", 0.2)),
        (
            [
                ("rent_spot", "0.2", "2026-11-01", "AWS"),
                ("rent_marketplace", "0.3", "2026-01-01", "Vast.ai"),
            ],
            ("Vast.ai, lowest offer", 0.3),
        ),
        (
            [
                ("rent_marketplace", "0.3", "2026-11-01", "Vast.ai"),
                ("rent_on_demand", "0.5", "2026-01-01", "RunPod"),
            ],
            ("RunPod", 0.5),
        ),
        (
            [
                ("rent_on_demand", "0.5", "2026-01-01", "RunPod"),
                ("rent_on_demand", "0.6", "2026-01-02", "Lambda"),
            ],
            ("Lambda", 0.6),
        ),
        (
            [
                ("rent_on_demand", "0.7", "2026-01-02", "Vultr"),
                ("rent_on_demand", "0.6", "2026-01-02", "Lambda"),
            ],
            ("Lambda", 0.6),
        ),
    ],
)
def test_to_rent_is_on_demand_before_marketplace_before_spot_and_of_one_day_the_cheapest(
    observations, to_rent
):
    prices = gpu_prices(seen(*each) for each in observations)

    assert shown(prices.to_rent) == to_rent


def test_every_provider_has_a_current_price():
    prices = gpu_prices(
        [
            seen("rent_on_demand", "0.5", "2026-01-01", "RunPod"),
            seen("rent_on_demand", "0.4", "2026-02-01", "RunPod"),
            seen("rent_on_demand", "0.6", "2026-01-02", "Lambda"),
            seen("buy_launch", "1599", "2022-10-01"),
        ]
    )

    assert [shown(each.newest) for each in prices.series] == [
        ("Lambda", 0.6),
        ("RunPod", 0.4),
        ("launch price", 1599),
    ]


def test_a_check_that_finds_a_price_unchanged_adds_no_point_between():
    days = [("2", "2026-01-01"), ("2", "2026-02-01"), ("3", "2026-03-01"), ("3", "2026-04-01")]
    days += [("3", "2026-05-01")]

    [series] = gpu_prices(seen("buy_street", *each) for each in days).series

    assert [point.checked_on.month for point in series.points] == [1, 2, 3, 5]
    assert series.newest.checked_on == dt.date(2026, 5, 1)
