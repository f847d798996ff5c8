"""The accuracy page and the files behind it."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from calculator.pages.accuracy.field.records import FIELD_REPORTS_CSV
from calculator.pages.accuracy.forms import AccuracyForm
from calculator.pages.accuracy.presenters import present_accuracy
from calculator.pages.accuracy.records import ACCURACY_CSV
from calculator.pages.heads import accuracy_head
from calculator.serving.public_views import keeps_own_gpu, public


@public(more=AccuracyForm.base_fields)
@keeps_own_gpu
@require_safe
def accuracy(request: HttpRequest) -> HttpResponse:
    view = present_accuracy(request.GET.dict())
    head = accuracy_head(view.lead, is_indexed=not request.GET)
    return render(request, "calculator/pages/accuracy/page.html", {"accuracy": view, "head": head})


@require_safe
def accuracy_csv(request: HttpRequest) -> FileResponse:
    return _download(ACCURACY_CSV)


@require_safe
def field_reports_csv(request: HttpRequest) -> FileResponse:
    return _download(FIELD_REPORTS_CSV, filename="field-reports.csv")


def _download(path: Path, filename: str = "") -> FileResponse:
    return FileResponse(
        path.open("rb"),
        as_attachment=True,
        filename=filename or path.name,
        content_type="text/csv",
    )
