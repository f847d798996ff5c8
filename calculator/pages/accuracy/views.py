"""The accuracy page and the file behind it."""

from __future__ import annotations

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from calculator.pages.accuracy.presenters import present_accuracy
from calculator.pages.accuracy.records import ACCURACY_CSV


@require_safe
def accuracy(request: HttpRequest) -> HttpResponse:
    view = present_accuracy(request.GET.dict())
    return render(request, "calculator/pages/accuracy/page.html", {"accuracy": view})


@require_safe
def accuracy_csv(request: HttpRequest) -> FileResponse:
    return FileResponse(
        ACCURACY_CSV.open("rb"),
        as_attachment=True,
        filename="accuracy.csv",
        content_type="text/csv",
    )
