"""The door of /api/: who may ask from where, and one shape for whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from calculator.estimation import FieldError
from calculator.pages.api.responses import errors_as_json

BEHIND = "/api/"
JSON = "application/json"
METHODS = "GET, HEAD, POST, OPTIONS"
# By the Fetch standard a page of any origin may read these answers: they are public, and no cookie
# or login changes them. The preflight's answer may be kept for a day.
FROM_ANYWHERE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Retry-After, X-Request-ID",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "Content-Type, If-None-Match",
    "Access-Control-Max-Age": "86400",
    "Allow": METHODS,
}
BAD_REQUEST = FieldError("path", "The request cannot be answered.")
OUR_FAULT = FieldError("path", "The site cannot answer this at the moment.", "unavailable")
ERRORS = {
    404: FieldError("path", "There is nothing at this address. See /api/.", "not_found"),
    405: FieldError("method", "This address is not asked by this method.", "method_not_allowed"),
    406: FieldError("accept", "Only application/json is answered here.", "not_acceptable"),
}


class ApiDoorMiddleware:
    """Stands outside of the finished pages, so that a kept answer passes it too."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if not path.startswith(BEHIND) or path == BEHIND:
            return self.get_response(request)
        response: HttpResponseBase
        if request.method == "OPTIONS" and _is_there(path):
            response = HttpResponse(status=204, headers=PREFLIGHT)
            del response.headers["Content-Type"]
        elif not request.accepts(JSON):
            response = _error(406)
        else:
            response = self.get_response(request)
            if response.status_code >= 400 and response.headers.get("Content-Type") != JSON:
                response = _error(response.status_code, response)
        for name, value in FROM_ANYWHERE.items():
            response.headers[name] = value
        for name, value in settings.SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def _is_there(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


def _error(status: int, drawn: HttpResponseBase | None = None) -> HttpResponse:
    """The error as the API says it, with what a client may need of the one that was drawn."""
    error = ERRORS.get(status, OUR_FAULT if status >= 500 else BAD_REQUEST)
    response = JsonResponse(errors_as_json([error]), status=status)
    for name in ("Allow", "Retry-After", "Cache-Control"):
        if drawn is not None and name in drawn.headers:
            response.headers[name] = drawn.headers[name]
    return response
