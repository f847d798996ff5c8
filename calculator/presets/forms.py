"""What visitors type, checked and turned into the core's types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from django import forms

from calculator.words.formatting import format_number, shortened
from calculator.words.numbers import read_number

SMALLEST_SIZE_B = Decimal("0.1")
LARGEST_SIZE_B = Decimal(2000)
DEFAULT_SIZE_B = Decimal(7)

# Of billions: “7B” is 7, “500M” half of one.
_LETTERS: Mapping[str, int | Decimal] = {"b": 1, "m": Decimal("0.001"), "t": 1000}


class SizeField(forms.CharField):
    """Billions of parameters: “13”, “0.5”, “1,000”, “7B”, “500M”, “1T”.

    More than three decimals are refused rather than rounded: a figure for another size than
    the one typed would be wrong without saying so.
    """

    default_error_messages = {
        "required": (
            f"Enter a size between {SMALLEST_SIZE_B} and "
            f"{format_number(LARGEST_SIZE_B)} billion parameters."
        ),
        "not_a_number": (
            "Enter a size as a number of billions, such as 7 or 0.5: “{typed}” is not one."
        ),
        "decimal_comma": "Use a point for decimals: {suggestion} instead of {typed}.",
        "out_of_range": (
            f"Enter a size between {SMALLEST_SIZE_B} and "
            f"{format_number(LARGEST_SIZE_B)} billion parameters."
        ),
        "too_precise": "Enter a size with at most three decimals, such as 6.738.",
    }

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]
        typed = super().to_python(value)
        if typed is None or typed in self.empty_values:
            return None
        size_b = read_number(typed, _LETTERS)
        if size_b is None and re.fullmatch(r"[0-9]+,[0-9]+\s*[bB]?", typed):
            raise self._error("decimal_comma", typed=typed, suggestion=typed.replace(",", "."))
        if size_b is None:
            raise self._error("not_a_number", typed=shortened(typed))
        if not SMALLEST_SIZE_B <= size_b <= LARGEST_SIZE_B:
            raise self._error("out_of_range")
        if size_b != round(size_b, 3):
            raise self._error("too_precise")
        return size_b

    def _error(self, code: str, **words: str) -> forms.ValidationError:
        return forms.ValidationError(self.error_messages[code].format(**words), code=code)


class EstimateForm(forms.Form):
    size = SizeField()
