"""How long an answer took, for whoever wants to hear of it; this floor knows of no metrics."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_listeners: list[Callable[[float], None]] = []


def hear_estimate_times(listener: Callable[[float], None]) -> None:
    """Call `listener` with the seconds of every estimate from now on."""
    _listeners.append(listener)


def timed(function: Callable[P, R]) -> Callable[P, R]:
    """Tell the listeners how long each call took that came to an answer."""

    @wraps(function)
    def timed_function(*args: P.args, **kwargs: P.kwargs) -> R:
        started = perf_counter()
        result = function(*args, **kwargs)
        seconds = perf_counter() - started
        for listener in _listeners:
            listener(seconds)
        return result

    return timed_function
