"""`/healthz` and `/readyz`: whether to restart this process, and whether to send it visitors."""

from __future__ import annotations

from functools import cache

from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that the process answers. A restart would mend nothing else, so nothing else is asked."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Say whether everything is there to answer visitors and editors, or what is missing: 503."""
    missing = {
        name: words
        for name, words in (
            *_missing_of_database().items(),
            ("catalog", _missing_of_catalog()),
            ("static_files", _missing_of_static_files()),
        )
        if words
    }
    if missing:
        return JsonResponse({"status": "not ready", "missing": missing}, status=503)
    return JsonResponse({"status": "ok"})


def _missing_of_database() -> dict[str, str]:
    """What is wrong by name; two small queries where nothing is."""
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except DatabaseError:
        return {"database": "does not answer"}
    # A newer version's migrations may be there already: this one goes on until it is replaced.
    lacking = sorted(f"{app}.{name}" for app, name in _migrations() - applied.keys())
    if lacking:
        return {"migrations": f"{len(lacking)} not applied, first {lacking[0]}: run migrate"}
    return {}


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """All migrations of this version; read once, as files of a running version do not change."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    squashed = {
        each for key in loader.disk_migrations for each in loader.disk_migrations[key].replaces
    }
    return frozenset(loader.disk_migrations.keys() - squashed)


def _missing_of_catalog() -> str:
    try:
        catalog = current_catalog()
    except DatabaseError:
        return "cannot be read"
    if not (catalog.tiers and catalog.training_methods):
        return "is empty: run load_catalog"
    return ""


def _missing_of_static_files() -> str:
    """Without the manifest no page can name its stylesheet. It is read once, at the start."""
    if getattr(staticfiles_storage, "hashed_files", True):
        return ""
    return "not collected: run collectstatic, then restart"
