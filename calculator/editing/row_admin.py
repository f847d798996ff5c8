"""The admin pages of a table that editors keep, and of rows below another one's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse

from calculator.changes.models import Kind
from calculator.changes.recording import change_set
from calculator.editing.forms import MULTILINE_TEXT, RowForm
from calculator.looking_ahead.admin import SHOW, LookAheadAdmin

# A link typed without its scheme is https, as it will be by default from Django 6.
FIELDS = {**MULTILINE_TEXT, models.URLField: {"assume_scheme": "https"}}


class RowInline(admin.TabularInline):
    """Rows that belong to another one and are edited on its page."""

    form = RowForm
    formfield_overrides = FIELDS


class RowAdmin(LookAheadAdmin):
    """A table that editors keep.

    Each request that changes something is one change set, with the reason that its form gives.
    """

    form = RowForm
    formfield_overrides = FIELDS

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, **{"form": self.form, **kwargs})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST" or SHOW in request.POST:
            return super().changeform_view(request, *args, **kwargs)
        with change_set(kind=Kind.EDIT, who=request.user, why=reason_of(request)):
            return super().changeform_view(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return super().changelist_view(request, *args, **kwargs)
        with change_set(kind=Kind.LIST, who=request.user, why=reason_of(request)):
            return super().changelist_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return super().delete_view(request, *args, **kwargs)
        with change_set(kind=Kind.EDIT, who=request.user, why=reason_of(request)):
            return super().delete_view(request, *args, **kwargs)


def reason_of(request: HttpRequest) -> str:
    """Why the editor says that this is changed; often nothing."""
    return request.POST.get("change_reason", "")
