"""How old a snapshot of the catalog's rows may be, and what happens while the database is away.

A version is derived from the rows themselves (newest change and number of rows of each table), so
nothing has to remember to announce a change: an edit in the admin, an import or a script on another
machine is followed by every process within `CATALOG_CHECK_SECONDS`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import Error, connection, models
from django.db.models import Count, Max, Value

logger = logging.getLogger(__name__)

T = TypeVar("T")

# After so many times the set time a version is too old to answer by while it is read anew.
READS_MISSED = 2


class RowVersion:
    """What changes whenever a watched row does: one query, at most once in the set time."""

    def __init__(self) -> None:
        self._tables: tuple[type[models.Model], ...] = ()
        self._statements: dict[str, tuple[str, tuple[Any, ...]]] = {}
        self._lock = threading.Lock()
        self._version = ""
        # Monotonic, so that a clock which is set back stops nothing.
        self._read_at = float("-inf")
        self._failing_since: float | None = None
        # How often it was read, well or not: who waited for that need not read again.
        self._reads = 0

    def watch(self, *tables: type[models.Model]) -> None:
        self._tables += tuple(table for table in tables if table not in self._tables)
        self._statements.clear()

    @property
    def last_read(self) -> str:
        """The version as it was last read, without a query; empty before the first."""
        return self._version

    @property
    def seconds_failing(self) -> float:
        """How long the database has not answered; 0 while it does."""
        since = self._failing_since
        return 0.0 if since is None else time.monotonic() - since

    def current(self, *, now: bool = False) -> str:
        """The version of the rows, at most `CATALOG_CHECK_SECONDS` old; `now` reads it anew.

        While the database does not answer, the last version stays: what is known goes on being
        shown. Before the first answer there is nothing to show, and its error is raised.
        """
        seconds = settings.CATALOG_CHECK_SECONDS
        must_read = now or not seconds or not self._version
        age, reads = time.monotonic() - self._read_at, self._reads
        if not must_read and age < seconds:
            return self._version
        # One thread asks; the others answer by what they know instead of waiting in a row. What a
        # new or idle process knows may be from long ago: then they wait for what that one reads.
        is_long_ago = age > READS_MISSED * seconds and self._failing_since is None
        if not self._lock.acquire(blocking=must_read or is_long_ago):
            return self._version
        try:
            if must_read or self._reads == reads:
                self._read()
        finally:
            self._lock.release()
        return self._version

    def take_back(self, version: str, error: Error) -> None:
        """Stay with an earlier version, as the rows of the newer one could not be loaded."""
        self._failed(error)
        self._version = version

    def _read(self) -> None:
        begun_at = time.monotonic()
        try:
            with connection.cursor() as cursor:
                cursor.execute(*self._statement())
                rows = sorted(map(tuple, cursor.fetchall()))
        except Error as error:
            if not self._version:
                raise
            self._failed(error)
            return
        finally:
            # Not before: who comes while it is read would take what is known for fresh.
            self._read_at = begun_at
            self._reads += 1
        if self._failing_since is not None:
            logger.warning("The database answers again after %.0f s.", self.seconds_failing)
            self._failing_since = None
        name = str(connection.settings_dict["NAME"])
        self._version = blake2b(repr((name, rows)).encode(), digest_size=12).hexdigest()

    def _failed(self, error: Error) -> None:
        if self._failing_since is None:
            self._failing_since = time.monotonic()
            logger.error("The database does not answer; pages go on as they last were: %s", error)

    def _statement(self) -> tuple[str, tuple[Any, ...]]:
        """The query as SQL: to build it takes Django twenty times as long as to run it."""
        made = self._statements.get(connection.vendor)
        if made is None:
            parts = [
                table._default_manager.order_by()
                .values(table=Value(str(table._meta.label)))
                .annotate(newest=Max("updated_at"), row_count=Count("pk"))
                for table in self._tables
            ]
            made = parts[0].union(*parts[1:], all=True).query.sql_with_params()
            self._statements[connection.vendor] = made
        return made


ROW_VERSION = RowVersion()


_snapshots: list[Snapshot[Any]] = []
_standing: ContextVar[dict[Snapshot[Any], Any] | None] = ContextVar("standing", default=None)


class Snapshot(Generic[T]):
    """Rows as one immutable value, loaded anew when the version of the rows has changed."""

    def __init__(self, load: Callable[[str], T]) -> None:
        self._load = load
        self._held: tuple[str, T] | None = None
        _snapshots.append(self)

    def current(self) -> T:
        if (standing := _standing.get()) is not None:
            value: T = standing[self]
            return value
        version, held = ROW_VERSION.current(), self._held
        if held is not None and held[0] == version:
            return held[1]
        try:
            # Two threads may both load; each gets a whole snapshot and the later one is kept.
            value = self._load(version)
        except Error as error:
            if held is None:
                raise
            ROW_VERSION.take_back(held[0], error)
            return held[1]
        self._held = (version, value)
        return value


@contextmanager
def snapshots_held() -> Iterator[None]:
    """Inside, every snapshot is the one at the beginning, whatever is written meanwhile.

    For who writes rows, asks what that changes, and may take it back: a snapshot that is loaded
    in between would show all visitors what is not committed.
    """
    if _standing.get() is not None:
        yield
        return
    token = _standing.set({each: each.current() for each in _snapshots})
    try:
        yield
    finally:
        _standing.reset(token)
