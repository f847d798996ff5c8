"""/fit/, as a page and as the table that its form swaps."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.fit.forms import FitForm
from calculator.pages.fit.presenters import FitView, present_fit
from calculator.pages.heads import run_head
from calculator.question.reading import PAGE_QUESTION_NAMES
from calculator.serving.public_views import public
from calculator.words.fragments import HtmxHttpRequest, fragment_response

FIT_NAMES = (*PAGE_QUESTION_NAMES, *FitForm.base_fields, "all")


@public(more=FIT_NAMES)
@require_safe
def fit_page(request: HttpRequest) -> HttpResponse:
    fit = _present(request, fills_in=True)
    head = run_head(
        reverse("fit:page"), "Every GPU", fit.calculator_url, is_indexed=not request.GET
    )
    return render(request, "calculator/pages/fit/page.html", {"fit": fit, "head": head})


@public(more=FIT_NAMES, fragment=True)
@require_safe
def fit_table(request: HtmxHttpRequest) -> HttpResponse:
    fit = _present(request)
    template = "calculator/pages/fit/fragment.html"
    return fragment_response(
        request, template, {"fit": fit}, fit.page_url, has_answer=fit.table is not None
    )


def _present(request: HttpRequest, *, fills_in: bool = False) -> FitView:
    today = timezone.localdate()
    return present_fit(current_catalog(), request.GET.dict(), today=today, fills_in=fills_in)
