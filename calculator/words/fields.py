"""Form fields for what people type: amounts with a unit, whole numbers, words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from calculator.words.formatting import shortened
from calculator.words.numbers import LONGEST, THOUSANDS, read_number

LARGEST_NUMBER = Decimal(1_000_000)
# “M” and “B” are units in some fields: those that want them as numbers say so.
JUST_K: Mapping[str, int | Decimal] = {"k": THOUSANDS["k"]}


class AmountField(forms.CharField):
    """A positive amount: “24”, “24 GB”, “$1,599.50”, “1.5k”.

    letters: what may stand behind the number and what each multiplies it by; largest: how much
    is taken at most.
    """

    def __init__(
        self,
        *,
        unit: str,
        example: str,
        letters: Mapping[str, int | Decimal] = JUST_K,
        largest: Decimal = LARGEST_NUMBER,
        **options: Any,
    ) -> None:
        self.example = example
        self._letters = letters
        self._largest = largest
        self._unit = re.compile(rf"\s*(?:{unit})$", re.ASCII | re.IGNORECASE)
        super().__init__(
            required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"}), **options
        )

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]
        typed = super().to_python(value)
        if typed is None or typed in self.empty_values:
            return None
        amount = None
        if len(typed) <= LONGEST:
            amount = read_number(self._unit.sub("", typed.removeprefix("$")), self._letters)
        if amount is None and re.fullmatch(r"[0-9]+,[0-9]+", typed):
            raise forms.ValidationError(
                f"Use a point for decimals: {typed.replace(',', '.')} instead of {typed}."
            )
        if amount is None:
            raise forms.ValidationError(
                f"Enter a number such as {self.example}: “{shortened(typed)}” is not one."
            )
        if not 0 < amount <= self._largest:
            raise forms.ValidationError(
                f"Enter a number above 0, up to {self._largest:,}, such as {self.example}."
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
    """A whole number from 1 up: “10,000”, “10k”."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs["inputmode"] = "numeric"

    def to_python(self, value: object) -> Decimal | None:  # type: ignore[override]
        amount = super().to_python(value)
        if amount is not None and amount != amount.to_integral_value():
            raise forms.ValidationError(f"Enter a whole number such as {self.example}.")
        return amount
