"""Rows below another one that somebody deleted after the page was opened.

Django knows nothing of such a row: it draws no line for it and refuses the whole page with “Select a
valid choice”. Here its line is taken out of what was sent, unless something was typed into it; then it
becomes a new line, which says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from django import forms

from calculator.changes.locking import Conflict, conflict_of

T = TypeVar("T", bound=forms.BaseFormSet)


def without_gone_rows(formset: type[T]) -> type[T]:
    """The same forms, of the rows that are still there; `gone` are those taken out."""

    class WithoutGoneRows(formset):  # type: ignore[valid-type, misc]
        data: Any

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.gone: list[Conflict] = []
            self._typed_over: dict[int, Conflict] = {}
            if self.is_bound and self.management_form.is_valid():
                self._take_out()

        def _take_out(self) -> None:
            initial = self.initial_form_count()
            lines = [self._line(index) for index in range(self.total_form_count())]
            found = dict(self._gone_among(lines[:initial]))
            if not found:
                return
            kept = [line for at, line in enumerate(lines) if at not in found]
            for at, gone in found.items():
                if lines[at].get("DELETE") or not self._is_typed_over(lines[at], gone):
                    self.gone.append(gone)
                    continue
                self._typed_over[len(kept)] = gone
                kept.append({**lines[at], self.model._meta.pk.name: "", "row_version": ""})
            self._send(kept, initial - len(found))

        def _line(self, index: int) -> dict[str, str]:
            start = f"{self.add_prefix(index)}-"
            own = (name for name in self.data if name.startswith(start))
            return {name.removeprefix(start): self.data[name] for name in own}

        def _gone_among(self, lines: list[dict[str, str]]) -> Iterator[tuple[int, Conflict]]:
            keys = [line.get(self.model._meta.pk.name, "") for line in lines]
            rows = self.model._base_manager.filter(pk__in=filter(str.isdecimal, keys))
            # A row of another parent is not gone: such a page was not ours.
            there = {str(key) for key in rows.values_list("pk", flat=True)}
            for at, (line, key) in enumerate(zip(lines, keys, strict=True)):
                if key.isdecimal() and key not in there:
                    found = conflict_of(self.model, key, line.get("row_version", ""), None)
                    if found.by is not None:
                        yield at, found

        def _is_typed_over(self, line: dict[str, str], gone: Conflict) -> bool:
            if gone.seen is None:
                return True
            seen = forms.model_to_dict(gone.seen, exclude=[self.model._meta.pk.name])
            fields = (
                (name, field) for name, field in self.form.base_fields.items() if name in seen
            )
            return any(
                field.has_changed(seen[name], field.widget.value_from_datadict(line, {}, name))
                for name, field in fields
            )

        def _send(self, lines: list[dict[str, str]], initial: int) -> None:
            """Let the page have sent these lines, of which so many are rows that are there."""
            data = {
                name: self.data[name]
                for name in self.data
                if not name.startswith(f"{self.prefix}-") or name.endswith("_FORMS")
            }
            for index, line in enumerate(lines):
                data |= {f"{self.add_prefix(index)}-{name}": text for name, text in line.items()}
            data[f"{self.prefix}-TOTAL_FORMS"] = str(len(lines))
            data[f"{self.prefix}-INITIAL_FORMS"] = str(initial)
            self.data = data
            del self.management_form

        def add_fields(self, form: Any, index: int | None) -> None:
            super().add_fields(form, index)
            if index in self._typed_over:
                form.gone = self._typed_over[index]

    return WithoutGoneRows
