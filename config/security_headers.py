"""Headers that every answer has, errors and static files too. A view that sets its own keeps it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

LARGEST_REPORT_BYTES = 16_000
LOGGED_FIELDS = ("document-uri", "effective-directive", "violated-directive", "blocked-uri")
LONGEST_LOGGED = 200

logger = logging.getLogger("site.csp")


class SecurityHeadersMiddleware:
    """Outermost, so that what WhiteNoise serves and what fails passes through it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in settings.SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response


@csrf_exempt  # Browsers send reports without cookies.
@require_POST
def csp_report(request: HttpRequest) -> HttpResponse:
    """Log what a browser says it refused. Both forms: report-uri's object, report-to's list."""
    body = request.read(LARGEST_REPORT_BYTES + 1)
    if len(body) > LARGEST_REPORT_BYTES:
        return HttpResponse(status=413)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return HttpResponse(status=400)
    for report in value[:5] if isinstance(value, list) else [value]:
        if isinstance(report, dict):
            _log(report.get("csp-report", report.get("body")))
    return HttpResponse(status=204)


def _log(details: object) -> None:
    if not isinstance(details, dict):
        return
    camel = {
        "document-uri": "documentURL",
        "effective-directive": "effectiveDirective",
        "blocked-uri": "blockedURL",
    }
    said = {
        name: str(value)[:LONGEST_LOGGED]
        for name in LOGGED_FIELDS
        if (value := details.get(name, details.get(camel.get(name, name)))) is not None
    }
    # As JSON, so that what a stranger sends cannot begin a line of the log.
    logger.warning("refused by the policy: %s", json.dumps(said))
