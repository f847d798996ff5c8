"""Amounts of memory as people type them, in the units of the tools that print them."""

import pytest
from django.core.exceptions import ValidationError

from calculator.words.memory_fields import MemoryField

FIELD = MemoryField(label="How much")


@pytest.mark.parametrize(
    ("typed", "size_bytes"),
    [
        ("17.2", 17_200_000_000),
        ("17.2 GB", 17_200_000_000),
        ("24g", 24_000_000_000),
        ("16 GiB", 16 * 2**30),
        ("15,360MiB", 15_360 * 2**20),
        ("15360 mib", 15_360 * 2**20),
        ("500 MB", 500_000_000),
    ],
)
def test_an_amount_is_read_with_its_unit(typed, size_bytes):
    assert FIELD.clean(typed).bytes == size_bytes


@pytest.mark.parametrize("typed", ["GB", "17.2 TB", "-3", "17,2", "1000000", "0.0000001 MB"])
def test_what_is_no_amount_is_refused_with_an_example(typed):
    with pytest.raises(ValidationError, match=r"such as|instead of"):
        FIELD.clean(typed)


def test_nothing_typed_is_no_amount():
    assert FIELD.clean("  ") is None
