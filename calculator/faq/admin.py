"""The admin of FAQ entries."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from calculator.editing import MULTILINE_TEXT, RowForm, publish, unpublish
from calculator.faq.models import FaqEntry
from calculator.looking_ahead.admin import LookAheadAdmin


@admin.register(FaqEntry)
class FaqEntryAdmin(LookAheadAdmin):
    form = RowForm
    formfield_overrides = MULTILINE_TEXT
    actions = (publish, unpublish)
    list_display = (
        "question",
        "slug",
        "topic",
        "order",
        "on_front_page",
        "published",
        "updated_at",
    )
    list_editable = ("topic", "order", "on_front_page", "published")
    list_filter = ("published", "on_front_page", "topic")
    search_fields = ("question", "slug", "answer")
    prepopulated_fields = {"slug": ("question",)}
    fields = (
        "question",
        "slug",
        "answer",
        "calculator_query",
        "topic",
        "order",
        "on_front_page",
        "published",
    )

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, form=RowForm, **kwargs)

    def view_on_site(self, entry: FaqEntry) -> str | None:
        return entry.get_absolute_url() if entry.published else None
