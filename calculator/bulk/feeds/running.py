"""Reads the feeds that are on: a trusted one's prices go live, another's wait for an editor."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from calculator.bulk.consequences import findings
from calculator.bulk.feeds.fetching import Unfetchable
from calculator.bulk.feeds.files import fetch_catalog
from calculator.bulk.models import BulkImport, PriceFeed
from calculator.bulk.reading.grid import Unreadable
from calculator.bulk.tables import BULK_TABLES
from calculator.bulk.waiting import Waiting, confirm, hand_in


def read_feed(feed: PriceFeed, *, editor: Any = None) -> BulkImport:
    """Fetch a feed and hand its prices in; where it is trusted and nothing is odd or asked, confirm.

    Raises:
        Unfetchable: it cannot be had.
        Unreadable: it is no table.
    """
    try:
        grid = fetch_catalog(feed.address)
    except (Unfetchable, Unreadable) as error:
        _note(feed, str(error))
        raise
    # What it offered last time and nobody looked at is older than this.
    BulkImport.objects.filter(feed=feed, applied_at=None).delete()
    waiting = hand_in(
        BULK_TABLES["prices"],
        grid,
        source=feed.name,
        editor=editor,
        everywhere={"provider": feed.provider},
        leaves_out_unknown=True,
        feed=feed,
    )
    plan = Waiting.of(waiting).plan()
    asked = findings(BULK_TABLES["prices"], plan)
    if feed.is_trusted and plan.can_be_applied and not plan.warned_count and not asked.found:
        confirm(waiting.pk, editor=editor, fingerprint=plan.fingerprint)
        waiting.refresh_from_db()
        _note(feed, waiting.outcome)
    elif not plan.changes and not plan.problems:
        waiting.delete()
        _note(feed, "Nothing to change.")
    else:
        said = " ".join(each.message for each in asked.found)
        words = f"{plan.in_words}, {len(plan.problems)} mistakes. {said}"
        _note(feed, f"Waits for an editor: {words}".strip())
    return waiting


def _note(feed: PriceFeed, outcome: str) -> None:
    """Say what came of it. That is no edit: neither history nor the row's version takes part."""
    PriceFeed.objects.filter(pk=feed.pk).update(
        last_read_at=timezone.now(), last_outcome=outcome[:300]
    )
    feed.refresh_from_db()
