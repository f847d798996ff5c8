"""What a visitor asks of one GPU: how many of it, and for which model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django import forms

from calculator.answer.setups import MOST_GPUS
from calculator.words.fields import CountField, WordField
from calculator.words.query_forms import QueryForm, choice_field

# What is said to stand in for a number that is wrong.
ONE_CARD = "one card"


class CardForm(QueryForm):
    """Always bound; what is left out has its default."""

    id_prefix = "card"

    gpu_count = CountField(unit="gpus?|cards?", example="2", label="How many of it")
    model = WordField(label="A model")

    def __init__(
        self, query: Mapping[str, str], models: Iterable[tuple[str, str]], default_model: str
    ) -> None:
        super().__init__(query, defaults={"gpu_count": "1", "model": default_model})
        choice_field(self, "model").choices = list(models)
        self.fields["model"].error_messages["invalid_choice"] = (
            "Choose a model from the list: this one is not in it."
        )

    def clean_gpu_count(self) -> int:
        count = self.cleaned_data["gpu_count"]
        if count > MOST_GPUS:
            raise forms.ValidationError(f"Enter a whole number from 1 to {MOST_GPUS}.")
        return int(count)
