"""The admin of price feeds: which are on, which are trusted, and reading one now."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from calculator.bulk.feeds.fetching import Unfetchable
from calculator.bulk.feeds.running import read_feed
from calculator.bulk.models import PriceFeed
from calculator.bulk.reading.grid import Unreadable
from calculator.editing import RowAdmin


@admin.register(PriceFeed)
class PriceFeedAdmin(RowAdmin):
    list_display = ("name", "provider", "is_on", "is_trusted", "last_read_at", "last_outcome")
    actions = ("read_now",)
    readonly_fields = ("last_read_at", "last_outcome")

    @admin.action(description="Read now, and look at what would change", permissions=["change"])
    def read_now(self, request: HttpRequest, queryset: QuerySet[PriceFeed]) -> HttpResponse | None:
        found = []
        for feed in queryset:
            try:
                found.append(read_feed(feed, editor=request.user))
            except (Unfetchable, Unreadable) as error:
                messages.error(request, f"{feed}: {error}")
        waiting = [each for each in found if each.pk and each.applied_at is None]
        for each in found:
            if each not in waiting:
                messages.success(request, f"{each.source}: {each.outcome or 'nothing to change.'}")
        if len(waiting) == 1:
            return redirect("bulk:preview", pk=waiting[0].pk)
        return redirect("bulk:index") if waiting else None
