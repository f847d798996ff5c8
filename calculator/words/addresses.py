"""Addresses of the site's own pages: a name is looked up once, and a query stands behind it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote_plus

from django.urls import get_script_prefix, reverse

LONGEST_WORD = 40


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
    """The path with the query's text."""
    if not query:
        return path
    return f"{path}?{query_text(query)}"


def query_text(query: Mapping[str, str]) -> str:
    """The query's text, as `urllib.parse.urlencode` writes it."""
    return "&".join([f"{_quoted(name)}={_quoted(query[name])}" for name in query])


def _quoted(text: str) -> str:
    # Names and values of settings come again and again; what somebody pasted does not.
    return _quoted_word(text) if len(text) <= LONGEST_WORD else quote_plus(text)


_quoted_word = lru_cache(maxsize=4096)(quote_plus)


def comparison_of(*configurations: Mapping[str, str]) -> str:
    """The comparison of configurations, each the query of a run with its method: four at most."""
    values = {slot: query_text(each) for slot, each in zip("abcd", configurations, strict=False)}
    return with_query(path_of("calculator:compare"), values)
