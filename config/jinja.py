"""The engine of the templates that are drawn for every answer of the calculator: `*.jinja`.

Django's own draws the others. Both escape what they print, and a name that is not there is an
error here instead of nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from django.template.defaultfilters import date
from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from jinja2.runtime import Macro

from calculator.words.addresses import path_of


class JinjaFiles(FileSystemLoader):
    """Templates by their ending, as Django asks every engine for every template."""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        if not template.endswith(".jinja"):
            raise TemplateNotFound(template)
        return super().get_source(environment, template)


def _once(macro: Macro, *values: Hashable) -> str:
    """What a macro makes of values that come again with most answers: `{{ once(setting, field) }}`."""
    drawn: str = macro(*values)
    return drawn


def environment(*, loader: BaseLoader, **options: Any) -> Environment:
    """The engine that `TEMPLATES` names; Django gives it the folders and escaping."""
    assert isinstance(loader, FileSystemLoader)
    options["undefined"] = StrictUndefined
    made = Environment(loader=JinjaFiles(loader.searchpath), **options)
    made.globals["url"] = path_of
    made.globals["once"] = lru_cache(maxsize=1024)(_once)
    made.filters["date"] = date
    return made
