"""Hand a table in, look at what it would change, confirm it; take a table out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from calculator.bulk.clashes import Clash, OthersSaved, seen_in
from calculator.bulk.consequences import changes_of
from calculator.bulk.models import BulkImport
from calculator.bulk.pages.forms import HandInForm, ReadingForm
from calculator.bulk.planning import CellChange, HasProblems, IsOdd, NotAsShown, Plan
from calculator.bulk.tables import BULK_TABLES, BulkTable
from calculator.bulk.waiting import AlreadyDone, Waiting, confirm, hand_in, read_anew
from calculator.bulk.writing import FORMATS, export
from calculator.changes.requests import may_publish
from calculator.looking_ahead.changes import CONFIRMED, HeldBack, findings_of
from calculator.previews.consequences import consequences

# More changes than one looks through: the page says how many there are beyond.
MOST_SHOWN = 1_000


@require_http_methods(["GET", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    tables = [table for table in BULK_TABLES.values() if _may(request, table, "add", "change")]
    again = _given_before(request)
    form = HandInForm(request.POST or None, request.FILES or None, tables=tables, initial=again)
    if request.method == "POST" and form.is_valid():
        waiting = hand_in(
            BULK_TABLES[form.cleaned_data["table"]],
            form.cleaned_data["grid"],
            source=form.source,
            editor=request.user,
            text=form.cleaned_data["pasted"],
            everywhere=form.everywhere(),
        )
        return redirect("bulk:preview", pk=waiting.pk)
    context = {
        "title": "Import and export",
        "form": form,
        "exports": [table for table in BULK_TABLES.values() if _may(request, table, "view")],
        "formats": list(FORMATS),
        "waiting": BulkImport.objects.filter(applied_at=None, table__in=[t.name for t in tables])[
            :20
        ],
        "done": BulkImport.objects.exclude(applied_at=None)[:10],
    }
    return _page(request, "index", context)


@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    row = get_object_or_404(BulkImport, pk=pk)
    if row.table not in BULK_TABLES or not _may(request, BULK_TABLES[row.table], "add", "change"):
        raise PermissionDenied
    if row.applied_at is not None:
        return _page(request, "done", {"title": "Imported", "import": row})
    if request.method == "POST" and "discard" in request.POST:
        row.delete()
        messages.success(request, "Thrown away: nothing was changed.")
        return redirect("bulk:index")
    if request.method == "POST" and "confirm" in request.POST:
        return _confirmed(request, row)
    waiting = Waiting.of(row)
    form = ReadingForm(request.POST if request.method == "POST" else None, waiting)
    if form.is_bound and form.is_valid():
        read_anew(
            row,
            columns=form.columns(),
            everywhere=form.everywhere() if form.is_of_prices else {},
            has_header=form.cleaned_data.get("has_header", True),
            leaves_out_unknown=form.cleaned_data.get("leaves_out_unknown", False),
        )
        return redirect("bulk:preview", pk=pk)
    return _preview_page(request, waiting, form, waiting.plan(may_publish=may_publish(request)))


def _confirmed(request: HttpRequest, row: BulkImport) -> HttpResponse:
    try:
        plan = confirm(
            row.pk,
            editor=request.user,
            fingerprint=request.POST.get("fingerprint", ""),
            seen=request.POST.get("seen", ""),
            accepts_odd="odd" in request.POST,
            confirmed=request.POST.get(CONFIRMED, ""),
            may_publish=may_publish(request),
        )
    except AlreadyDone:
        messages.warning(request, "This import was done before.")
    except IsOdd as refused:
        said = "Nothing was changed: tick that you have checked the odd prices."
        return _refused(request, row, said, refused.plan)
    except OthersSaved as refused:
        said = (
            "Nothing was changed: somebody else saved rows of this import after you looked at it. "
            "Both versions are below."
        )
        if refused.plan.can_be_applied:
            said += " Import again, and yours stands."
        return _refused(request, row, said, refused.plan, refused.clashes)
    except HeldBack:
        said = "Nothing was changed: read below what this would do."
        return _refused(request, row, said)
    except (HasProblems, NotAsShown) as refused:
        said = (
            "Nothing was changed: rows of the catalog have changed since this preview was made. "
            "Here is what the import would do now."
        )
        return _refused(request, row, said, refused.plan)
    else:
        messages.success(request, f"Imported: {plan.in_words}.")
    return redirect("bulk:preview", pk=row.pk)


def _refused(
    request: HttpRequest,
    row: BulkImport,
    said: str,
    plan: Plan | None = None,
    clashes: Sequence[Clash] = (),
) -> HttpResponse:
    messages.error(request, said)
    waiting = Waiting.of(row)
    plan = plan or waiting.plan(may_publish=may_publish(request))
    return _preview_page(request, waiting, ReadingForm(None, waiting), plan, 409, clashes)


def _preview_page(
    request: HttpRequest,
    waiting: Waiting,
    form: ReadingForm,
    plan: Plan,
    status: int = 200,
    clashes: Sequence[Clash] = (),
) -> HttpResponse:
    shared, changes = _shared(plan), changes_of(waiting.table, plan)
    context = {
        "title": f"{waiting.table.title}: what would change",
        "import": waiting.row,
        "form": form,
        "plan": plan,
        "seen": seen_in(waiting.table, plan),
        "clashes": clashes[:MOST_SHOWN],
        "clashes_beyond_count": max(0, len(clashes) - MOST_SHOWN),
        "findings": findings_of(changes),
        "ahead": consequences(changes),
        "shared": shared,
        "changes": [
            replace(change, cells=tuple(each for each in change.cells if each not in shared))
            for change in plan.changes[:MOST_SHOWN]
        ],
        "beyond_count": max(0, len(plan.changes) - MOST_SHOWN),
        "sample": list(zip(waiting.grid.places, waiting.grid.rows, strict=True))[:3],
        "unused": [
            header
            for header, column in zip(waiting.grid.header, waiting.reading.columns, strict=True)
            if not column
        ],
    }
    return _page(request, "preview", context, status)


def _shared(plan: Plan) -> list[CellChange]:
    """What all rows have in common where all are new, such as 200 prices of one page and day."""
    if len(plan.changes) < 2 or not all(change.is_new for change in plan.changes):
        return []
    first, *others = plan.changes
    return [cell for cell in first.cells if all(cell in change.cells for change in others)]


@require_GET
def download(request: HttpRequest, table: str, file_format: str) -> HttpResponse:
    if table not in BULK_TABLES or file_format not in FORMATS:
        raise Http404
    if not _may(request, BULK_TABLES[table], "view"):
        raise PermissionDenied
    content_type, _ = FORMATS[file_format]
    name = f"{table}-{timezone.localdate():%Y-%m-%d}.{file_format}"
    return HttpResponse(
        export(BULK_TABLES[table], file_format),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _given_before(request: HttpRequest) -> dict[str, Any]:
    """What was pasted before, to be put right."""
    try:
        row = BulkImport.objects.get(pk=UUID(request.GET["again"]), applied_at=None)
    except (KeyError, ValueError, BulkImport.DoesNotExist):
        return {"table": request.GET.get("table", "prices")}
    return {**row.everywhere, "table": row.table, "pasted": row.text}


def _may(request: HttpRequest, table: BulkTable, *actions: str) -> bool:
    names: Iterable[str] = (
        f"{model._meta.app_label}.{get_permission_codename(action, model._meta)}"
        for model in table.models()
        for action in actions
    )
    return request.user.has_perms(names)


def _page(
    request: HttpRequest, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    context = {**admin.site.each_context(request), **context}
    return render(request, f"calculator/bulk/{name}.html", context, status=status)
