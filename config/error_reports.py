"""Errors to Sentry, for who wants that: SENTRY_DSN. Without it nothing is imported."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.logs import REQUEST_ID


def report_errors_to(dsn: str, *, environment: str) -> None:
    """Send errors there, each with its request's id, and nothing that anybody typed.

    Raises ImproperlyConfigured where sentry-sdk is not installed.
    """
    try:
        # Not by name: where it is not installed, the type checker would miss it.
        sentry_sdk = import_module("sentry_sdk")
    except ImportError as error:
        raise ImproperlyConfigured(
            "SENTRY_DSN is set, but sentry-sdk is not installed. Install the version that"
            " docs/operations.md names, or unset SENTRY_DSN."
        ) from error
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        before_send=_with_request_id,
    )


def _with_request_id(event: dict[str, Any], _hint: dict[str, Any]) -> dict[str, Any]:
    event.setdefault("tags", {})["request_id"] = REQUEST_ID.get()
    return event
