"""/api/v1/. No login, no CSRF token: it reads nothing of a visitor's.

What may ask from where, and errors of the address itself, are the door's (config/api_door.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from calculator.catalog import current_catalog
from calculator.estimation import FieldError, InputError
from calculator.pages.api.catalog_json import (
    gpu_as_json,
    model_as_json,
    presets_as_json,
    tier_as_json,
)
from calculator.pages.api.gpu_answers import GPU, fit_as_json, my_gpu_as_json
from calculator.pages.api.importing import imported_as_json, read_file
from calculator.pages.api.openapi import openapi_document
from calculator.pages.api.questions import METHOD, read_estimate_query
from calculator.pages.api.requests import read_estimate_request
from calculator.pages.api.responses import errors_as_json, estimates_as_json
from calculator.pages.fit.forms import FitForm
from calculator.pages.my_gpu.forms import CardForm
from calculator.question.cluster import CLUSTER_NAMES
from calculator.question.json_text import LARGEST_BYTES, NotJson, decode_text, parse_json
from calculator.question.reading import QUESTION_NAMES
from calculator.serving.public_views import public

# A client that is still sending would see a broken connection instead of the answer.
MOST_BYTES_READ_TO_ANSWER = 8_000_000

ESTIMATE_NAMES = (*QUESTION_NAMES, *CLUSTER_NAMES, METHOD)
FIT_NAMES = (*QUESTION_NAMES, *FitForm.base_fields)
MY_GPU_NAMES = (*QUESTION_NAMES, *CardForm.base_fields, GPU)

T = TypeVar("T")


@csrf_exempt
@public(more=ESTIMATE_NAMES)
@require_http_methods(["GET", "HEAD", "POST"])
def estimate(request: HttpRequest) -> JsonResponse:
    """A JSON object by POST, or a page's query by GET."""
    catalog = current_catalog()
    if request.method == "POST":
        return _of_body(
            request,
            lambda body: estimates_as_json(
                read_estimate_request(catalog, parse_json(body)), catalog
            ),
        )
    query = request.GET.dict()
    return _answer(lambda: estimates_as_json(read_estimate_query(catalog, query), catalog))


@csrf_exempt
@require_POST
def import_config(request: HttpRequest) -> JsonResponse:
    """A file's text: what it means here."""
    catalog = current_catalog()
    return _of_body(
        request, lambda body: imported_as_json(read_file(catalog, decode_text(body).strip()))
    )


@public(more=FIT_NAMES)
@require_safe
def fit(request: HttpRequest) -> JsonResponse:
    query, today = request.GET.dict(), timezone.localdate()
    return _answer(lambda: fit_as_json(current_catalog(), query, today=today))


@public(more=MY_GPU_NAMES)
@require_safe
def my_gpu(request: HttpRequest) -> JsonResponse:
    query = request.GET.dict()
    return _answer(lambda: my_gpu_as_json(current_catalog(), query))


@public()
@require_safe
def models(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"models": [model_as_json(m) for m in current_catalog().language_models]})


@public()
@require_safe
def model(request: HttpRequest, slug: str) -> JsonResponse:
    found = current_catalog().language_models_by_slug.get(slug)
    return JsonResponse(model_as_json(_found(found)))


@public()
@require_safe
def gpus(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"gpus": [gpu_as_json(each) for each in current_catalog().gpus]})


@public()
@require_safe
def gpu(request: HttpRequest, slug: str) -> JsonResponse:
    return JsonResponse(gpu_as_json(_first(g for g in current_catalog().gpus if g.slug == slug)))


@public()
@require_safe
def tiers(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"tiers": [tier_as_json(each) for each in current_catalog().tiers]})


@public()
@require_safe
def tier(request: HttpRequest, memory_gb: int) -> JsonResponse:
    return JsonResponse(tier_as_json(_found(current_catalog().tiers_by_gb.get(memory_gb))))


@public()
@require_safe
def presets(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"presets": presets_as_json(current_catalog())})


@public()
@require_safe
def preset(request: HttpRequest, slug: str) -> JsonResponse:
    found = _first(each for each in presets_as_json(current_catalog()) if each["slug"] == slug)
    return JsonResponse(found)


@public()
@require_safe
def openapi(request: HttpRequest) -> JsonResponse:
    return JsonResponse(openapi_document())


def _first(found: Iterable[T]) -> T:
    return _found(next(iter(found), None))


def _found(found: T | None) -> T:
    if found is None:
        raise Http404("Nothing of that name is published.")
    return found


def _of_body(request: HttpRequest, answer: Callable[[bytes], Any]) -> JsonResponse:
    """The answer to a request's body, or what is wrong with it."""
    # Django takes a body without a Content-Length (chunked) for empty; the server knows its end.
    stream = request.META["wsgi.input"] if request.META.get("wsgi.input_terminated") else request
    body = stream.read(LARGEST_BYTES + 1)
    if len(body) > LARGEST_BYTES:
        stream.read(MOST_BYTES_READ_TO_ANSWER)
        return _refusal(413, "The body may have at most 256 kB.", "too_large")
    try:
        return _answer(lambda: answer(body))
    except NotJson as error:
        return _refusal(400, f"The body is not JSON. {error}".strip(), "not_json")


def _answer(answer: Callable[[], Any]) -> JsonResponse:
    try:
        return JsonResponse(answer())
    except InputError as error:
        return JsonResponse(errors_as_json(error.errors), status=422)


def _refusal(status: int, message: str, reason: str) -> JsonResponse:
    return JsonResponse(errors_as_json([FieldError("body", message, reason)]), status=status)
