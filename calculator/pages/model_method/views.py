"""The page of one model and one method."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.heads import model_method_head
from calculator.pages.model_method.presenters import present_model_method
from calculator.question.own_gpu import OWN_GPU
from calculator.serving.public_views import public


@public(OWN_GPU)
@require_safe
def model_method(request: HttpRequest, slug: str, method: str) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    own_gpu = request.GET.get(OWN_GPU, "")
    page = present_model_method(catalog, slug, method, own_gpu, today=today)
    if page is None:
        raise Http404("No model of that name is published, or none that is trained that way.")
    head = model_method_head(page.model.name, slug, page.method_name, page.canonical_path)
    template = "calculator/pages/model_method/page.html"
    return render(request, template, {"page": page, "head": head})
