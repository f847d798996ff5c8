"""What a visitor measured: how much, what the figure is, and of which method."""

from __future__ import annotations

from collections.abc import Mapping

from calculator.answer.why import Measured
from calculator.estimation.explaining import FigureKind
from calculator.estimation.usable_memory import usable_bytes
from calculator.words.fields import WordField
from calculator.words.memory_fields import Memory, MemoryField
from calculator.words.methods import METHOD_NAMES
from calculator.words.query_forms import QueryForm

OUT_OF_MEMORY = "oom"
FIGURES: dict[str, tuple[str, FigureKind]] = {
    "nvidia-smi": ("nvidia-smi", "device"),
    "allocated": ("max_memory_allocated()", "allocated"),
    "reserved": ("max_memory_reserved()", "reserved"),
    OUT_OF_MEMORY: ("Out of memory on a card of", "device"),
}

DEFAULTS = {"figure": "nvidia-smi", "method": "lora"}
# What is said to stand in for a field that is wrong.
DEFAULT_WORDS = {
    "figure": f"the figure of {DEFAULTS['figure']}",
    "amount": "nothing measured",
    "method": METHOD_NAMES[DEFAULTS["method"]],
}


class WhyForm(QueryForm):
    """Always bound; without an amount nothing has been measured yet."""

    id_prefix = "why"
    defaults = DEFAULTS

    figure = WordField(
        label="What showed it", choices=[(name, words) for name, (words, _) in FIGURES.items()]
    )
    amount = MemoryField(label="How much")
    method = WordField(label="Method", choices=METHOD_NAMES.items())

    def __init__(self, query: Mapping[str, str]) -> None:
        super().__init__(query)
        for name in ("figure", "method"):
            self.fields[name].error_messages["invalid_choice"] = "Choose one from the list."

    def measured(self) -> Measured | None:
        """What was measured, once it is typed and right."""
        if not self.is_valid() or self.cleaned_data["amount"] is None:
            return None
        figure, memory = self.cleaned_data["figure"], self.cleaned_data["amount"]
        kind = FIGURES[figure][1]
        if figure == OUT_OF_MEMORY:
            return Measured(kind, _card_bytes(memory), ran_out=True)
        return Measured(kind, memory.bytes, in_binary_units=memory.is_binary)

    def query(self) -> dict[str, str]:
        """The shortest query that asks the same; the method is always in it."""
        return {
            name: self.data[name].strip()
            for name in self.fields
            if self.data.get(name)
            and (name == "method" or self.data[name] != self.defaults.get(name))
        }


def _card_bytes(memory: Memory) -> int:
    """Of a card sold with so many GB, what it has for a run; another amount is meant as it is."""
    if memory.unit in ("", "g", "gb") and memory.amount == memory.amount.to_integral_value():
        return usable_bytes(int(memory.amount), None)
    return memory.bytes
