"""Views whose answers depend on their address and the catalog alone, and may be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

V = TypeVar("V", bound=Callable[..., Any])


class Public(NamedTuple):
    """What a public view reads: these names of the query, and nothing else of the request."""

    names: frozenset[str]
    is_fragment: bool


def public(*names: str, more: Iterable[str] = (), fragment: bool = False) -> Callable[[V], V]:
    """Mark a view as public: its answers are kept, by the address, for everybody.

    The view sees only the names that are stated here, so one that is missing shows at once, and
    one that somebody adds to a link (a campaign's, a tracker's) asks nothing new. A fragment is
    what htmx asks for; by hand it leads on to its page.
    """

    def mark(view: V) -> V:
        view.public = Public(frozenset((*names, *more)), fragment)  # type: ignore[attr-defined]
        return view

    return mark


def keeps_own_gpu(view: V) -> V:
    """Mark a view that has no use for the visitor's GPU, but whose links keep it (`?gpu=`).

    The view never sees it: its page is the same for everybody but for where its links lead
    (`config/kept_gpu.py`).
    """
    view.keeps_own_gpu = True  # type: ignore[attr-defined]
    return view
