"""Forms of the admin: a row on its own page, in an editable list, below another row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.template.loader import render_to_string
from django.utils.text import capfirst

from calculator.changes.locking import Conflict, conflict_of, version_of
from calculator.editing.side_by_side import side_by_side

T = TypeVar("T", bound=forms.BaseFormSet)


class VersionField(forms.CharField):
    """Which version of its row a page shows; not a thing that an editor changes."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, label="Version")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class RowForm(forms.ModelForm):
    """A form that may show only some of a row's fields, as the editable lists do.

    The whole row is checked all the same. What is wrong with a field that the list does not
    show is said above the row; Django would fail on it.

    A row that somebody else saved after the page was opened is refused with both versions side by
    side. What was typed stays in its fields; fields that were not touched show what stands now, so
    that saving again keeps both editors' changes. A row that was not touched at all is left alone.
    """

    row_version = VersionField()
    # What happened to the row below another one that this line was, if it was deleted meanwhile.
    gone: Conflict | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["row_version"] = version_of(self.instance)

    @cached_property
    def conflict(self) -> Conflict | None:
        """What happened to the row since the page was opened."""
        now = self.initial["row_version"]
        if not (self.is_bound and now):
            return None
        opened = self.data.get(self.add_prefix("row_version"), "")
        if opened == now:
            return None
        model = type(self.instance)
        row = model._base_manager.get(pk=self.instance.pk)
        return conflict_of(model, self.instance.pk, opened, row)

    @cached_property
    def changed_data(self) -> list[str]:
        """The fields that hold something else than when the page was opened."""
        names: list[str] = super().changed_data
        if self.conflict is None or self.conflict.seen is None:
            return names
        seen = forms.model_to_dict(self.conflict.seen)
        # Also where both typed the same: two who each add one to 7 do not mean 8.
        return [
            name
            for name, field in self.fields.items()
            if (field.has_changed(seen[name], self[name].data) if name in seen else name in names)
        ]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.gone is not None:
            super().add_error(None, ValidationError(_gone_words(self.gone), code="gone"))
        if self.conflict is not None:
            self._keep_what_stands()
            if self.changed_data:
                compared = side_by_side(self.conflict, self)
                message = render_to_string("admin/changes/_conflict.html", {"conflict": compared})
                super().add_error(None, ValidationError(message, code="conflict"))
        return cleaned

    def _keep_what_stands(self) -> None:
        """Let each field that was not touched hold what was saved in between."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        self.data = data
        data[self.add_prefix("row_version")] = self.initial["row_version"]
        for name, field in self.fields.items():
            if name in self.changed_data or name not in self.initial or name == "row_version":
                continue
            self.cleaned_data.pop(name, None)
            stands, key = field.prepare_value(self.initial[name]), self.add_prefix(name)
            if stands in (None, "", False):
                data.pop(key, None)
            else:
                data[key] = "on" if stands is True else str(stands)

    def add_error(self, field: str | None, error: Any) -> None:
        if field is not None or not hasattr(error, "error_dict"):
            super().add_error(field, error)
            return
        for name, errors in error.error_dict.items():
            if name in self.fields or name == NON_FIELD_ERRORS:
                super().add_error(name, errors)
            else:
                super().add_error(None, self._elsewhere(name, errors))

    def _elsewhere(self, name: str, errors: list[ValidationError]) -> str:
        label = str(self.instance._meta.get_field(name).verbose_name)
        said = " ".join(ValidationError(errors).messages)
        return f"{capfirst(label)}: {said} It is on the row's own page."


def _gone_words(gone: Conflict) -> str:
    who = (gone.by.who_name if gone.by else "") or "Somebody"
    why = f" “{gone.by.why}”" if gone.by and gone.by.why else ""
    return (
        f"{who} deleted this one after you opened the page.{why} What you typed stands here as a "
        "new line: save again and it is added anew, or open the page anew to let it go."
    )


def labelled(formset: type[T]) -> type[T]:
    """The same forms, each field named for those who do not see in which column it stands."""

    class Labelled(formset):  # type: ignore[valid-type, misc]
        def add_fields(self, form: forms.ModelForm, index: int | None) -> None:
            super().add_fields(form, index)
            row = str(form.instance) if form.instance.pk else "new"
            for field in form.fields.values():
                field.widget.attrs.setdefault("aria-label", f"{capfirst(str(field.label))}, {row}")

    return Labelled


class MultilineField(forms.CharField):
    """Text with the line ends of the files that it is loaded from.

    Browsers send CRLF; kept, every saved text would look edited to the next load and in the
    history.
    """

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").replace("\r\n", "\n")


MULTILINE_TEXT: Mapping[type[models.Field], Mapping[str, Any]] = {
    models.TextField: {"form_class": MultilineField}
}
