"""The admin of method presets, with their parts, and of sizes."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.urls import reverse

from calculator.editing import RowAdmin, RowInline, publish, unpublish
from calculator.presets.models import MethodPreset, ModelSize, PresetPart, Task
from calculator.words.formatting import format_number, query_number


class PresetPartFormSet(BaseInlineFormSet):
    default_error_messages = {
        "too_few_forms": "A preset needs at least one part: its figure is the sum of its parts."
    }


class PresetPartInline(RowInline):
    model = PresetPart
    formset = PresetPartFormSet
    min_num = 1
    extra = 0
    prepopulated_fields = {"slug": ("label",)}
    fields = ("label", "slug", "bytes_per_parameter", "explanation", "order")

    def get_formset(
        self, request: HttpRequest, obj: MethodPreset | None = None, **kwargs: object
    ) -> type[BaseInlineFormSet]:
        return super().get_formset(request, obj, validate_min=True, **kwargs)


@admin.register(MethodPreset)
class MethodPresetAdmin(RowAdmin):
    inlines = (PresetPartInline,)
    actions = (publish, unpublish)
    list_display = ("name", "task", "bytes_per_parameter", "summary", "order", "published")
    list_editable = ("order", "published")
    list_filter = ("task", "published")
    search_fields = ("name", "slug", "summary", "parts__label")
    prepopulated_fields = {"slug": ("name",)}
    readonly_fields = ("bytes_per_parameter",)
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "slug", "task", "summary", "audience_note"),
                "description": (
                    "The slug stands in links and in the FAQ's placeholders, such as "
                    "{memory:qlora:7}: change it only together with them."
                ),
            },
        ),
        (
            "Bytes per parameter",
            {
                "fields": ("bytes_per_parameter", "source"),
                "description": "The sum of the parts below, as they were saved last.",
            },
        ),
        ("On the site", {"fields": ("order", "published")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[MethodPreset]:
        return super().get_queryset(request).prefetch_related("parts")

    @admin.display(description="bytes per parameter")
    def bytes_per_parameter(self, preset: MethodPreset) -> str:
        if preset.pk is None:
            return "Shown once the parts are saved."
        total = sum((part.bytes_per_parameter for part in preset.parts.all()), Decimal(0))
        return format_number(total, decimals=4)

    def view_on_site(self, preset: MethodPreset) -> str | None:
        if not preset.published:
            return None
        return reverse(
            "calculator:training" if preset.task == Task.TRAINING else "calculator:inference"
        )


@admin.register(ModelSize)
class ModelSizeAdmin(RowAdmin):
    actions = (publish, unpublish)
    list_display = ("__str__", "params_b", "order", "published")
    list_display_links = ("__str__",)
    list_editable = ("params_b", "order", "published")
    list_filter = ("published",)
    search_fields = ("params_b",)

    def view_on_site(self, size: ModelSize) -> str:
        return f"{reverse('calculator:training')}?size={query_number(size.params_b)}"
