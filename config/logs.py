"""What a log line says: JSON in production, a readable line elsewhere, each with a request's id.

gunicorn reads this before there are settings, so it knows none.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS

# Set by config/observing.py for as long as a request lasts.
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")

LONGEST_ADDRESS = 1_000


def address_of(request: Any) -> str:
    """The address as a log may keep it: without what was typed in the admin, and not endless."""
    in_admin = request.path.startswith("/admin/")
    address: str = request.path if in_admin else request.get_full_path()
    return address[:LONGEST_ADDRESS].encode("unicode_escape").decode("ascii")


class RequestFilter(logging.Filter):
    """Gives every line `request_id`, and lines about a request its method and address.

    Django logs an answer of 400 and more after the middleware is through: the id is then read
    from the request.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        request: Any = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", None) or REQUEST_ID.get()
        # runserver puts a socket there.
        if hasattr(request, "get_full_path"):
            record.method = request.method
            record.address = address_of(request)
        return True


def logging_config(*, as_json: bool) -> dict[str, Any]:
    """A configuration for `logging.config`, for Django's settings and for gunicorn's."""
    handler = {
        "class": "logging.StreamHandler",
        "formatter": "json" if as_json else "line",
        "filters": ["request"],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": RequestFilter}},
        "formatters": {
            "line": {
                "format": "{asctime} {levelname} {name} [{request_id}] {message}",
                "style": "{",
            },
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": ["levelname", "name", "process", "request_id", "message"],
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",
                # The request itself prints its whole query; its address stands beside it.
                "reserved_attrs": [*RESERVED_ATTRS, "request", "server_time"],
            },
        },
        "handlers": {"stderr": handler},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False}
        },
    }
