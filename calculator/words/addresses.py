"""Addresses of the site's own pages: a name is looked up once, and a query stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlencode

from django.urls import get_script_prefix, reverse


def path_of(name: str, *args: str) -> str:
    """The path of a view by its URL's name: Django's `reverse`, remembered.

    A page of the calculator has some seventy links, and `reverse` takes as long for each as the
    text of its query does.
    """
    return _path_of(name, args, get_script_prefix())


@lru_cache(maxsize=4096)
def _path_of(name: str, args: tuple[str, ...], prefix: str) -> str:
    return reverse(name, args=args)


def with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
