"""Form fields for what people type: amounts with a unit, whole numbers, words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms

from calculator.words.formatting import shortened

LARGEST_NUMBER = Decimal(1_000_000)


class AmountField(forms.CharField):
    """A positive amount: “24”, “24 GB”, “$1,599.50”."""

    def __init__(self, *, unit: str, example: str, **options: Any) -> None:
        self.example = example
        self._pattern = re.compile(
            rf"\$?\s*(?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)\s*(?:{unit})?",
            re.ASCII | re.IGNORECASE,
        )
        super().__init__(
            required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **options
        )

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]
        typed = super().to_python(value)
        if typed is None or typed in self.empty_values:
            return None
        match = self._pattern.fullmatch(typed)
        if match is None and re.fullmatch(r"[0-9]+,[0-9]+", typed):
            raise forms.ValidationError(
                f"Use a point for decimals: {typed.replace(',', '.')} instead of {typed}."
            )
        if match is None or len(typed) > 40:
            raise forms.ValidationError(
                f"Enter a number such as {self.example}: “{shortened(typed)}” is not one."
            )
        amount = Decimal(match["number"].replace(",", ""))
        if not 0 < amount <= LARGEST_NUMBER:
            raise forms.ValidationError(
                f"Enter a number above 0, up to {LARGEST_NUMBER:,}, such as {self.example}."
            )
        return amount


class WordField(forms.ChoiceField):
    """A choice by its name in the URL, in capitals or not."""

    def to_python(self, value: object) -> str:
        typed: str = super().to_python(value)
        # The widget's are the field's as pairs, however they were given.
        names = {str(name).casefold(): str(name) for name, _ in dict(self.choices).items()}  # type: ignore[arg-type]
        return names.get(typed.casefold(), typed)


class CountField(AmountField):
    """A whole number from 1 up: “10,000”."""

    def __init__(self, *, unit: str, example: str, **options: Any) -> None:
        super().__init__(unit=unit, example=example, **options)
        self.widget.attrs["inputmode"] = "numeric"

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]
        amount = super().to_python(value)
        if amount is not None and amount != amount.to_integral_value():
            raise forms.ValidationError(f"Enter a whole number such as {self.example}.")
        return amount
