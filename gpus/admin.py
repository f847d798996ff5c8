"""The admin of memory tiers and GPUs. Prices are its busiest part."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from calculator.editing import RowAdmin, publish, unpublish
from calculator.words.formatting import format_day, format_usd
from gpus.classes import Platform, UtilisationClass
from gpus.models import Gpu
from gpus.prices.kinds import SHOWN_TO_BUY, SHOWN_TO_RENT, PriceKind
from gpus.prices.models import PRICE_IS_STALE_AFTER, PriceObservation
from gpus.prices.shown import shown
from gpus.pricing.admin import PriceInline, check_again, editor_of
from gpus.tiers import MemoryTier


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
            stale = PriceObservation.objects.stale(timezone.localdate())
            return queryset.filter(pk__in=stale.values("gpu"))
        if self.value() == "none":
            return queryset.exclude(pk__in=PriceObservation.objects.current().values("gpu"))
        return queryset


@admin.action(description="Prices: checked today, unchanged", permissions=["change"])
def prices_checked(model_admin: ModelAdmin, request: HttpRequest, queryset: QuerySet[Gpu]) -> None:
    """A look at every current price of the selected GPUs but what they cost at launch."""
    current = PriceObservation.objects.current().exclude(kind=PriceKind.BUY_LAUNCH)
    check_again(request, current.filter(gpu__in=queryset))


def _price_and_day(usd: Decimal | None, seen_on: dt.date | None) -> str:
    if usd is None or seen_on is None:
        return "–"
    return format_html("{}, <span>{}</span>", format_usd(usd), format_day(seen_on))


@admin.register(Gpu)
class GpuAdmin(RowAdmin):
    actions = (prices_checked, publish, unpublish)
    inlines = (PriceInline,)
    list_display = (
        "name",
        "tier",
        "published",
        "to_buy",
        "to_rent",
        "vendor",
        "is_tier_example",
    )
    list_editable = ("tier", "published")
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
        ("On the site", {"fields": ("published", "is_tier_example", "order", "source")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Gpu]:
        gpus: QuerySet[Gpu] = super().get_queryset(request)
        return gpus.annotate(
            buy_usd=shown(SHOWN_TO_BUY, "usd"),
            buy_seen_on=shown(SHOWN_TO_BUY, "checked_on"),
            rent_usd=shown(SHOWN_TO_RENT, "usd"),
            rent_seen_on=shown(SHOWN_TO_RENT, "checked_on"),
        )

    # A card without a price sorts as the cheapest: databases do not agree on where nothing stands.
    @admin.display(description="to buy", ordering=Coalesce("buy_usd", Decimal(0)))
    def to_buy(self, gpu: Gpu) -> str:
        return _price_and_day(gpu.buy_usd, gpu.buy_seen_on)  # type: ignore[attr-defined]

    @admin.display(description="to rent, an hour", ordering=Coalesce("rent_usd", Decimal(0)))
    def to_rent(self, gpu: Gpu) -> str:
        return _price_and_day(gpu.rent_usd, gpu.rent_seen_on)  # type: ignore[attr-defined]

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

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        editor_of(formset, request.user)
        super().save_formset(request, form, formset, change)

    def view_on_site(self, gpu: Gpu) -> str | None:
        return gpu.get_absolute_url() if gpu.published else None
