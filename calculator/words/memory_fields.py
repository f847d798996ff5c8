"""A form field for an amount of memory, in the units in which tools print it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from django import forms

from calculator.estimation.units import GB, GIB
from calculator.words.fields import AmountField

MIB = 2**20
MB = 10**6
BYTES_OF_UNIT = {"gib": GIB, "gb": GB, "g": GB, "mib": MIB, "mb": MB, "": GB}
MOST_BYTES = 100_000 * GB


@dataclass(frozen=True, slots=True)
class Memory:
    """An amount as it was typed; `unit` is in lower case, empty where none was typed."""

    amount: Decimal
    unit: str

    @property
    def bytes(self) -> int:
        return int(self.amount * BYTES_OF_UNIT[self.unit])

    @property
    def is_binary(self) -> bool:
        return self.unit in ("gib", "mib")


class MemoryField(AmountField):
    """An amount of memory: “17.2”, “17.2 GB”, “16 GiB”, “15,360MiB”; without a unit it is GB."""

    def __init__(self, *, label: str) -> None:
        super().__init__(unit="GiB|GB|G|MiB|MB", example="17.2 GB or 15,360 MiB", label=label)
        self.widget.attrs["placeholder"] = "e.g. 17.2 GB"

    def to_python(self, value: object) -> Memory | None:  # type: ignore[override]
        amount = super().to_python(value)
        if amount is None:
            return None
        found = re.search(r"[a-z]*$", str(value).strip().lower())
        memory = Memory(amount, found[0] if found else "")
        if not 0 < memory.bytes <= MOST_BYTES:
            raise forms.ValidationError(
                "Enter an amount of at most 100,000 GB, such as 17.2 GB or 15,360 MiB."
            )
        return memory
