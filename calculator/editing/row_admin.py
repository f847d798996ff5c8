"""The admin pages of a table that editors keep, and of rows below another one's."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db import models
from django.forms.models import _get_foreign_key
from django.http import HttpRequest, HttpResponse

from calculator.changes.locking import hold
from calculator.changes.models import Kind
from calculator.changes.recording import change_set
from calculator.editing.forms import MULTILINE_TEXT, RowForm, labelled
from calculator.looking_ahead.admin import SHOW, LookAheadAdmin

# A link typed without its scheme is https, as it will be by default from Django 6.
FIELDS = {**MULTILINE_TEXT, models.URLField: {"assume_scheme": "https"}}
VERSION = "row_version"


class RowInline(admin.TabularInline):
    """Rows that belong to another one and are edited on its page."""

    form = RowForm
    formfield_overrides = FIELDS

    def get_formset(
        self, request: HttpRequest, obj: Any = None, **kwargs: Any
    ) -> type[forms.BaseInlineFormSet]:
        return labelled(super().get_formset(request, obj, **kwargs))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        if not self.has_change_permission(request, obj):
            return [each for each in fields if each != VERSION]
        return [*(each for each in fields if each != VERSION), VERSION]


class RowAdmin(LookAheadAdmin):
    """A table that editors keep.

    Each request that changes something is one change set, with the reason that its form gives. A
    row that somebody else saved in the meantime is refused by its form (`RowForm`).
    """

    form = RowForm
    formfield_overrides = FIELDS
    change_form_template = "admin/changes/row_form.html"
    change_list_template = "admin/changes/row_list.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets: Any = [
            (title, {**options, "fields": [each for each in options["fields"] if each != VERSION]})
            for title, options in super().get_fieldsets(request, obj)
        ]
        if obj is not None and self.has_change_permission(request, obj):
            fieldsets[-1][1]["fields"].append(VERSION)
        return fieldsets

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, **{"form": self.form, **kwargs})

    def get_changelist_formset(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[forms.BaseModelFormSet]:
        return labelled(super().get_changelist_formset(request, **kwargs))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method != "POST" or SHOW in request.POST:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with change_set(kind=Kind.EDIT, who=request.user, why=reason_of(request)):
            if object_id is not None:
                self._hold(request, unquote(object_id))
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _hold(self, request: HttpRequest, key: str) -> None:
        """Lock the row and those below it, so that nobody saves them between check and save."""
        if not key.isdecimal():
            return
        hold(self.model, key)
        for inline in self.get_inline_instances(request):
            parent = _get_foreign_key(self.model, inline.model, fk_name=inline.fk_name)
            assert parent is not None
            below = inline.model._base_manager.filter(**{parent.attname: key})
            hold(inline.model, *below.values_list("pk", flat=True))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "POST":
            return super().changelist_view(request, extra_context)
        with change_set(kind=Kind.LIST, who=request.user, why=reason_of(request)):
            hold(self.model, *self._posted_keys(request))
            return super().changelist_view(request, extra_context)

    def _posted_keys(self, request: HttpRequest) -> list[str]:
        key = re.compile(rf"form-\d+-{self.opts.pk.name}")
        posted = ((name, str(each)) for name, each in request.POST.items())
        return [each for name, each in posted if key.fullmatch(name) and each.isdecimal()]

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "POST":
            return super().delete_view(request, object_id, extra_context)
        with change_set(kind=Kind.EDIT, who=request.user, why=reason_of(request)):
            return super().delete_view(request, object_id, extra_context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and not form.changed_data:
            return  # Nothing was typed: a save would only look like a change.
        super().save_model(request, obj, form, change)


def reason_of(request: HttpRequest) -> str:
    """Why the editor says that this is changed; often nothing."""
    return request.POST.get("change_reason", "")
