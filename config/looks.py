"""Counts looks at GPUs' pages, also at those that are kept as finished bytes."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from gpus.looks.counting import LOOKS

_gpu_page = re.compile(r"/gpus/([-\w]+)/").fullmatch


class LooksMiddleware:
    """Of a look, its GPU alone is remembered. Editors' own looks do not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if (
            response.status_code in (200, 304)
            and (page := _gpu_page(request.path_info))
            and request.headers.get("hx-request") is None
            and settings.SESSION_COOKIE_NAME not in request.COOKIES
        ):
            LOOKS.seen(page[1])
        return response
