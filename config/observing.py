"""The one middleware that sees every request: its id, its time, what is slow.

It stands outside of all others, so that an answer which one of them keeps is counted too.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from secrets import token_hex
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.logs import REQUEST_ID, address_of
from config.metrics import observe_request

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
# What a proxy makes: hexadecimal, UUID, base64. Anything else could forge a log line.
_is_sane = re.compile(r"[A-Za-z0-9_.:+/=-]{8,128}").fullmatch


class ObservingMiddleware:
    """Names a request, times it by a clock that never jumps, and counts it.

    The id is the proxy's `X-Request-ID` or a new one; the answer carries it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.slow_s = settings.SLOW_REQUEST_MS / 1000
        self.static_url = settings.STATIC_URL

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = perf_counter()
        # Not `request.headers`: it would take all of them apart for each request.
        meta = request.META
        given = meta.get("HTTP_X_REQUEST_ID", "")
        request_id = given if given and _is_sane(given) else token_hex(8)
        request.request_id = request_id
        token = REQUEST_ID.set(request_id)
        try:
            response = self.get_response(request)
            response.headers[HEADER] = request_id
            seconds = perf_counter() - started
            view = self._view_name(request, response.status_code)
            observe_request(view, response.status_code, seconds)
            if seconds > self.slow_s:
                logger.warning(
                    "Slow: %s took %.0f ms",
                    address_of(request),
                    seconds * 1000,
                    extra={
                        "view": view,
                        "status_code": response.status_code,
                        "milliseconds": round(seconds * 1000),
                        "request": request,
                    },
                )
        finally:
            REQUEST_ID.reset(token)
        return response

    def _view_name(self, request: HttpRequest, status_code: int) -> str:
        """The view's name; a few names of their own for answers that reached no view."""
        match = request.resolver_match
        if match is not None:
            return match.view_name
        if request.path_info.startswith(self.static_url):
            return "static"
        return "finished" if status_code in (200, 304) else "none"
