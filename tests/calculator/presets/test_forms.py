from decimal import Decimal

import pytest

from calculator.presets.forms import EstimateForm


@pytest.mark.parametrize(
    ("typed", "size_b"),
    [
        ("7", "7"),
        ("7B", "7"),
        (" 13 b ", "13"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("6.738", "6.738"),
        ("1,000", "1000"),
        ("0.1", "0.1"),
        ("2000", "2000"),
    ],
)
def test_a_size_is_read_as_people_write_it(typed, size_b):
    form = EstimateForm({"size": typed})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["size"] == Decimal(size_b)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Enter a size between 0.1 and 2,000 billion parameters."),
        ("   ", "Enter a size between 0.1 and 2,000 billion parameters."),
        ("0", "Enter a size between 0.1 and 2,000 billion parameters."),
        ("0.099", "Enter a size between 0.1 and 2,000 billion parameters."),
        ("2000.001", "Enter a size between 0.1 and 2,000 billion parameters."),
        ("99999999999999999999", "Enter a size between 0.1 and 2,000 billion parameters."),
        ("seven", "“seven” is not one"),
        ("-7", "“-7” is not one"),
        ("1e", "“1e” is not one"),
        ("NaN", "“NaN” is not one"),
        ("Infinity", "“Infinity” is not one"),
        ("7 8", "“7 8” is not one"),
        ("٧", "“٧” is not one"),
        ("6,7", "Use a point for decimals: 6.7 instead of 6,7."),
        ("7.0001", "at most three decimals"),
        ("x" * 5000, "is not one"),
    ],
)
def test_what_is_no_size_gets_an_error_that_says_what_to_type(typed, says):
    form = EstimateForm({"size": typed})

    assert not form.is_valid()
    assert says in form.errors["size"][0]
