"""Forms of the admin: a row on its own page, in an editable list, below another row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models


class RowForm(forms.ModelForm):
    """A form that may show only some of a row's fields, as the editable lists do.

    The whole row is checked all the same. What is wrong with a field that the list does not
    show is said above the row; Django would fail on it.
    """

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
        return f"{label[:1].upper()}{label[1:]}: {said} It is on the row's own page."


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
