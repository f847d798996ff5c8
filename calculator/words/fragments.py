"""Answers to htmx: a part of a page, with the address of the whole page for the address bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django_htmx.http import push_url, reswap
from django_htmx.middleware import HtmxDetails


class HtmxHttpRequest(HttpRequest):
    """A request as django_htmx's middleware hands it on."""

    htmx: HtmxDetails


def fragment_response(
    request: HtmxHttpRequest,
    template: str,
    context: Mapping[str, Any],
    page_url: str,
    *,
    has_answer: bool = True,
) -> HttpResponse:
    """What htmx swaps; opened by hand, a fragment leads on to its page.

    Where there is no answer, as something typed is wrong, only the errors and what else is swapped
    by its id change: the last answer stays in its place, and the template says that it is.
    """
    if request.htmx:
        context = {**context, "is_last_answer": not has_answer}
        response = push_url(render(request, template, context), page_url)
        if not has_answer:
            reswap(response, "none")
    else:
        response = redirect(page_url)
    patch_vary_headers(response, ["HX-Request"])
    return response
