"""What a request to the admin says of a change: who may make it public, why, and where it is seen."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from calculator.changes.models import ChangeSet

PUBLISH = "calculator.publish_catalog"


def may_publish(request: HttpRequest) -> bool:
    """Publishers publish and unpublish; what editors add waits for one of them."""
    return bool(request.user.has_perm(PUBLISH))


def reason_of(request: HttpRequest) -> str:
    """Why the editor says that this is changed; often nothing."""
    return request.POST.get("change_reason", "")


def change_url(request: HttpRequest, changes: ChangeSet) -> str:
    """Where the change is seen and undone; empty where nothing was changed, or who did may not look."""
    if changes.pk is None or not request.user.has_perm("calculator.view_changeset"):
        return ""
    return reverse("admin:calculator_changeset_change", args=[changes.pk])
