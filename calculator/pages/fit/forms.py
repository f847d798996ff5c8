"""What a visitor asks of /fit/ beside the model and its settings: method, data, price, order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django import forms

from calculator.answer.precise import PRECISE_METHODS
from calculator.answer.setups import MOST_GPUS, Stated, Workload
from calculator.estimation.cluster.counts import count_that_can_be_had, words_for_count
from calculator.estimation.cluster.sharding import OFFLOAD_NAMES, STRATEGY_NAMES
from calculator.pages.fit.ordering import DEFAULT_SORT, SORTS
from calculator.question.cluster import CLUSTER_NAMES
from calculator.words.fields import AmountField, CountField, WordField
from calculator.words.formatting import query_number
from calculator.words.methods import METHOD_NAMES
from calculator.words.numbers import LENGTHS, THOUSANDS
from calculator.words.query_forms import QueryForm, choice_field
from gpus.specs import GpuSpec

MOST = Decimal(10**15)
"""More tokens than any model has been trained on."""
# The table needs no price: while one is wrong or has no GPU, it stands without.
PRICE_FIELDS = frozenset({"price", "price_gpu"})

DEFAULTS = {
    "method": "lora",
    "examples": "10000",
    "example_tokens": "500",
    "epochs": "3",
    "sort": DEFAULT_SORT,
}

# What is said to stand in for a field that is wrong.
DEFAULT_WORDS = {
    "method": METHOD_NAMES[DEFAULTS["method"]],
    "examples": f"{int(DEFAULTS['examples']):,} examples",
    "example_tokens": f"{DEFAULTS['example_tokens']} tokens per example",
    "epochs": f"{DEFAULTS['epochs']} epochs",
    "total_tokens": "the tokens that the examples come to",
    "gpu_count": "any number of GPUs",
    "strategy": "any way to share it out",
    "offload": "the host’s memory as needed",
    "sort": f"the {SORTS[DEFAULT_SORT]}",
}


class FitForm(QueryForm):
    """Always bound; what is left out has its default."""

    id_prefix = "fit"
    defaults = DEFAULTS

    method = WordField(label="Method", choices=METHOD_NAMES.items())
    examples = CountField(
        unit="examples?", example="10,000", letters=THOUSANDS, largest=MOST, label="Examples"
    )
    example_tokens = CountField(
        unit="tokens?", example="500", letters=LENGTHS, label="Tokens per example"
    )
    epochs = AmountField(unit="epochs?", example="3", label="Epochs")
    total_tokens = CountField(
        unit="tokens?",
        example="50M",
        letters=THOUSANDS,
        largest=MOST,
        label="Or tokens in all",
    )
    price = AmountField(unit=r"USD|/\s*h", example="1.50", label="Your price ($/h)")
    price_gpu = WordField(required=False, label="For one of these")
    gpu_count = CountField(unit="gpus?|cards?", example="4", label="Number of GPUs (any)")
    strategy = WordField(
        required=False, label="Shared out by", choices=[("", "any way"), *STRATEGY_NAMES.items()]
    )
    offload = WordField(
        required=False, label="In host memory", choices=[("", "as needed"), *OFFLOAD_NAMES.items()]
    )
    sort = WordField(label="Order", choices=[(k, w.capitalize()) for k, w in SORTS.items()])

    def __init__(self, query: Mapping[str, str], gpus: Iterable[GpuSpec]) -> None:
        super().__init__(query)
        choices = [(gpu.slug, gpu.name) for gpu in gpus]
        choice_field(self, "price_gpu").choices = [
            ("", "choose"),
            *sorted(choices, key=lambda c: c[1]),
        ]
        for field in self.fields.values():
            if isinstance(field, WordField):
                field.error_messages["invalid_choice"] = "Choose one from the list."

    def clean_gpu_count(self) -> Decimal | None:
        count: Decimal | None = self.cleaned_data["gpu_count"]
        if count is not None and count > MOST_GPUS:
            raise forms.ValidationError(f"Enter a whole number from 1 to {MOST_GPUS}.")
        return count

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        has_price, has_gpu = cleaned.get("price") is not None, bool(cleaned.get("price_gpu"))
        if has_price and not has_gpu and "price_gpu" not in self.errors:
            self.add_error("price_gpu", "Say which GPU has this price.")
        if has_gpu and not has_price and "price" not in self.errors:
            self.add_error("price", "Enter the price of this GPU per hour, such as 1.50.")
        return cleaned

    @property
    def is_answerable(self) -> bool:
        """Whether there is enough to answer by: all but the visitor's own price is right."""
        return set(self.errors) <= PRICE_FIELDS

    def workload(self, sequence_length: int) -> Workload:
        """What is trained on: the tokens in all where they are typed, or what examples come to.

        Examples longer than the sequence length are cut to it.
        """
        cleaned = self.cleaned_data
        total_tokens = cleaned["total_tokens"]
        if total_tokens is None:
            tokens = min(cleaned["example_tokens"], sequence_length)
            total_tokens = cleaned["examples"] * tokens * cleaned["epochs"]
        has_price = PRICE_FIELDS.isdisjoint(self.errors)
        return Workload(
            dataset_tokens=int(total_tokens),
            own_price_gpu=cleaned["price_gpu"] if has_price else "",
            own_price_usd_per_hour=cleaned["price"] if has_price else None,
        )

    def stated(self) -> Stated:
        """What is stated of the strategy, the offload and the GPUs, as many as can be had."""
        cleaned = self.cleaned_data
        count = cleaned["gpu_count"]
        return Stated(
            None if count is None else count_that_can_be_had(int(count)),
            cleaned["strategy"] or None,
            cleaned["offload"] or None,
        )

    def cluster_query(self) -> dict[str, str]:
        """The cluster for the calculator, where it is stated whole: number and strategy."""
        if not self.is_valid() or not (
            self.cleaned_data["gpu_count"] and self.cleaned_data["strategy"]
        ):
            return {}
        values = {name: _text(self.cleaned_data[name]) for name in CLUSTER_NAMES}
        return {name: text for name, text in values.items() if text}

    def count_words(self) -> str:
        """What is said of a number of GPUs that cannot be had as such."""
        count = self.cleaned_data["gpu_count"]
        return "" if count is None else words_for_count(int(count))

    def query(self) -> dict[str, str]:
        """The shortest query that asks the same; as typed while there is an error."""
        if not self.is_valid():
            return {
                name: self.data[name]
                for name in self.fields
                if self.data.get(name) and self.data[name] != DEFAULTS.get(name)
            }
        values = {name: _text(self.cleaned_data[name]) for name in self.fields}
        return {
            name: text for name, text in values.items() if text and text != DEFAULTS.get(name)
        } | {"method": values["method"]}


# What the form needs to be asked about; a required field that is emptied has its default.
assert set(DEFAULTS) <= set(FitForm.base_fields)
assert set(METHOD_NAMES) == set(PRECISE_METHODS)
assert set(DEFAULT_WORDS) | PRICE_FIELDS == set(FitForm.base_fields)


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return query_number(value)
    return "" if value is None else str(value)
