from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from calculator.changes.models import ChangeSet, Kind
from calculator.changes.row_changes import row_changes
from calculator.changes.undoing import Refused, undo_each
from calculator.looking_ahead.changes import HeldBack, held_back_words


class Command(BaseCommand):
    help = (
        "Put the catalog back to what it was before some changes, the newest first, all or "
        "nothing. What undoes them is recorded and can be undone too."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--since", type=_moment, help="every change since, e.g. 2026-11-27 or 2026-11-27T14:30"
        )
        which.add_argument(
            "--set", type=int, metavar="ID", dest="number", help="one change, by its number"
        )
        parser.add_argument("--why", default="", help="what the history says of it")
        parser.add_argument(
            "--confirmed", default="", metavar="CODE", help="what was asked last time is meant"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be undone, and change nothing"
        )

    def handle(
        self,
        *,
        since: dt.datetime | None,
        number: int | None,
        why: str,
        confirmed: str,
        dry_run: bool,
        **options: Any,
    ) -> None:
        found = ChangeSet.objects.exclude(kind=Kind.START)
        found = found.filter(pk=number or 0) if since is None else found.filter(at__gte=since)
        if not found:
            raise CommandError("There is no such change. The admin lists them under Changes.")
        with transaction.atomic():
            try:
                undone = undo_each(found, why=why, confirmed=confirmed)
            except Refused as refused:
                problems = "\n".join(f"  {problem}" for problem in refused.problems)
                raise CommandError(f"Nothing was undone.\n{problems}") from refused
            except HeldBack as held:
                words = held_back_words("Nothing was undone.", held.findings)
                raise CommandError(words) from held
            if dry_run:
                transaction.set_rollback(True)
        for changes in undone:
            self.stdout.write(
                f"{'Would undo' if dry_run else 'Undid'} {changes}, {changes.at:%Y-%m-%d %H:%M} "
                f"by {changes.who_name or 'a command'}, {changes.get_kind_display()}:"
            )
            for row in row_changes(changes):
                fields = "; ".join(
                    f"{each.label}: {each.new} → {each.old}"
                    for each in (row.differences if row.what == "changed" else ())
                )
                self.stdout.write(f"  {row.table} {row.name} ({row.what}) {fields}".rstrip())


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is no moment. Write it as 2026-11-27T14:30.") from None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
