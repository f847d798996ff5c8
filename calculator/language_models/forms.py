"""What visitors ask of the list of models."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django import forms

from calculator.language_models.search import LONGEST_SEARCH
from calculator.language_models.selection import ModelFilter
from calculator.words.fields import AmountField, WordField
from calculator.words.formatting import query_number, shortened

KINDS = (("", "any"), ("dense", "dense"), ("moe", "mixture of experts"))


class ModelListForm(forms.Form):
    """The list's query string. It is always bound; what is left out is not asked for."""

    use_required_attribute = False

    search = forms.CharField(
        required=False,
        label="Search",
        max_length=LONGEST_SEARCH,
        error_messages={"max_length": f"Search for at most {LONGEST_SEARCH} characters."},
        widget=forms.TextInput(attrs={"placeholder": "e.g. qwen 8b"}),
    )
    kind = WordField(required=False, label="Kind", choices=KINDS)
    size = AmountField(unit="B", example="8", label="Up to (billion parameters)")

    def __init__(self, query: Mapping[str, str]) -> None:
        asked = {name: value for name, value in query.items() if value.strip()}
        super().__init__(asked, auto_id="filter-%s")
        kind = self.fields["kind"]
        typed = self.data.get("kind", "")
        kind.error_messages["invalid_choice"] = (
            f"Choose one from the list: “{shortened(typed)}” is not in it."
        )
        if typed and kind.to_python(typed) not in dict(KINDS):
            kind.widget.choices = [*KINDS, (typed, shortened(typed))]
        elif typed:
            self.data["kind"] = kind.to_python(typed)
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"filter-{name}_error"

    def to_filter(self) -> ModelFilter:
        return ModelFilter(
            text=self.cleaned_data["search"],
            kind=self.cleaned_data["kind"],
            most_params_b=self.cleaned_data["size"],
        )

    def typed(self) -> dict[str, str]:
        """The query as it was typed, for the address of a page that shows its errors."""
        return {name: self.data[name] for name in self.fields if name in self.data}


def to_query(wanted: ModelFilter) -> dict[str, str]:
    """The query string's values that stand for a filter."""
    size: Decimal | None = wanted.most_params_b
    query = {
        "search": wanted.text,
        "kind": wanted.kind,
        "size": "" if size is None else query_number(size),
    }
    return {name: value for name, value in query.items() if value}
