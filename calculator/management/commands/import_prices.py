from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from calculator.bulk.consequences import asking, changes_of, findings
from calculator.bulk.planning import HasProblems, IsOdd, Plan, apply_import, plan_import
from calculator.bulk.reading.files import decoded, read_file
from calculator.bulk.reading.grid import Grid, Unreadable
from calculator.bulk.reading.pasted import read_pasted
from calculator.bulk.tables import BULK_TABLES, BulkTable
from calculator.bulk.waiting import read
from calculator.looking_ahead.changes import HeldBack, held_back_words
from calculator.previews.consequences import consequences


class Command(BaseCommand):
    help = (
        "Import prices from a file or the standard input, by the rules of the admin's own import: "
        "all or nothing. Ends with status 1 where nothing was imported because of a mistake."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV, TSV, XLSX, JSON or a Markdown table; - reads stdin")
        parser.add_argument("--dry-run", action="store_true", help="show it, change nothing")
        parser.add_argument(
            "--leave-out-unknown", action="store_true", help="rows whose GPU is not known"
        )
        parser.add_argument(
            "--accept-odd", action="store_true", help="prices ten times up or down are right"
        )
        parser.add_argument(
            "--confirmed", default="", metavar="CODE", help="what was asked last time is meant"
        )
        # What holds for each row that does not say so itself.
        for name in ("kind", "provider", "source-name", "source-url"):
            parser.add_argument(f"--{name}", default="", help="for rows that do not say so")
        parser.add_argument("--checked-on", default="", help="a day; today, if left out")

    def handle(self, *, file: str, dry_run: bool, verbosity: int, **options: Any) -> None:
        names = ("kind", "provider", "source_name", "source_url", "checked_on")
        everywhere = {name: options[name] for name in names}
        everywhere["checked_on"] = everywhere["checked_on"] or timezone.localdate().isoformat()
        prices = BULK_TABLES["prices"]
        try:
            grid, reading = read(prices, _grid(file), everywhere)
        except Unreadable as error:
            raise CommandError(f"Nothing was imported. {error}") from error
        reading = reading.leaving_out_unknown(options["leave_out_unknown"])
        plan = plan_import(prices, grid, reading)
        if verbosity:
            self.stdout.write("\n".join([*_lines(plan), *_moved(prices, plan)]))
        if plan.problems:
            problems = "\n".join(f"  {problem}" for problem in plan.problems)
            raise CommandError(f"Nothing was imported. Correct this and try again:\n{problems}")
        if dry_run or not plan.changes:
            if asked := findings(prices, plan).lines:
                self.stdout.write("\n".join(("It would be asked about:", *asked)))
            return
        try:
            plan = apply_import(
                prices,
                grid,
                reading,
                editor=None,
                fingerprint=None,
                source=file,
                look=asking(prices, options["confirmed"]),
                accepts_odd=options["accept_odd"],
            )
        except IsOdd as refused:
            raise CommandError(
                f"Nothing was imported: {refused.plan.warned_count} of the prices are odd. "
                "Where they are right, say --accept-odd."
            ) from refused
        except HeldBack as held:
            raise CommandError(held_back_words("Nothing was imported.", held.findings)) from held
        except HasProblems as refused:
            raise CommandError(f"Nothing was imported: {refused.plan.problems[0]}") from refused
        if verbosity:
            self.stdout.write(f"Imported: {plan.in_words}.")


def _grid(file: str) -> Grid:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    return read_file(content) if content.startswith(b"PK") else read_pasted(decoded(content))


def _lines(plan: Plan) -> list[str]:
    """The preview as a table of columns as wide as what stands in them."""
    rows = [("row", "price", "column", "before", "after")]
    for change in plan.changes:
        for cell in change.cells:
            rows.append((str(change.place), change.name, cell.column, cell.before, cell.after))
        rows += [(str(change.place), change.name, "odd", "", words) for words in change.warnings]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    left_out = [f"left out: {each}" for each in plan.left_out]
    return [*(table if plan.changes else []), *left_out, f"{plan.in_words}."]


def _moved(prices: BulkTable, plan: Plan) -> list[str]:
    """The figures that visitors would read otherwise."""
    moved = consequences(changes_of(prices, plan)).effects
    answers = [change for answer in moved.answers for change in answer.figures]
    return [f"{each.what}: {each.before} → {each.after}" for each in (*moved.figures, *answers)]
