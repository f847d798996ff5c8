"""`POST /api/v1/estimate`. No login, no CSRF token: it reads nothing of a visitor's."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from calculator.answer.precise import precise_result
from calculator.catalog import current_catalog
from calculator.estimation import FieldError, InputError
from calculator.estimation.cluster.sharded import estimate_sharded
from calculator.pages.api.requests import read_estimate_request
from calculator.pages.api.responses import cluster_as_json, errors_as_json, estimate_as_json
from calculator.question.json_text import LARGEST_BYTES, NotJson, parse_json

# A client that is still sending would see a broken connection instead of the answer.
MOST_BYTES_READ_TO_ANSWER = 8_000_000


@csrf_exempt
def estimate(request: HttpRequest) -> JsonResponse:
    if request.method != "POST":
        return _refusal(405, "method", "Only POST is answered here.", {"Allow": "POST"})
    # Django takes a body without a Content-Length (chunked) for empty; the server knows its end.
    stream = request.META["wsgi.input"] if request.META.get("wsgi.input_terminated") else request
    body = stream.read(LARGEST_BYTES + 1)
    if len(body) > LARGEST_BYTES:
        stream.read(MOST_BYTES_READ_TO_ANSWER)
        return _refusal(413, "body", "The body may have at most 256 kB.")
    try:
        value = parse_json(body)
        catalog = current_catalog()
        asked = read_estimate_request(catalog, value)
    except NotJson as error:
        return _refusal(400, "body", f"The body is not JSON. {error}".strip())
    except InputError as error:
        return JsonResponse(errors_as_json(error.errors), status=422)
    result = precise_result(catalog, asked.subject, asked.architecture, asked.settings)
    answer = estimate_as_json(result)
    if asked.sharding is not None:
        run = estimate_sharded(asked.architecture, asked.settings, asked.sharding)
        answer["cluster"] = cluster_as_json(run)
    return JsonResponse(answer)


def _refusal(
    status: int, field: str, message: str, headers: dict[str, str] | None = None
) -> JsonResponse:
    errors = errors_as_json([FieldError(field, message)])
    return JsonResponse(errors, status=status, headers=headers)
