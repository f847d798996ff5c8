"""/why/, as a page and as the answer that its form swaps."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.heads import page_head
from calculator.pages.why.forms import WhyForm
from calculator.pages.why.presenters import WhyView, present_why
from calculator.question.reading import PAGE_QUESTION_NAMES
from calculator.serving.public_views import public
from calculator.words.fragments import HtmxHttpRequest, fragment_response

WHY_NAMES = (*PAGE_QUESTION_NAMES, *WhyForm.base_fields)


@public(more=WHY_NAMES)
@require_safe
def why_page(request: HttpRequest) -> HttpResponse:
    head = page_head(
        "why", reverse("calculator:why"), "Another figure", is_indexed=not request.GET
    )
    context = {"why": _present(request, fills_in=True), "head": head}
    return render(request, "calculator/pages/why/page.html", context)


@public(more=WHY_NAMES, fragment=True)
@require_safe
def why_fragment(request: HtmxHttpRequest) -> HttpResponse:
    why = _present(request)
    template = "calculator/pages/why/fragment.html"
    return fragment_response(
        request, template, {"why": why}, why.page_url, has_answer=not why.form.errors
    )


def _present(request: HttpRequest, *, fills_in: bool = False) -> WhyView:
    return present_why(current_catalog(), request.GET.dict(), fills_in=fills_in)
