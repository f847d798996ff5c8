"""The way of a public request: finished bytes where there are any, else drawn once and kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from calculator.serving.row_versions import ROW_VERSION
from config.finished.addresses import Address, public_address
from config.finished.answers import Answer, answer_response, finish
from config.finished.encodings import encoded, preferred_encoding
from config.finished.shared import SharedAnswers
from config.finished.store import Store
from config.metrics import count_cache

STORE = Store(settings.FINISHED_PAGES_BYTES)

# What an answer may vary by and still be the same for everybody who asks by its key.
VARIES_BY = {"accept-encoding", "hx-request"}
SMALLEST_TO_COMPRESS_BYTES = 200


class Key(NamedTuple):
    """All that an answer depends on beside the code: prices age by the day."""

    scheme: str
    host: str
    address: Address
    version: str
    day: dt.date


class FinishedPagesMiddleware:
    """The outermost of those that know what an answer is; a kept one passes no other."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        alias = settings.FINISHED_PAGES_SHARED_CACHE
        self.shared = SharedAnswers(alias) if alias else None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Not `request.headers`: it would take all of them apart for each hit, and remember what
        # `_drawn` takes away.
        meta = request.META
        address = _public_address(request.method or "", request.path_info, meta)
        if address is None:
            return self.get_response(request)
        is_editor = settings.SESSION_COOKIE_NAME in request.COOKIES
        try:
            # Editors see their change at once, everybody else within a second.
            version = ROW_VERSION.current(now=is_editor)
        except Error:
            return self.get_response(request)
        address = address.of_meant_gpu()
        # Unchecked: under a host that Django refuses, no answer was ever kept.
        host = meta.get("HTTP_HOST", "")
        key = Key(request.scheme or "", host, address, version, timezone.localdate())
        encoding = preferred_encoding(meta.get("HTTP_ACCEPT_ENCODING", ""))
        if_none_match = meta.get("HTTP_IF_NONE_MATCH", "")
        is_head = request.method == "HEAD"
        answer = STORE.get(key)
        if answer is None:
            count_cache("miss")
            answer = self._made(request, key, encoding)
        else:
            count_cache("stale" if ROW_VERSION.seconds_failing else "hit")
        if not isinstance(answer, Answer):
            return answer
        response = answer_response(
            answer, encoding=encoding, if_none_match=if_none_match, is_editor=is_editor
        )
        if is_head:
            # Content-Length stays: it says what a GET would bring.
            response.content = b""
        return response

    def _made(self, request: HttpRequest, key: Key, encoding: str) -> Answer | HttpResponseBase:
        """The answer that another request, another instance or this one makes."""
        with STORE.turn(key) as is_first:
            answer = None if is_first else STORE.get(key)
            if answer is None and self.shared is not None:
                answer = self.shared.get(key)
                if answer is not None:
                    STORE.put(key, answer)
            if answer is not None:
                return answer
            response = self._drawn(request, key.address)
            if not (isinstance(response, HttpResponse) and _may_be_kept(response)):
                return _compressed(response, encoding)
            answer = finish(response, is_fragment=key.address.is_fragment, encoding=encoding)
            # Where the rows changed meanwhile, nobody knows which of them it shows.
            if ROW_VERSION.last_read == key.version:
                STORE.put(key, answer)
                if self.shared is not None:
                    self.shared.put(key, answer)
            return answer

    def _drawn(self, request: HttpRequest, address: Address) -> HttpResponseBase:
        """Draw the whole answer: what this reader has already, or takes, is no part of it."""
        request.method = "GET"
        request.META["QUERY_STRING"] = address.whole_query
        for name in ("HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"):
            request.META.pop(name, None)
        return self.get_response(request)


def _public_address(method: str, path: str, meta: dict[str, Any]) -> Address | None:
    if method not in {"GET", "HEAD"}:
        return None
    address = public_address(path, meta.get("QUERY_STRING", ""))
    if address is not None and address.is_fragment and meta.get("HTTP_HX_REQUEST") != "true":
        return None
    return address


def _may_be_kept(response: HttpResponse) -> bool:
    varies_by = {name.strip().lower() for name in response.get("Vary", "").split(",")} - {""}
    return (
        response.status_code == 200
        and not response.cookies
        and not response.has_header("Cache-Control")
        and varies_by <= VARIES_BY
    )


def _compressed(response: HttpResponseBase, encoding: str) -> HttpResponseBase:
    """What is not kept, an error or a redirect, is compressed all the same."""
    if (
        encoding
        and isinstance(response, HttpResponse)
        and len(response.content) >= SMALLEST_TO_COMPRESS_BYTES
    ):
        response.content = encoded(response.content, encoding)
        response.headers["Content-Encoding"] = encoding
        response.headers["Content-Length"] = str(len(response.content))
        patch_vary_headers(response, ["Accept-Encoding"])
    return response
