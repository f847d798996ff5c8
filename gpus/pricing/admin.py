"""The admin of prices: the list, one price, and the list of what to look at next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from calculator.editing import RowAdmin, RowInline, publish, unpublish
from calculator.words.formatting import format_day, format_usd
from gpus.prices.kinds import RENT_KINDS, PriceKind, price_words
from gpus.prices.models import PRICE_IS_STALE_AFTER, PriceObservation, PriceQuerySet
from gpus.prices.observing import end_offer, unchanged
from gpus.pricing import views
from gpus.pricing.forms import PriceForm
from gpus.pricing.work import seen_words


class PriceAgeFilter(admin.SimpleListFilter):
    title = "age"
    parameter_name = "age"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin
    ) -> list[tuple[str, str]]:
        return [
            ("current", "current: the newest of its kind and provider"),
            ("stale", f"stale: current, not checked for {PRICE_IS_STALE_AFTER.days} days"),
            ("ended", "no longer offered"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PriceObservation]
    ) -> QuerySet[PriceObservation]:
        prices = PriceObservation.objects
        if self.value() == "current":
            return queryset.filter(pk__in=prices.current().values("pk"))
        if self.value() == "stale":
            return queryset.filter(pk__in=prices.stale(timezone.localdate()).values("pk"))
        if self.value() == "ended":
            return queryset.exclude(ended_on=None)
        return queryset


@admin.action(description="Checked today, unchanged", permissions=["change"])
def checked_today(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[PriceObservation]
) -> None:
    """A row more for each of the selected, with today's date."""
    check_again(request, queryset)


def check_again(request: HttpRequest, prices: QuerySet[PriceObservation]) -> None:
    """Record today's look at the current ones among the prices; say what became of all."""
    assert isinstance(prices, PriceQuerySet)
    today, done, older = timezone.localdate(), 0, 0
    current = set(PriceObservation.objects.current().values_list("pk", flat=True))
    for price in prices.select_related("gpu"):
        if price.pk not in current:
            older += 1
        elif price.checked_on < today:
            unchanged(price, today, request.user)
            done += 1
    words = "1 price was" if done == 1 else f"{done} prices were"
    messages.success(request, f"{words} checked today, unchanged.")
    if older:
        messages.warning(
            request,
            f"{older} selected are not the newest of their kind, or no longer offered: left as "
            "they are.",
        )


@admin.action(description="No longer offered, since today", permissions=["change"])
def no_longer_offered(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[PriceObservation]
) -> None:
    """An end to the offers of which the selected are the newest."""
    offers = queryset.filter(pk__in=PriceObservation.objects.current().values("pk"))
    ended = list(offers.exclude(kind=PriceKind.BUY_LAUNCH))
    for price in ended:
        end_offer(price, timezone.localdate())
    words = "1 offer is" if len(ended) == 1 else f"{len(ended)} offers are"
    messages.success(request, f"{words} no longer there since today; past prices stay.")
    if left := queryset.count() - len(ended):
        messages.warning(
            request,
            f"{left} selected are no offers of today, but older, ended or launch prices: left as "
            "they are.",
        )


@admin.register(PriceObservation)
class PriceObservationAdmin(RowAdmin):
    # A price is checked weekly by whoever has the time; a wrong one is undone.
    editors_publish = True
    form = PriceForm
    actions = (checked_today, no_longer_offered, publish, unpublish)
    list_display = ("gpu", "what", "amount", "seen", "source", "published")
    list_display_links = ("gpu", "amount")
    list_filter = (PriceAgeFilter, "kind", "published", "provider")
    list_select_related = ("gpu",)
    list_per_page = 50
    search_fields = ("gpu__name", "gpu__slug", "provider", "source_name")
    autocomplete_fields = ("gpu",)
    date_hierarchy = "checked_on"
    ordering = ("-checked_on", "gpu__order", "gpu__name", "kind")

    def get_urls(self) -> list[URLPattern]:

        def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
            return views.said_at_the_line(self.admin_site, self.admin_site.admin_view(view))

        lines = [
            path("work/", wrap(views.work_list), name="price_work"),
            path("work/price/<int:pk>/", wrap(views.price_again), name="price_work_again"),
            path("work/gpu/<int:pk>/", wrap(views.first_price), name="price_work_first"),
        ]
        return lines + super().get_urls()

    def save_model(
        self, request: HttpRequest, obj: PriceObservation, form: forms.ModelForm, change: bool
    ) -> None:
        obj.editor = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    @admin.display(description="of what", ordering="kind")
    def what(self, price: PriceObservation) -> str:
        return price_words(PriceKind(price.kind), price.provider)

    @admin.display(description="price", ordering="usd")
    def amount(self, price: PriceObservation) -> str:
        per = " per hour" if price.kind in RENT_KINDS else ""
        about = "est. " if price.is_estimate else ""
        return f"{about}{format_usd(price.usd)}{per}"

    @admin.display(description="seen", ordering="checked_on")
    def seen(self, price: PriceObservation) -> str:
        words = seen_words(price.checked_on, timezone.localdate())
        if price.ended_on:
            words += f"; no longer offered since {format_day(price.ended_on)}"
        return words

    @admin.display(description="source", ordering="source_name")
    def source(self, price: PriceObservation) -> SafeString:
        return format_html(
            '<a href="{}" rel="noopener noreferrer">{}</a>', price.source_url, price.source_name
        )

    def view_on_site(self, price: PriceObservation) -> str | None:
        return price.gpu.get_absolute_url() if price.gpu.published else None


class PriceInline(RowInline):
    """A GPU's current prices on its page, and a line to enter a new one.

    What was seen stays: it is corrected on its own page, where its history is.
    """

    model = PriceObservation
    form = PriceForm
    extra = 1
    verbose_name_plural = "current prices"
    show_change_link = True
    fields = (
        "kind",
        "provider",
        "usd",
        "confirmed",
        "same_source",
        "source_name",
        "source_url",
        "checked_on",
        "is_estimate",
    )

    class Media:
        css = {"all": ("css/admin_prices.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceObservation]:
        rows = super().get_queryset(request)
        return rows.filter(pk__in=PriceObservation.objects.current().values("pk"))

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


def editor_of(formset: Any, user: Any) -> None:
    """Say of each new price of a formset who entered it."""
    for form in formset.forms:
        if isinstance(form, PriceForm):
            form.instance.editor = user
