"""The admin of memory tiers and GPUs. Prices are its busiest part."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from calculator.editing import RowAdmin, RowForm, count, publish, save_each, unpublish
from gpus.classes import Platform, UtilisationClass
from gpus.models import (
    CLOUD_PRICE_FIELDS,
    PRICE_AMOUNTS,
    PRICE_IS_STALE_AFTER,
    RETAIL_PRICE_FIELDS,
    Gpu,
    GpuQuerySet,
)
from gpus.tiers import MemoryTier

CHANGED_PRICE = "Change it, and the date it was checked on becomes today unless you set one."


@admin.register(MemoryTier)
class MemoryTierAdmin(RowAdmin):
    list_display = (
        "memory_gb",
        "label",
        "audience",
        "on_ladder",
        "may_be_multiplied",
        "order",
        "gpu_count",
    )
    list_editable = ("label", "on_ladder", "may_be_multiplied", "order")
    list_filter = ("on_ladder", "may_be_multiplied", "audience")
    search_fields = ("memory_gb", "label")

    def get_queryset(self, request: HttpRequest) -> QuerySet[MemoryTier]:
        tiers: QuerySet[MemoryTier] = super().get_queryset(request)
        return tiers.annotate(gpu_count=Count("gpus"))

    @admin.display(description="GPUs", ordering="gpu_count")
    def gpu_count(self, tier: MemoryTier) -> str:
        return str(tier.gpu_count)  # type: ignore[attr-defined]

    def view_on_site(self, tier: MemoryTier) -> str:
        return reverse("gpus:list")


@admin.register(UtilisationClass)
class UtilisationClassAdmin(RowAdmin):
    list_display = (
        "name",
        "low_fraction",
        "likely_fraction",
        "high_fraction",
        "is_assumption",
        "published",
    )
    list_editable = ("low_fraction", "likely_fraction", "high_fraction", "published")
    search_fields = ("name", "slug", "source")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Platform)
class PlatformAdmin(RowAdmin):
    list_display = ("name", "full_support", "lora_support", "qlora_support", "checked_on")
    search_fields = ("name", "slug", "note")
    prepopulated_fields = {"slug": ("name",)}


class GpuForm(RowForm):
    """A GPU on its own page and in the editable list: a changed price was checked today."""

    class Meta:
        help_texts = {
            "retail_price_usd": CHANGED_PRICE,
            "cloud_price_usd_per_hour": CHANGED_PRICE,
            "retail_price_source_name": "Needed with a price, as visitors read it.",
            "cloud_price_source_name": "Needed with a price, as visitors read it.",
            "retail_price_source_url": "Needed with a price: the page where one can check it.",
            "cloud_price_source_url": "Needed with a price: the page where one can check it.",
        }

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for prefix, amount in PRICE_AMOUNTS.items():
            if amount in self.changed_data and amount in self.cleaned_data:
                self._date_the_price(f"{prefix}_checked_on", self.cleaned_data[amount])
        return cleaned

    def _date_the_price(self, checked_on: str, usd: object) -> None:
        if checked_on in self.changed_data:
            return
        day = None if usd is None else timezone.localdate()
        if checked_on in self.fields:
            self.cleaned_data[checked_on] = day
        else:
            setattr(self.instance, checked_on, day)


class PriceAgeFilter(admin.SimpleListFilter):
    title = "price age"
    parameter_name = "price_age"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("stale", f"stale: not checked for {PRICE_IS_STALE_AFTER.days} days"),
            ("none", "no price at all"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Gpu]) -> QuerySet[Gpu]:
        if self.value() == "stale":
            assert isinstance(queryset, GpuQuerySet)
            return queryset.stale(timezone.localdate(), after=PRICE_IS_STALE_AFTER)
        if self.value() == "none":
            return queryset.filter(
                **{f"{amount}__isnull": True for amount in PRICE_AMOUNTS.values()}
            )
        return queryset


@admin.register(Gpu)
class GpuAdmin(RowAdmin):
    form = GpuForm
    actions = ("retail_prices_checked", "cloud_prices_checked", publish, unpublish)
    list_display = (
        "name",
        "tier",
        "retail_price_usd",
        "retail_price_age",
        "cloud_price_usd_per_hour",
        "cloud_price_age",
        "published",
        "vendor",
        "is_tier_example",
    )
    list_editable = ("tier", "retail_price_usd", "cloud_price_usd_per_hour", "published")
    list_filter = (PriceAgeFilter, "vendor", "audience", "tier", "published", "is_tier_example")
    list_select_related = ("tier",)
    search_fields = ("name", "short_name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "short_name", "slug", "vendor", "audience", "launched_on")}),
        (
            "Memory",
            {
                "fields": (
                    "tier",
                    "usable_memory_mib",
                    "usable_memory_basis",
                    "bandwidth_gb_per_s",
                    "nvlink",
                )
            },
        ),
        (
            "Compute",
            {
                "fields": (
                    "bf16_dense_tflops",
                    "bf16_tflops_basis",
                    "supports_bf16",
                    "compute_capability",
                    "utilisation_class",
                    "platform",
                    "tdp_w",
                )
            },
        ),
        (
            "Retail price",
            {"fields": RETAIL_PRICE_FIELDS},
        ),
        (
            "Cloud price",
            {"fields": CLOUD_PRICE_FIELDS},
        ),
        ("On the site", {"fields": ("published", "is_tier_example", "order", "source")}),
    )

    def get_changelist_formset(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[forms.BaseModelFormSet]:
        formset = super().get_changelist_formset(request, **kwargs)
        tier = formset.form.base_fields["tier"]
        assert isinstance(tier, forms.ModelChoiceField)
        tier.widget = tier.widget.widget  # without the links to add or change a tier in each row
        # Asked once, not once for each row.
        tier.choices = list(tier.choices)  # type: ignore[arg-type]
        return formset

    def view_on_site(self, gpu: Gpu) -> str | None:
        return gpu.get_absolute_url() if gpu.published else None

    @admin.display(description="checked", ordering="retail_price_checked_on")
    def retail_price_age(self, gpu: Gpu) -> str | None:
        return _age(gpu.retail_price_checked_on)

    @admin.display(description="checked", ordering="cloud_price_checked_on")
    def cloud_price_age(self, gpu: Gpu) -> str | None:
        return _age(gpu.cloud_price_checked_on)

    @admin.action(description="Retail price: checked today, unchanged", permissions=["change"])
    def retail_prices_checked(self, request: HttpRequest, queryset: QuerySet[Gpu]) -> None:
        self._prices_checked(request, queryset, "retail_price")

    @admin.action(description="Cloud price: checked today, unchanged", permissions=["change"])
    def cloud_prices_checked(self, request: HttpRequest, queryset: QuerySet[Gpu]) -> None:
        self._prices_checked(request, queryset, "cloud_price")

    def _prices_checked(self, request: HttpRequest, queryset: QuerySet[Gpu], prefix: str) -> None:
        what = prefix.replace("_", " ")
        gpus = list(queryset.exclude(**{f"{PRICE_AMOUNTS[prefix]}__isnull": True}))
        for gpu in gpus:
            setattr(gpu, f"{prefix}_checked_on", timezone.localdate())
        save_each(self, request, gpus, f"{prefix}_checked_on")
        messages.success(request, f"The {what} of {count(gpus, self)} was checked today.")
        if without := queryset.count() - len(gpus):
            messages.warning(request, f"{without} selected without a {what}: left as they are.")


def _age(checked_on: dt.date | None) -> str | None:
    if checked_on is None:
        return None
    age = timezone.localdate() - checked_on
    if age.days <= 0:
        return "today"
    words = "1 day ago" if age.days == 1 else f"{age.days:,} days ago"
    return f"{words}: stale" if age > PRICE_IS_STALE_AFTER else words
