"""No function, class, attribute or constant that nothing uses."""

from __future__ import annotations

import re
from pathlib import Path

from vulture import Vulture

ROOT = Path(__file__).resolve().parents[2]
CODE = ("calculator", "gpus", "config", "validation")
# The public faces of core and catalog: their tests stand for users outside this repository.
TESTS_OF_LIBRARIES = (
    "tests/calculator/estimation",
    "tests/gpus/test_fitting.py",
    "tests/calculator/pages/methodology",
    "tests/validation",
)

# What calculator/looking_ahead/ calls.
REGISTERED = ["@guard", "@previews", "@shows_consequences"]
# What Django, gunicorn or a patched library looks up by its name.
CALLED_BY_NAME = [
    # Of forms and of the admin.
    *("Meta", "help_text"),
    *("Command", "help", "add_arguments", "clean", "clean_*", "default_error_messages"),
    *("use_required_attribute", "default_renderer", "validateLink", "urlpatterns", "app_name"),
    "application",
    # Named in the settings: middleware with its hook, and what axes calls.
    *("*Middleware", "sync_capable", "async_capable", "process_view", "view", "args", "kwargs"),
    # What django-import-export calls of a resource, and http.client of a connection.
    *("as_html", "get_diff_class", "after_init_instance", "before_save_instance", "sock"),
    "after_save_instance",
    # Read by Django's forms, django-simple-history and django-otp.
    *("disabled", "skip_history_when_saving", "confirmed", "otp_device"),
    *("locked_out", "original_response", "credentials", "handler500", "WaitingWorker"),
]
DEFINED_FOR_DJANGO = {
    "models.py",
    "checked_rows.py",
    "classes.py",
    "tiers.py",
    "admin.py",
    "apps.py",
    "settings.py",
    "feeds.py",
    "sitemaps.py",
    # Pages and filters of the admin.
    "row_admin.py",
    "filters.py",
    "audit.py",
    "site.py",
}
SETTINGS_OF_GUNICORN = {"gunicorn.conf.py"}
# They replace parts of PyTorch and transformers, or set what those read.
PATCHES = {"validation/tracing"}
READ_BY_TRANSFORMERS = ["is_loaded_in_4bit", "is_loaded_in_8bit", "_attn_implementation"]


def test_nothing_is_unused():
    search = Vulture(
        ignore_names=[*CALLED_BY_NAME, *READ_BY_TRANSFORMERS], ignore_decorators=REGISTERED
    )
    places = [str(ROOT / each) for each in (*CODE, *TESTS_OF_LIBRARIES)]
    search.scavenge(places, exclude=["*/migrations/*", "*/.venv/*"])
    in_templates = words_of_templates()

    unused = [
        f"{item.filename.relative_to(ROOT)}:{item.first_lineno} {item.name}"
        for item in search.get_unused_code()
        if item.name not in in_templates and not is_looked_up(item)
    ]

    assert unused == []


def is_looked_up(item) -> bool:
    path = item.filename.relative_to(ROOT)
    return (
        path.name in DEFINED_FOR_DJANGO | SETTINGS_OF_GUNICORN
        or str(path.parent) in PATCHES
        or path.parts[0] == "tests"
        or (path.name == "forms.py" and item.typ == "variable")  # fields, found by the form
        or (path.name == "shapes.py" and item.typ == "variable")  # names of JSON, held by mypy
    )


def words_of_templates() -> set[str]:
    """Attributes that a template prints or asks about."""
    files = (ROOT / "templates").rglob("*.*")
    texts = (path.read_text(encoding="utf-8") for path in files)
    marks = (mark for text in texts for mark in re.findall(r"\{[{%].*?[%}]\}", text))
    return {word for mark in marks for word in re.findall(r"\w+", mark)}
