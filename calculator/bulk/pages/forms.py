"""What an editor hands in, and how a preview's columns are to be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils import timezone

from calculator.bulk.reading.columns import choices_of
from calculator.bulk.reading.files import LARGEST_FILE_BYTES, decoded, read_file
from calculator.bulk.reading.grid import Grid, Unreadable
from calculator.bulk.reading.pasted import read_pasted
from calculator.bulk.tables import BulkTable
from calculator.bulk.waiting import Waiting
from gpus.prices.kinds import PriceKind

EVERYWHERE = ("kind", "provider", "source_name", "source_url", "checked_on")


class EverywhereForm(forms.Form):
    """What holds for each price that does not say so itself."""

    kind = forms.ChoiceField(
        required=False, choices=[("", "as the table says"), *PriceKind.choices], label="Kind"
    )
    provider = forms.CharField(required=False, max_length=50, label="Provider")
    source_name = forms.CharField(
        required=False, max_length=120, label="Source", help_text="As visitors read it."
    )
    source_url = forms.URLField(
        required=False, max_length=500, label="Link to the page", assume_scheme="https"
    )
    checked_on = forms.DateField(required=False, label="Seen on", help_text="Today, if left out.")

    def everywhere(self) -> dict[str, str]:
        day = self.cleaned_data["checked_on"] or timezone.localdate()
        texts = {name: str(self.cleaned_data[name]) for name in EVERYWHERE[:-1]}
        return {**texts, "checked_on": day.isoformat()}


class HandInForm(EverywhereForm):
    """A table as a file or a pasted text."""

    table = forms.ChoiceField(label="What is in it")
    pasted = forms.CharField(
        required=False,
        strip=False,
        label="Paste a table",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        help_text="Cells of a spreadsheet, a provider's page, CSV, JSON or a Markdown table.",
    )
    file = forms.FileField(
        required=False,
        label="Or a file",
        help_text=f"CSV, XLSX or JSON, up to {LARGEST_FILE_BYTES // 1000} kB.",
    )

    field_order = ("table", "pasted", "file", *EVERYWHERE)

    def __init__(self, *args: Any, tables: Iterable[BulkTable], **options: Any) -> None:
        super().__init__(*args, **{**options, "label_suffix": ""})
        names = [(table.name, table.title) for table in tables]
        # Prices are what editors bring every week.
        self.fields["table"].choices = sorted(names, key=lambda each: each[0] != "prices")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        pasted, file = self.cleaned_data.get("pasted", ""), self.cleaned_data.get("file")
        if bool(pasted.strip()) == bool(file):
            said = "Paste a table or choose a file" + (", not both." if file else ".")
            self.add_error("pasted", said)
            return cleaned
        try:
            self.cleaned_data["grid"] = _grid(pasted, file)
        except Unreadable as error:
            self.add_error("file" if file else "pasted", str(error))
        return cleaned

    @property
    def source(self) -> str:
        """Where the table came from, as lists name it."""
        file = self.cleaned_data["file"]
        return file.name if file else "a pasted table"


def _grid(pasted: str, file: Any) -> Grid:
    if not file:
        return read_pasted(pasted)
    if file.size > LARGEST_FILE_BYTES:
        raise Unreadable(
            f"The file has {file.size:,} bytes; {LARGEST_FILE_BYTES:,} go at once. Split it."
        )
    content = file.read()
    if file.name.lower().endswith((".md", ".tsv", ".txt")):
        return read_pasted(decoded(content))
    return read_file(content)


class ReadingForm(EverywhereForm):
    """How a waiting import is read: a choice for each column, and what holds everywhere."""

    has_header = forms.BooleanField(required=False, label="The first row holds the columns' names")
    leaves_out_unknown = forms.BooleanField(
        required=False, label="Leave out rows whose GPU the catalog does not have"
    )

    def __init__(self, data: Any, waiting: Waiting) -> None:
        initial = {
            **waiting.reading.everywhere,
            "has_header": waiting.grid.has_header,
            "leaves_out_unknown": waiting.reading.leaves_out_unknown,
        }
        super().__init__(data, initial=initial, label_suffix="")
        grid = waiting.grid
        self.column_names = [f"column-{position}" for position in range(len(grid.header))]
        choices = choices_of(waiting.table)
        for position, name in enumerate(self.column_names):
            letter = grid.letter(position)
            label = f"{grid.header[position]} ({letter})" if grid.has_header else letter
            self.fields[name] = forms.ChoiceField(
                required=False,
                choices=choices,
                label=label,
                initial=waiting.reading.columns[position],
            )
        if waiting.table.name != "prices":
            for unused in (*EVERYWHERE, "has_header", "leaves_out_unknown"):
                del self.fields[unused]
        self.is_of_prices = waiting.table.name == "prices"

    def columns(self) -> list[str]:
        return [self.cleaned_data[name] for name in self.column_names]

    def column_fields(self) -> list[Any]:
        return [self[name] for name in self.column_names]
