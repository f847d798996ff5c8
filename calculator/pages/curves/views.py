"""/curves/: a page of its own, without a script."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.curves.presenters import present_curves
from calculator.pages.heads import run_head
from calculator.question.reading import PAGE_QUESTION_NAMES
from calculator.serving.public_views import public


@public("x", more=PAGE_QUESTION_NAMES)
@require_safe
def curves(request: HttpRequest) -> HttpResponse:
    view = present_curves(current_catalog(), request.GET.dict())
    path, is_indexed = reverse("calculator:curves"), not request.GET
    head = run_head(path, "Curves", view.calculator_url, is_indexed=is_indexed)
    return render(request, "calculator/pages/curves/page.html", {"curves": view, "head": head})
