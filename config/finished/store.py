"""Finished answers in memory, bounded by their bytes."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress

from cachetools import LRUCache

from config.finished.answers import Answer

# What is asked for once waits here, so that a stream of addresses that nobody asks for again
# pushes out its own kind and never the front page.
NEWCOMERS_FRACTION = 0.25
SECONDS_TO_WAIT = 5.0


class Store:
    """Least recently used goes first; what was asked for twice stays before what was not."""

    def __init__(self, most_bytes: int) -> None:
        newcomers_bytes = int(most_bytes * NEWCOMERS_FRACTION)
        self._newcomers = _by_bytes(newcomers_bytes)
        self._regulars = _by_bytes(most_bytes - newcomers_bytes)
        self._lock = threading.Lock()
        self._turns: dict[Hashable, threading.Event] = {}

    def get(self, key: Hashable) -> Answer | None:
        with self._lock:
            answer = self._regulars.get(key)
            if answer is None and (answer := self._newcomers.pop(key, None)) is not None:
                _keep(self._regulars, key, answer)
            return answer

    def put(self, key: Hashable, answer: Answer) -> None:
        with self._lock:
            if key not in self._regulars:
                _keep(self._newcomers, key, answer)

    def clear(self) -> None:
        with self._lock:
            self._newcomers.clear()
            self._regulars.clear()

    @property
    def size_bytes(self) -> float:
        return self._newcomers.currsize + self._regulars.currsize

    @contextmanager
    def turn(self, key: Hashable) -> Iterator[bool]:
        """Whether it is for the caller to make what is missing; the others wait for it.

        Who waited looks again. Nothing there, since making it failed or took too long, they make
        it themselves: a slow page is better than none.
        """
        mine = threading.Event()
        with self._lock:
            theirs = self._turns.setdefault(key, mine)
        if theirs is not mine:
            theirs.wait(SECONDS_TO_WAIT)
            yield False
            return
        try:
            yield True
        finally:
            with self._lock:
                del self._turns[key]
            mine.set()


def _by_bytes(most_bytes: int) -> LRUCache[Hashable, Answer]:
    return LRUCache(most_bytes, getsizeof=lambda answer: answer.size_bytes)


def _keep(cache: LRUCache[Hashable, Answer], key: Hashable, answer: Answer) -> None:
    # An answer that is larger than the whole cache goes out unkept.
    with suppress(ValueError):
        cache[key] = answer
