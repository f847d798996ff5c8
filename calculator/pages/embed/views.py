"""/embed/: the calculator's answer for an iframe, and nothing else of the site."""

from __future__ import annotations

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.calculator.presenters import present_calculator
from calculator.pages.calculator.views import CLUSTERED_NAMES
from calculator.serving.public_views import public

HEADERS = {
    # A page that isolates itself (COEP) may frame it too.
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Robots-Tag": "noindex",
}


@public(more=CLUSTERED_NAMES)
@csp_replace({"frame-ancestors": ["*"]})
@xframe_options_exempt
@require_safe
def embed(request: HttpRequest) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    calculator = present_calculator(catalog, request.GET.dict(), today=today)
    response = render(request, "calculator/pages/embed/page.html", {"calculator": calculator})
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response
