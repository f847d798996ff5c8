"""`/metrics`, for Prometheus and nobody else."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from config.metrics import metrics_text


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The counts of all processes of this server; 403 for whoever may not see them."""
    if not _may_see(request):
        return HttpResponse(
            "Metrics are for addresses in METRICS_ALLOWED, or with METRICS_TOKEN.\n",
            content_type="text/plain; charset=utf-8",
            status=403,
        )
    return HttpResponse(metrics_text(), content_type=CONTENT_TYPE_LATEST)


def _may_see(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if token and constant_time_compare(given, f"Bearer {token}"):
        return True
    # What came through a proxy has the proxy's address, which says nothing of the client.
    if "X-Forwarded-For" in request.headers:
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a Unix socket has none
        return False
    return any(address in ip_network(allowed) for allowed in settings.METRICS_ALLOWED)
