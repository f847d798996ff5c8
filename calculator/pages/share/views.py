"""The pictures of shared links, under the questions of their pages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.models import Task
from calculator.pages.share.drawing import Picture, draw_png
from calculator.pages.share.presenters import (
    calculator_picture,
    faq_picture,
    gpu_picture,
    page_picture,
)
from calculator.question.reading import QUESTION_NAMES
from calculator.serving.public_views import public


@public(more=QUESTION_NAMES)
@require_safe
def training(request: HttpRequest) -> HttpResponse:
    return _calculator(request, Task.TRAINING)


@public("size")
@require_safe
def inference(request: HttpRequest) -> HttpResponse:
    return _calculator(request, Task.INFERENCE)


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


def _calculator(request: HttpRequest, task: str) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    return _png(calculator_picture(catalog, task, request.GET.dict(), today=today))


def _png(picture: Picture | None) -> HttpResponse:
    if picture is None:
        raise Http404("There is no picture of that name.")
    # Other sites show it beside their link.
    headers = {"Cross-Origin-Resource-Policy": "cross-origin"}
    return HttpResponse(draw_png(picture), content_type="image/png", headers=headers)
