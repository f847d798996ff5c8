"""The list of models, as a page and as the part that filters swap, and one model's page."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from calculator.catalog import current_catalog
from calculator.language_models.list_presenters import ModelListView, present_model_list
from calculator.language_models.presenters import present_model


@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    return render(request, "models/list.html", {"models": _present_list(request)})


@require_safe
@vary_on_headers("HX-Request")
def model_list_fragment(request: HttpRequest) -> HttpResponse:
    models = _present_list(request)
    if not request.htmx:
        return redirect(models.page_url)
    return push_url(render(request, "models/fragment.html", {"models": models}), models.page_url)


@require_safe
def model_page(request: HttpRequest, slug: str) -> HttpResponse:
    page = present_model(current_catalog(), slug, today=timezone.localdate())
    if page is None:
        raise Http404("No model of that name is published.")
    return render(request, "models/page.html", {"page": page})


def _present_list(request: HttpRequest) -> ModelListView:
    return present_model_list(current_catalog(), request.GET.dict())
