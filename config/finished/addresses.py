"""Which requests ask the same thing."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from django.urls import Resolver404, resolve

# Addresses are remembered as they were typed; a request line has at most 4,094 bytes.
MOST_REMEMBERED = 2_000


class Address(NamedTuple):
    """A public address: every request with these values gets the same bytes."""

    path: str
    query: str
    is_fragment: bool


@lru_cache(maxsize=MOST_REMEMBERED)
def public_address(path: str, query: str) -> Address | None:
    """The canonical address; None where no public view answers.

    Names that the view does not read are left out and the rest is put in order. Values stay as
    they were typed: only the view knows which of them mean the same.
    """
    try:
        view = resolve(path).func
    except Resolver404:
        return None
    public = getattr(view, "public", None)
    if public is None:
        return None
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace") if query else []
    # The last of a repeated name counts, as in the views.
    known = {name: value for name, value in pairs if name in public.names}
    return Address(path, urlencode(sorted(known.items())), public.is_fragment)
