"""The pictures of shared links, under the questions of their pages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.inference.views import PAGE_NAMES
from calculator.pages.share.drawing import Picture, draw_png
from calculator.pages.share.presenters import (
    calculator_picture,
    faq_picture,
    gpu_picture,
    inference_picture,
    page_picture,
)
from calculator.question.cluster import CLUSTER_NAMES
from calculator.question.reading import QUESTION_NAMES
from calculator.serving.public_views import public


@public(more=(*QUESTION_NAMES, *CLUSTER_NAMES))
@require_safe
def training(request: HttpRequest) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    return _png(calculator_picture(catalog, request.GET.dict(), today=today))


@public(more=PAGE_NAMES)
@require_safe
def inference(request: HttpRequest) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    return _png(inference_picture(catalog, request.GET.dict(), today=today))


@public()
@require_safe
def answer(request: HttpRequest, slug: str) -> HttpResponse:
    return _png(faq_picture(current_catalog(), slug))


@public()
@require_safe
def gpu(request: HttpRequest, slug: str) -> HttpResponse:
    return _png(gpu_picture(current_catalog(), slug, today=timezone.localdate()))


@public()
@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    return _png(page_picture(name))


def _png(picture: Picture | None) -> HttpResponse:
    if picture is None:
        raise Http404("There is no picture of that name.")
    # Other sites show it beside their link.
    headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(draw_png(picture), content_type="image/png", headers=headers)
