"""By what the list of changes is narrowed down: since when, by whom, in which table."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from calculator.changes.models import ChangeSet
from calculator.changes.row_changes import histories


class SinceFilter(admin.SimpleListFilter):
    """Since a day and time that are typed or picked."""

    title = "since (UTC)"
    parameter_name = "since"
    template = "admin/changes/_since_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("typed", "typed")]  # one, so that the filter is shown

    def choices(self, changelist: Any) -> Any:
        kept = {
            name: value
            for name, value in changelist.get_filters_params().items()
            if name != self.parameter_name
        }
        yield {"kept": {name: value[-1] for name, value in kept.items()}, "since": self.value()}

    def queryset(self, request: HttpRequest, queryset: QuerySet[ChangeSet]) -> QuerySet[ChangeSet]:
        try:
            since = dt.datetime.fromisoformat(self.value() or "")
        except ValueError:
            return queryset
        return queryset.filter(
            at__gte=since if timezone.is_aware(since) else timezone.make_aware(since)
        )


class WhoFilter(admin.SimpleListFilter):
    title = "who"
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = get_user_model().objects.filter(is_staff=True).order_by("username")
        return [*((name, name) for name in names.values_list("username", flat=True)), ("-", "–")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ChangeSet]) -> QuerySet[ChangeSet]:
        name = self.value()
        return queryset if name is None else queryset.filter(who_name="" if name == "-" else name)


class TableFilter(admin.SimpleListFilter):
    title = "what"
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (model._meta.label_lower, str(model._meta.verbose_name_plural))
            for model in sorted(
                (history.instance_type for history in histories()),
                key=lambda each: str(each._meta.verbose_name_plural).lower(),
            )
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ChangeSet]) -> QuerySet[ChangeSet]:
        for history in histories():
            if history.instance_type._meta.label_lower == self.value():
                return queryset.filter(pk__in=history.objects.values("change_set"))
        return queryset
