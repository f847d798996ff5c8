"""Numbers as people type them."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from calculator.presets.forms import SizeField
from calculator.question.training_form import parse_count, parse_length
from calculator.words.fields import AmountField, CountField
from calculator.words.numbers import read_number


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("4096", 4096),
        ("4,096", 4096),
        ("1 000 000", 1_000_000),
        ("4k", 4000),
        ("8 K", 8000),
        ("1e3", 1000),
        ("2.5e+2", 250),
        ("1.5M", 1_500_000),
        (".5", Decimal("0.5")),
        (
            "0.1234567890123456789012345678901234567",
            Decimal("0.1234567890123456789012345678901234567"),
        ),
    ],
)
def test_a_number_is_read_exactly(typed, number):
    assert read_number(typed) == number


@pytest.mark.parametrize(
    "typed", ["", "k", "4kk", "4x", "1e", "1e-3", "4,09", "-1", "nan", "1e999", "٣", "1" * 41]
)
def test_what_is_no_number_is_none(typed):
    assert read_number(typed) is None


@pytest.mark.parametrize(
    ("typed", "tokens"),
    [("4k", 4096), ("128K", 131_072), ("1M", 1_048_576), ("8k tokens", 8192), ("2,048", 2048)],
)
def test_lengths_are_counted_in_powers_of_two(typed, tokens):
    assert parse_length(typed) == tokens


def test_what_the_core_has_to_refuse_stays_as_it_was_typed():
    assert parse_length("4.0005k") == "4.0005k"
    assert parse_count("1.5") == "1.5"
    assert parse_count("2b or not 2b") == "2b or not 2b"


def test_fields_understand_letters_and_units():
    assert AmountField(unit="USD", example="1500").clean("$1.5k USD") == 1500
    assert CountField(unit="examples?", example="10,000").clean("10k examples") == 10_000
    with pytest.raises(ValidationError, match="such as 24"):
        AmountField(unit="GB", example="24").clean("1m")


@pytest.mark.parametrize(
    ("typed", "size_b"),
    [("7B", 7), ("500M", Decimal("0.5")), ("1T", 1000), ("6.738 b", Decimal("6.738"))],
)
def test_a_size_may_be_in_millions_or_trillions(typed, size_b):
    assert SizeField().clean(typed) == size_b


def test_a_size_is_refused_rather_than_rounded():
    with pytest.raises(ValidationError, match="three decimals"):
        SizeField().clean("7.0000000000000000000000000000000001B")
