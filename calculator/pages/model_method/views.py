"""The page of one model and one method."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.heads import model_method_head
from calculator.pages.model_method.presenters import present_model_method
from calculator.serving.public_views import public


@public()
@require_safe
def model_method(request: HttpRequest, slug: str, method: str) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    page = present_model_method(catalog, slug, method, today=today)
    if page is None:
        raise Http404("No model of that name is published, or none that is trained that way.")
    head = model_method_head(page.model.name, slug, page.method_name, page.canonical_path)
    template = "calculator/pages/model_method/page.html"
    return render(request, template, {"page": page, "head": head})
