"""An answer in words where the database fails: 503, which says that trying again may help."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.views import defaults

from calculator.estimation import FieldError
from calculator.pages.api.responses import errors_as_json


@dataclass(frozen=True)
class Fault:
    """What is wrong with the database, for who reads it, and when to try again."""

    title: str
    sentence: str
    retry_after_s: int


FULL = Fault("The disk is full", "The disk that holds the database is full.", 300)
READ_ONLY = Fault("Nothing can be saved now", "The database can only be read, not changed.", 300)
BUSY = Fault("The database is busy", "Somebody else has been saving for too long.", 5)
NOT_SET_UP = Fault("The site is being set up", "The database lacks tables of this version.", 60)
GONE = Fault("The database does not answer", "The database cannot be reached.", 30)

# SQLite says it in a sentence, PostgreSQL by a code (its appendix A).
_BY_WORDS = {
    "disk is full": FULL,
    "readonly database": READ_ONLY,
    "database is locked": BUSY,
    "no such table": NOT_SET_UP,
    "no such column": NOT_SET_UP,
}
_BY_SQLSTATE = {
    "53100": FULL,
    "25006": READ_ONLY,
    "55P03": BUSY,
    "57014": BUSY,
    "42P01": NOT_SET_UP,
    "42703": NOT_SET_UP,
}


def fault_of(error: BaseException | None) -> Fault | None:
    """What an error says of the database; None where it is a mistake of the code."""
    if not isinstance(error, (DatabaseError, InterfaceError)):
        return None
    if found := _BY_SQLSTATE.get(getattr(error.__cause__, "sqlstate", None) or ""):
        return found
    if not isinstance(error, (OperationalError, InterfaceError)):
        return None
    text = str(error)
    return next((fault for words, fault in _BY_WORDS.items() if words in text), GONE)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an error that nothing caught. Django calls it while it handles that error."""
    fault = fault_of(sys.exc_info()[1])
    if fault is None:
        return defaults.server_error(request)
    response: HttpResponse
    if request.path.startswith("/api/"):
        words = f"{fault.sentence} Try again in {fault.retry_after_s} seconds."
        errors = errors_as_json([FieldError("database", words, "unavailable")])
        response = JsonResponse(errors, status=503)
    else:
        context = {"fault": fault, "is_admin": request.path.startswith("/admin/")}
        # Without the request: its context processors would ask the database who is asking.
        response = HttpResponse(render_to_string("503.html", context), status=503)
    response.headers["Retry-After"] = str(fault.retry_after_s)
    add_never_cache_headers(response)
    return response
