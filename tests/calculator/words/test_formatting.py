from decimal import Decimal

import pytest

from calculator.words.formatting import (
    format_gb,
    format_number,
    format_size,
    format_usd,
    query_number,
)


@pytest.mark.parametrize(
    ("memory_bytes", "shown"),
    [
        (5_950_000_000, "6 GB"),
        (2_550_000_000, "2.6 GB"),
        (850_000_000, "0.9 GB"),
        (11_050_000_000, "11.1 GB"),
        (16_800_000_000, "16.8 GB"),
        (126_000_000_000, "126 GB"),
        (1_260_000_000_000, "1,260 GB"),
        (36_000_000_000_000, "36,000 GB"),
        (0, "0 GB"),
    ],
)
def test_memory_is_shown_with_one_decimal_half_up_and_no_trailing_zero(memory_bytes, shown):
    assert format_gb(memory_bytes) == shown.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("memory_bytes", "shown"),
    [(85_000_000, "0.1 GB"), (40_000_000, "0.04 GB"), (1_000_000, "0.001 GB")],
)
def test_what_would_round_to_nothing_keeps_a_digit(memory_bytes, shown):
    assert format_gb(memory_bytes) == shown.replace(" ", "\u00a0")


def test_half_is_rounded_up_where_python_would_round_to_even():
    assert format_number(Decimal("0.25")) == "0.3"
    assert format_number(Decimal("0.35")) == "0.4"


def test_sizes_read_as_people_say_them():
    assert format_size(Decimal("7.000")) == "7B"
    assert format_size(Decimal("0.5")) == "0.5B"
    assert format_size(Decimal(1000)) == "1,000B"


def test_a_number_in_a_url_has_neither_exponent_nor_trailing_zero():
    assert query_number(Decimal("7.000")) == "7"
    assert query_number(Decimal(2000)) == "2000"
    assert query_number(Decimal("0.500")) == "0.5"


def test_large_prices_go_without_cents():
    assert format_usd(Decimal("1599.00")) == "$1,599"
    assert format_usd(Decimal("2.4900")) == "$2.49"
