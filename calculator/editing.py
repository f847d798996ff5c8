"""What the admin pages of all tables share: forms of editable lists, and publishing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse

from calculator.looking_ahead.admin import ask_before_action


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


@admin.action(description="Publish", permissions=["change"])
def publish(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: models.QuerySet
) -> HttpResponse | None:
    return _set_published(model_admin, request, queryset, published=True)


@admin.action(description="Unpublish: keep, but show nowhere", permissions=["change"])
def unpublish(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: models.QuerySet
) -> HttpResponse | None:
    return _set_published(model_admin, request, queryset, published=False)


def _set_published(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    queryset: models.QuerySet,
    *,
    published: bool,
) -> HttpResponse | None:
    rows = list(queryset.exclude(published=published))
    action = "publish" if published else "unpublish"
    if asked := ask_before_action(model_admin, request, rows, action, published=published):
        return asked
    for row in rows:
        row.published = published
    save_each(model_admin, request, rows, "published")
    done = "published" if published else "unpublished"
    messages.success(request, f"{count(rows, model_admin)} {done}.")
    return None


def save_each(
    model_admin: admin.ModelAdmin, request: HttpRequest, rows: list[Any], field: str
) -> None:
    """Save one field of each row, as an editor's change: in the history and seen by the site.

    `queryset.update()` would leave `updated_at`, by which the site notices a change.
    """
    for row in rows:
        row.save(update_fields=[field, "updated_at"])
        model_admin.log_change(request, row, [{"changed": {"fields": [_label(row, field)]}}])


def count(rows: list[Any], model_admin: admin.ModelAdmin) -> str:
    names = model_admin.opts
    return f"{len(rows)} {names.verbose_name if len(rows) == 1 else names.verbose_name_plural}"


def _label(row: models.Model, field: str) -> str:
    each = row._meta.get_field(field)
    assert isinstance(each, models.Field)
    return str(each.verbose_name).capitalize()
