"""The visitor's GPU stays in the address, wherever the links of a page lead.

Links come from presenters, templates of two engines, the Markdown of answers and lists in pages. So
it is not each of them that knows whose GPU is meant: the finished HTML is gone through once, and each
link to a page that understands `gpu=` gets it. What is no link of the page never has it: canonical
addresses, JSON-LD, pictures, feeds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, get_script_prefix, resolve

from calculator.catalog import current_catalog
from calculator.question.own_gpu import LONGEST_TYPED, OWN_GPU, read_own_gpu
from calculator.words.addresses import query_text

# Where htmx and redirects lead.
ADDRESS_HEADERS = ("Location", "HX-Push-Url")
MOST_REMEMBERED = 2_000

# Both engines escape what they print: an attribute's value holds neither a quote nor “<”.
_LINKS = re.compile(r'(<a\s(?:[^>]*?\s)?href=")([^"]*)')
_FETCHES = re.compile(r'(<(?!form\b)[a-z]+\s(?:[^>]*?\s)?hx-get=")([^"]*)')
_FORMS = re.compile(r"(<form\b[^>]*>)(.*?</form>)", re.DOTALL)
_ACTION = re.compile(r'(\saction=")([^"]*)')
_HAS_IT = re.compile(rf"(?:^|&|&amp;){OWN_GPU}=")
_FIELD = f' name="{OWN_GPU}"'


class KeptGpuMiddleware:
    """Outside of whatever may answer with a page, errors included."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        typed = request.GET.get(OWN_GPU, "")
        if not typed:
            return self.get_response(request)
        path = request.path_info
        if only_keeps_own_gpu(path):
            request.GET = request.GET.copy()  # type: ignore[assignment]
            del request.GET[OWN_GPU]
        response = self.get_response(request)
        is_kept = response.status_code >= 400 or understands_own_gpu(path)
        if is_kept and (query := own_gpu_query(typed)):
            _keep(response, query)
        return response


def own_gpu_query(typed: str) -> dict[str, str]:
    """The visitor's GPU as addresses have it; nothing where the name means none.

    So pages that only keep it are as many as there are GPUs, whatever is typed.
    """
    if len(typed) > LONGEST_TYPED:
        return {}
    try:
        catalog = current_catalog()
    except Error:
        return {}
    return dict(_query_of(catalog.version, typed))


@lru_cache(maxsize=MOST_REMEMBERED)
def _query_of(version: str, typed: str) -> Mapping[str, str]:
    own = read_own_gpu(current_catalog().gpus, {OWN_GPU: typed}).own
    return {} if own is None else own.query


def only_keeps_own_gpu(path: str) -> bool:
    return getattr(view_at(path), "keeps_own_gpu", False)


def understands_own_gpu(path: str) -> bool:
    """Whether the page at a path reads the visitor's GPU, or keeps it in its links."""
    public = getattr(view_at(path), "public", None)
    return only_keeps_own_gpu(path) or (public is not None and OWN_GPU in public.names)


@lru_cache(maxsize=MOST_REMEMBERED)
def view_at(path: str) -> Callable[..., Any] | None:
    """The view that answers at a path of this site; None where none does."""
    try:
        return resolve(path).func
    except Resolver404:
        return None


def _keep(response: HttpResponseBase, query: Mapping[str, str]) -> None:
    text = query_text(query)
    for name in ADDRESS_HEADERS:
        if name in response.headers:
            response.headers[name] = _address_with(response.headers[name], text, "&")
    is_html = response.get("Content-Type", "").startswith("text/html")
    if not (is_html and isinstance(response, HttpResponse)):
        return
    response.content = _html_with(response.content.decode(response.charset), query, text)
    if "Content-Length" in response.headers:
        response.headers["Content-Length"] = str(len(response.content))


def _html_with(html: str, query: Mapping[str, str], text: str) -> str:
    def address(match: re.Match[str]) -> str:
        return match[1] + _address_with(match[2], text, "&amp;")

    def form(match: re.Match[str]) -> str:
        tag, rest = match.groups()
        action = _ACTION.search(tag)
        if action is None or not _is_kept_by(_path_of(action[2])):
            return match[0]
        if 'method="get"' not in tag:
            return _ACTION.sub(address, tag) + rest
        if _FIELD in rest:
            return match[0]
        # A form's fields take the place of its action's query.
        return f'{tag}<input type="hidden"{_FIELD} value="{query[OWN_GPU]}">{rest}'

    html = _LINKS.sub(address, html)
    html = _FETCHES.sub(address, html)
    return _FORMS.sub(form, html)


def _address_with(address: str, text: str, joint: str) -> str:
    """The address with the visitor's GPU, if its page understands it and it names none yet."""
    start, hash_sign, fragment = address.partition("#")
    path, _, asked = start.partition("?")
    if not _is_kept_by(path) or _HAS_IT.search(asked):
        return address
    return f"{path}?{asked}{joint if asked else ''}{text}{hash_sign}{fragment}"


def _path_of(address: str) -> str:
    return re.split("[?#]", address, maxsplit=1)[0]


def _is_kept_by(path: str) -> bool:
    prefix = get_script_prefix()
    return path.startswith(prefix) and understands_own_gpu("/" + path.removeprefix(prefix))
