"""Counts looks in memory and writes them down now and then, never while a visitor waits."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import Any

from django.conf import settings
from django.db import Error, connection, transaction
from django.db.models import F
from django.utils import timezone

from gpus.looks.models import GpuLooks

logger = logging.getLogger(__name__)


class LookCounter:
    """One process's counts since it last wrote them down.

    A thread of its own writes them. While the database is away or read-only they stay in memory,
    a number for each GPU; what a process has not written when it ends is lost.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_failing = False

    def seen(self, slug: str) -> None:
        """Somebody looked at the GPU of this slug."""
        with self._lock:
            self._counts[slug] += 1
            # Not before the first look: a server forks its processes, and threads stay behind.
            if self._thread is None and settings.LOOKS_WRITE_SECONDS:
                self._thread = threading.Thread(target=self._write_for_ever, daemon=True)
                self._thread.start()

    def write(self) -> None:
        """Add what was counted to the rows; keep it where that fails."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            _add(counts)
        except Error as error:
            with self._lock:
                self._counts += counts
            if not self._is_failing:
                logger.warning("Looks at GPUs cannot be written down for now: %s", error)
            self._is_failing = True
        else:
            self._is_failing = False

    def _write_for_ever(self) -> None:
        pause = threading.Event()
        while not pause.wait(settings.LOOKS_WRITE_SECONDS):
            self.write()
            # Kept open, it would be one connection more for each process, all but idle.
            connection.close()


LOOKS = LookCounter()


@transaction.atomic
def _add(counts: Counter[str]) -> None:
    month = timezone.localdate().replace(day=1)
    gpus: Any = GpuLooks._meta.get_field("gpu").related_model
    pk_by_slug = dict(gpus._base_manager.filter(slug__in=counts).values_list("slug", "pk"))
    # Always in the same order: two processes that write at once must not wait for each other.
    for slug, pk in sorted(pk_by_slug.items()):
        row, _ = GpuLooks.objects.get_or_create(gpu_id=pk, month=month)
        GpuLooks.objects.filter(pk=row.pk).update(count=F("count") + counts[slug])
