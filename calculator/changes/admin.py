"""The admin of changes: all of them, what each did, and the button that undoes it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from calculator.changes.filters import SinceFilter, TableFilter, WhoFilter
from calculator.changes.models import ChangeSet, Kind
from calculator.changes.requests import may_publish, reason_of
from calculator.changes.row_changes import RowChange, histories, row_changes, row_changes_of
from calculator.changes.summaries import summaries
from calculator.changes.undoing import Refused, undo, undo_each, undoing_ahead, undone_by
from calculator.looking_ahead.changes import (
    CONFIRMED,
    Changes,
    HeldBack,
    consequences_of,
    findings_of,
)

# More rows than one looks through, each with its fields: the page says how many there are beyond.
MOST_SHOWN = 100


class _SummarisedList(ChangeList):
    """The list's page: of each change a line and whether it can be undone, asked for once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        lines = summaries(self.result_list)
        undoable = _undoable(request, [each.pk for each in self.result_list])
        for each in self.result_list:
            each.summary = lines[each.pk]
            each.may_be_undone = each.pk in undoable


class ReadOnlyAdmin(admin.ModelAdmin):
    """A log: it is read, and nobody changes it here."""

    list_per_page = 50
    actions: Any = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ChangeSet)
class ChangeSetAdmin(ReadOnlyAdmin):
    # The way back stands early: on a phone the end of a row is out of sight.
    list_display = ("when", "undo", "summary", "by", "kind", "why")
    list_display_links = ("when",)
    list_filter = (SinceFilter, WhoFilter, "kind", TableFilter)
    search_fields = ("who_name", "why")
    actions = ("undo_selected",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _SummarisedList

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChangeSet]:
        return super().get_queryset(request).exclude(kind=Kind.START).prefetch_related("undone_by")

    def get_urls(self) -> list[Any]:
        undo_view = self.admin_site.admin_view(require_POST(self.undo_view))
        return [
            path("<int:key>/undo/", undo_view, name="calculator_changeset_undo"),
            *super().get_urls(),
        ]

    @admin.display(description="when (UTC)", ordering="at")
    def when(self, changes: ChangeSet) -> str:
        return f"{changes.at:%Y-%m-%d %H:%M}"

    @admin.display(description="who", ordering="who_name")
    def by(self, changes: ChangeSet) -> str:
        return changes.who_name or "–"

    @admin.display(description="what")
    def summary(self, changes: ChangeSet) -> str:
        return str(changes.summary)  # type: ignore[attr-defined]

    @admin.display(description="the way back")
    def undo(self, changes: ChangeSet) -> str:
        if undone_by(changes) is not None:
            return "undone"
        if not changes.may_be_undone:  # type: ignore[attr-defined]
            return "–"
        return format_html(
            '<button type="submit" class="button" formaction="{}" name="undo" value="{}" '
            'aria-label="Undo {}">Undo</button>',
            reverse("admin:calculator_changeset_undo", args=[changes.pk]),
            changes.pk,
            changes,
        )

    @admin.action(description="Undo the selected changes, the newest first", permissions=["view"])
    def undo_selected(
        self, request: HttpRequest, queryset: QuerySet[ChangeSet]
    ) -> HttpResponse | None:
        for changes in queryset:
            check_may_undo(request, row_changes(changes))
        try:
            done = undo_each(queryset, **_asked_by(request))
        except Refused as refused:
            say_refused(request, refused)
            return None
        except HeldBack as held:
            return self._ask(
                request, held, rows=queryset, action="undo_selected", what="these changes"
            )
        said = ", ".join(map(str, done)) or "nothing"
        messages.success(request, f"Undone: {said}.")
        return None

    def undo_view(self, request: HttpRequest, key: int) -> HttpResponse:
        changes = get_object_or_404(ChangeSet, pk=key)
        check_may_undo(request, row_changes(changes))
        here = reverse("admin:calculator_changeset_change", args=[key])
        try:
            undoing = undo(changes, **_asked_by(request))
        except Refused as refused:
            say_refused(request, refused)
            return HttpResponseRedirect(here)
        except HeldBack as held:
            return self._ask(request, held, rows=[changes], what=str(changes))
        there = reverse("admin:calculator_changeset_change", args=[undoing.pk])
        messages.success(
            request,
            format_html(
                'Undone: {} is as if it had not been. <a href="{}">Changed your mind?</a>',
                changes,
                there,
            ),
        )
        return HttpResponseRedirect(here)

    def _ask(
        self, request: HttpRequest, held: HeldBack, *, rows: Any, what: str, action: str = ""
    ) -> HttpResponse:
        """What the undo would take from under others; a tick answers it, unless it is refused."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"Undo {what}?",
            "opts": self.opts,
            "findings": held.findings,
            "ahead": consequences_of(undoing_ahead(rows)),
            "action": action,
            "rows": rows,
            "back": reverse("admin:calculator_changeset_changelist"),
            "reason": _asked_by(request)["why"],
        }
        return TemplateResponse(request, "admin/looking_ahead/confirm_action.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        changes = get_object_or_404(
            ChangeSet.objects.select_related("undoes"), pk=int(object_id.isdecimal() and object_id)
        )
        if not self.has_view_permission(request, changes):
            raise PermissionDenied
        rows = row_changes(changes)
        undoing = undone_by(changes)
        may_be_undone = changes.kind != Kind.START and may_undo(request, rows)
        ahead = undoing_ahead([changes]) if may_be_undone and undoing is None else Changes([])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Change {changes.pk}",
            "opts": self.opts,
            "changes": changes,
            "rows": rows[:MOST_SHOWN],
            "beyond_count": max(0, len(rows) - MOST_SHOWN),
            "undone_by": undoing,
            "may_undo": may_be_undone,
            "asked": findings_of(ahead).found,
            "ahead": consequences_of(ahead),
        }
        return TemplateResponse(request, "admin/changes/change.html", context)


def _asked_by(request: HttpRequest) -> dict[str, Any]:
    """Who asks for an undo and why, and what they say yes to."""
    return {
        "who": request.user,
        "why": reason_of(request),
        "confirmed": request.POST.get(CONFIRMED, ""),
    }


def may_undo(request: HttpRequest, rows: list[RowChange]) -> bool:
    """Undoing is changing: of each table, and of what is public where rows come and go."""
    return all(
        _may_change(request, row.model)
        and (not row.moves_what_is_public or _may_publish(request, row.model))
        for row in rows
    )


def _undoable(request: HttpRequest, keys: list[int]) -> set[int]:
    """Which of the changes they may undo. Who may change all or nothing is told without a query."""
    models = [history.instance_type for history in histories()]
    changeable = [model for model in models if _may_change(request, model)]
    if not changeable:
        return set()
    if changeable == models and may_publish(request):
        return set(keys)
    return {key for key, rows in row_changes_of(keys).items() if may_undo(request, rows)}


def _may_change(request: HttpRequest, model: type[Model]) -> bool:
    return request.user.has_perm(f"{model._meta.app_label}.change_{model._meta.model_name}")


def _may_publish(request: HttpRequest, model: type[Model]) -> bool:
    """Publishers do; of a table whose editors publish, such as prices, its editors do too."""
    if may_publish(request):
        return True
    # Asked by its name: RowAdmin is of the forms that record these changes.
    return admin.site.is_registered(model) and getattr(
        admin.site.get_model_admin(model), "editors_publish", False
    )


def check_may_undo(request: HttpRequest, rows: list[RowChange]) -> None:
    if not may_undo(request, rows):
        raise PermissionDenied


def say_refused(request: HttpRequest, refused: Refused) -> None:
    messages.error(request, "Not undone, nothing was changed.")
    for problem in refused.problems:
        messages.error(request, problem)
