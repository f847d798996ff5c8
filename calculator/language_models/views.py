"""The list of models, as a page and as the part that filters swap, and one model's page."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.language_models.forms import ModelListForm
from calculator.language_models.list_presenters import ModelListView, present_model_list
from calculator.language_models.presenters import present_model
from calculator.pages.heads import model_head, page_head
from calculator.question.own_gpu import OWN_GPU
from calculator.serving.public_views import keeps_own_gpu, public
from calculator.words.fragments import HtmxHttpRequest, fragment_response


@public(more=ModelListForm.base_fields)
@keeps_own_gpu
@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    models = _present_list(request)
    is_whole = not set(request.GET) - {"page"}
    head = page_head("models", models.canonical_path, "Models", is_indexed=is_whole)
    return render(
        request, "calculator/language_models/list.html", {"models": models, "head": head}
    )


@public(more=ModelListForm.base_fields, fragment=True)
@keeps_own_gpu
@require_safe
def model_list_fragment(request: HtmxHttpRequest) -> HttpResponse:
    models = _present_list(request)
    template = "calculator/language_models/fragment.html"
    return fragment_response(
        request, template, {"models": models}, models.page_url, has_answer=not models.form.errors
    )


@public(OWN_GPU)
@require_safe
def model_page(request: HttpRequest, slug: str) -> HttpResponse:
    own_gpu = request.GET.get(OWN_GPU, "")
    page = present_model(current_catalog(), slug, own_gpu, today=timezone.localdate())
    if page is None:
        raise Http404("No model of that name is published.")
    return render(
        request,
        "calculator/language_models/page.html",
        {"page": page, "head": model_head(page.model.name, slug, page.canonical_path)},
    )


def _present_list(request: HttpRequest) -> ModelListView:
    return present_model_list(current_catalog(), request.GET.dict())
