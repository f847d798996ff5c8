"""What visitors ask of the list of models."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from calculator.language_models.search import LONGEST_SEARCH
from calculator.language_models.selection import ModelFilter
from calculator.words.fields import AmountField, WordField
from calculator.words.formatting import query_number
from calculator.words.paging import PageField
from calculator.words.query_forms import QueryForm, search_field

KINDS = (("dense", "dense"), ("moe", "mixture of experts"))


class ModelListForm(QueryForm):
    """The list's query string. It is always bound; what is left out is not asked for."""

    search = search_field(LONGEST_SEARCH, "qwen 8b")
    kind = WordField(required=False, label="Kind")
    size = AmountField(unit="B", example="8", label="Up to (billion parameters)")
    page = PageField(label="Page")

    def __init__(self, query: Mapping[str, str]) -> None:
        super().__init__(query)
        self.offer("kind", KINDS)

    def to_filter(self) -> ModelFilter:
        return ModelFilter(
            text=self.cleaned_data["search"],
            kind=self.cleaned_data["kind"],
            most_params_b=self.cleaned_data["size"],
        )


def to_query(wanted: ModelFilter, page: int = 1) -> dict[str, str]:
    """The query string's values that stand for a list and a page of it; nothing for defaults."""
    size: Decimal | None = wanted.most_params_b
    query = {
        "search": wanted.text,
        "kind": wanted.kind,
        "size": "" if size is None else query_number(size),
        "page": "" if page == 1 else str(page),
    }
    return {name: value for name, value in query.items() if value}
