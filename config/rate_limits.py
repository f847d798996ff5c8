"""How often one address may ask for what costs: settings.RATE_LIMITS, by the name of the view."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from calculator.estimation import FieldError
from calculator.pages.api.responses import errors_as_json
from config.client_address import counted_as

JSON_VIEWS = frozenset({"calculator:api_estimate", "calculator:api_import_config"})
WINDOW_SECONDS = 60


class RateLimitMiddleware:
    """Answer 429 to a POST above its view's limit for this minute and address.

    The counts are in the default cache: of each process by itself, or of all where it is shared.
    A cache that is out limits nobody.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        name = match.view_name if match else ""
        most = settings.RATE_LIMITS.get(name, 0)
        if request.method != "POST" or not most:
            return None
        now = time.time()
        if _count(f"rate:{name}:{counted_as(request)}:{int(now // WINDOW_SECONDS)}") <= most:
            return None
        return too_many(request, WINDOW_SECONDS - int(now % WINDOW_SECONDS), name in JSON_VIEWS)


def _count(key: str) -> int:
    """This request's number within its window; 0 where the cache does not answer."""
    try:
        cache.add(key, 0, 2 * WINDOW_SECONDS)
        return cache.incr(key)
    except Exception:  # Each backend has errors of its own, and none is the visitor's fault.
        return 0


def too_many(request: HttpRequest, wait_seconds: int, as_json: bool = False) -> HttpResponse:
    """The answer to somebody who asked too often, with the seconds to wait."""
    words = f"Too many requests from this address. Try again in {wait_seconds} seconds."
    if as_json:
        response: HttpResponse = JsonResponse(
            errors_as_json([FieldError("rate", words, "too_many_requests")]), status=429
        )
    else:
        response = render(request, "429.html", {"wait_seconds": wait_seconds}, status=429)
    response["Retry-After"] = str(wait_seconds)
    response["Cache-Control"] = "no-store"
    return response


def locked_out(
    request: HttpRequest, original_response: HttpResponse, credentials: object
) -> HttpResponse:
    """What axes answers after too many wrong passwords (settings.AXES_LOCKOUT_CALLABLE)."""
    return too_many(request, int(settings.AXES_COOLOFF_TIME.total_seconds()))
