"""Who decides what is public."""

from __future__ import annotations

from django.http import HttpRequest

PUBLISH = "calculator.publish_catalog"


def may_publish(request: HttpRequest) -> bool:
    """Publishers publish and unpublish; what editors add waits for one of them."""
    return bool(request.user.has_perm(PUBLISH))
