"""What is counted while requests are answered.

gunicorn's processes each write to a file of their own in PROMETHEUS_MULTIPROC_DIR, and whichever
is asked for `/metrics` adds them up. Without that folder (tests, runserver) the counts stay in
this process.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal

from django.db import DatabaseError
from django.db.models import Count, Max
from django.utils import timezone
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from prometheus_client.values import ValueClass

from calculator.answer.timing import hear_estimate_times
from calculator.data.loading import TABLES
from gpus.prices.models import PRICE_IS_STALE_AFTER, PriceObservation

# From a kept page (below a millisecond) to gunicorn's timeout.
BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)

# When each series began is another series for each, and nobody asks.
disable_created_metrics()
_OWN = CollectorRegistry()

_requests = Histogram(
    "vram_request_seconds",
    "Time to answer, by view and class of status.",
    ["view", "status"],
    buckets=BUCKETS_S,
    registry=_OWN,
)
_finished_pages = Counter(
    "vram_finished_pages",
    "Requests for pages that may be kept: hit (kept bytes), miss (drawn), stale (from rows"
    " that may have changed).",
    ["result"],
    registry=_OWN,
)
_estimates = Histogram(
    "vram_estimate_seconds",
    "Time of one method's precise estimate with the setups that hold it.",
    buckets=BUCKETS_S,
    registry=_OWN,
)
hear_estimate_times(_estimates.observe)

# Both are bounded: views and classes of status; three results.
_request_series = cache(lambda view, status: _requests.labels(view, status))
_cache_series = cache(_finished_pages.labels)


def observe_request(view: str, status_code: int, seconds: float) -> None:
    """Count one answer."""
    _request_series(view, f"{status_code // 100}xx").observe(seconds)


def count_cache(result: Literal["hit", "miss", "stale"]) -> None:
    """Count what a store of finished answers had for a request."""
    _cache_series(result).inc()


class CatalogCollector(Collector):
    """What the database says when it is asked for; nothing is counted in between."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            newest = [
                table.model._default_manager.aggregate(newest=Max("updated_at"))["newest"]
                for table in TABLES
            ]
            stale = PriceObservation.objects.stale(timezone.localdate())
            stale_count = stale.aggregate(count=Count("gpu", distinct=True))["count"]
        except DatabaseError:
            yield GaugeMetricFamily("vram_database_up", "Whether the database answers.", 0)
            return
        yield GaugeMetricFamily("vram_database_up", "Whether the database answers.", 1)
        yield GaugeMetricFamily(
            "vram_stale_price_gpus",
            f"Published GPUs with a price not checked for {PRICE_IS_STALE_AFTER.days} days.",
            stale_count,
        )
        if changes := [each for each in newest if each is not None]:
            yield GaugeMetricFamily(
                "vram_catalog_age_seconds",
                "Time since any row of the catalog was last changed.",
                max(0.0, (timezone.now() - max(changes)).total_seconds()),
            )


def metrics_text() -> bytes:
    """Everything, in Prometheus' text format."""
    counted = _OWN
    if ValueClass._multiprocess:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)
    asked = CollectorRegistry()
    asked.register(CatalogCollector())
    return generate_latest(counted) + generate_latest(asked)
