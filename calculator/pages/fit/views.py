"""/fit/, as a page and as the table that its form swaps."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from calculator.catalog import current_catalog
from calculator.pages.fit.presenters import FitView, present_fit


@require_safe
def fit_page(request: HttpRequest) -> HttpResponse:
    return render(request, "gpus/fit/page.html", {"fit": _present(request)})


@require_safe
@vary_on_headers("HX-Request")
def fit_table(request: HttpRequest) -> HttpResponse:
    fit = _present(request)
    if not request.htmx:
        return redirect(fit.page_url)
    return push_url(render(request, "gpus/fit/fragment.html", {"fit": fit}), fit.page_url)


def _present(request: HttpRequest) -> FitView:
    return present_fit(current_catalog(), request.GET.dict(), today=timezone.localdate())
