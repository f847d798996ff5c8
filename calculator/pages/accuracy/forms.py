"""What visitors ask of the accuracy table, checked."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms

from calculator.pages.accuracy.selection import Selection
from calculator.words.methods import METHOD_NAMES
from calculator.words.paging import PageField
from calculator.words.query_forms import QueryForm

COUNTERS = {
    "allocated": "allocated",
    "reserved": "reserved",
    "device": "nvidia-smi",
    "unstated": "not stated",
}
ORDERS = {"worst": "largest error", "best": "smallest error", "id": "by source"}
DEFAULTS = {
    "against": "measured",
    "evidence": "best",
    "figure": "allocated",
    "order": "worst",
    "page": "1",
    "reports": "1",
}


class AccuracyForm(QueryForm):
    """The page's query string. It is always bound; what is left out has its default."""

    defaults = DEFAULTS

    against = forms.ChoiceField(
        label="Against", choices=[("measured", "measured"), ("traced", "traced")]
    )
    evidence = forms.ChoiceField(
        label="Evidence", choices=[("best", "complete"), ("all", "everything")]
    )
    method = forms.ChoiceField(
        required=False, label="Method", choices=[("", "any"), *METHOD_NAMES.items()]
    )
    figure = forms.ChoiceField(label="Figure", choices=[*COUNTERS.items(), ("any", "any")])
    gpus = forms.ChoiceField(
        required=False,
        label="GPUs",
        choices=[("", "any number"), ("one", "one"), ("several", "several")],
    )
    order = forms.ChoiceField(label="Order", choices=list(ORDERS.items()))
    page = PageField()
    # The page of the reports from the field.
    reports = PageField()

    def __init__(self, query: Mapping[str, str]) -> None:
        super().__init__(query)
        for name, field in self.fields.items():
            if isinstance(field, forms.ChoiceField):
                field.error_messages["invalid_choice"] = (
                    "Choose one from the list: “%(value)s” is not in it."
                )
                self._keep_typed(name, field)

    def _keep_typed(self, name: str, field: forms.ChoiceField) -> None:
        """What was asked stays chosen, even where the list does not have it."""
        asked = self.data.get(name, "")
        choices = dict(field.choices)  # type: ignore[arg-type]
        if asked not in choices:
            field.widget.choices = [*choices.items(), (asked, asked[:30])]

    def to_selection(self) -> Selection:
        return Selection(
            kind=self.cleaned_data["against"],
            method=self.cleaned_data["method"],
            counter="" if self.cleaned_data["figure"] == "any" else self.cleaned_data["figure"],
            gpus=self.cleaned_data["gpus"],
            evidence="best" if self.cleaned_data["evidence"] == "best" else "",
        )

    def to_query(self, **changes: str) -> dict[str, str]:
        """The query string's values; nothing for defaults."""
        values = {name: str(self.data.get(name, "")) for name in self.fields} | changes
        return {
            name: value
            for name, value in values.items()
            if value and value != DEFAULTS.get(name, "")
        }
