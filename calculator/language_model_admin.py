"""The admin of language models: names and counts in the list, the shape on a model's own page."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse

from calculator.editing import MULTILINE_TEXT, RowForm, publish, unpublish
from calculator.language_model_rows import LanguageModel

_NAMES = (
    "display_name",
    "slug",
    "hf_id",
    "family",
    "license",
    "released_on",
    "architecture_kind",
)
_COUNTS = (
    "params_total",
    "params_active",
    "params_total_basis",
    "params_computed_text",
    "params_published_checkpoint",
    "mismatch_pct",
    "mismatch_note",
)
_SITE = ("order", "published", "source")


@admin.register(LanguageModel)
class LanguageModelAdmin(admin.ModelAdmin):
    form = RowForm
    formfield_overrides = MULTILINE_TEXT
    actions = (publish, unpublish)
    list_display = (
        "display_name",
        "family",
        "params_total",
        "architecture_kind",
        "model_type",
        "released_on",
        "published",
    )
    list_editable = ("published",)
    list_filter = ("architecture_kind", "published", "family")
    search_fields = ("display_name", "slug", "hf_id", "family", "model_type")
    prepopulated_fields = {"slug": ("display_name",)}
    fieldsets = (
        (None, {"fields": _NAMES}),
        ("Parameters", {"fields": _COUNTS}),
        (
            "Shape, as its config.json states it",
            {
                "fields": tuple(
                    each.name
                    for each in LanguageModel._meta.concrete_fields
                    if each.editable and each.name not in ("id", *_NAMES, *_COUNTS, *_SITE)
                )
            },
        ),
        ("On the site", {"fields": _SITE}),
    )

    def view_on_site(self, model: LanguageModel) -> str | None:
        if not model.published:
            return None
        return f"{reverse('calculator:training')}?model={model.slug}"
