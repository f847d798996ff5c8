from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from calculator.bulk.feeds.fetching import Unfetchable
from calculator.bulk.feeds.running import read_feed
from calculator.bulk.models import PriceFeed
from calculator.bulk.reading.grid import Unreadable


class Command(BaseCommand):
    help = (
        "Read the price feeds that are on. A trusted feed's prices go live; another's wait in the "
        "admin for somebody's look. Ends with status 1 where one could not be read."
    )

    def handle(self, *, verbosity: int, **options: Any) -> None:
        failed = []
        for feed in PriceFeed.objects.filter(is_on=True):
            try:
                read_feed(feed)
            except (Unfetchable, Unreadable):
                failed.append(feed.name)
            if verbosity:
                self.stdout.write(f"{feed.name}: {feed.last_outcome}")
        if failed:
            raise CommandError(f"Not read: {', '.join(failed)}.")
