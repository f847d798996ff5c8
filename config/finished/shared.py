"""Finished answers that instances share, in the cache at `CACHE_URL`.

An instance that has just started, or a neighbour, then draws nothing that another one has drawn.
Nothing depends on it: while it does not answer, every process works from its own memory.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Hashable
from hashlib import blake2b

from django.core.cache import caches

from config.code_version import code_version
from config.finished.answers import Answer

logger = logging.getLogger(__name__)

SECONDS_KEPT = 24 * 3600
# How long a cache that failed is left alone: waiting for it once per page would make each slow.
SECONDS_LEFT_ALONE = 5.0


class SharedAnswers:
    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._left_alone_until = float("-inf")

    def get(self, key: Hashable) -> Answer | None:
        if self._is_left_alone:
            return None
        try:
            found = caches[self._alias].get(_name(key))
        except Exception as error:  # each client library has exceptions of its own
            self._leave_alone(error)
            return None
        return None if found is None else Answer(*found)

    def put(self, key: Hashable, answer: Answer) -> None:
        if self._is_left_alone:
            return
        value = (answer.headers, answer.etag, answer.bodies)
        try:
            caches[self._alias].set(_name(key), value, SECONDS_KEPT)
        except Exception as error:
            self._leave_alone(error)

    @property
    def _is_left_alone(self) -> bool:
        return time.monotonic() < self._left_alone_until

    def _leave_alone(self, error: Exception) -> None:
        self._left_alone_until = time.monotonic() + SECONDS_LEFT_ALONE
        logger.warning("The shared cache does not answer; pages are drawn here: %s", error)


def _name(key: Hashable) -> str:
    return "page:" + blake2b(repr((code_version(), key)).encode(), digest_size=20).hexdigest()
