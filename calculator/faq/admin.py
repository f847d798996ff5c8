"""The admin of FAQ entries."""

from __future__ import annotations

from django.contrib import admin

from calculator.editing import RowAdmin, publish, unpublish
from calculator.faq.models import FaqEntry


@admin.register(FaqEntry)
class FaqEntryAdmin(RowAdmin):
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

    def view_on_site(self, entry: FaqEntry) -> str | None:
        return entry.get_absolute_url() if entry.published else None
