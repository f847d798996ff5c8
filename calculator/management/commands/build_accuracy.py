"""Recompute what the accuracy page shows from the committed runs, traces and reports."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calculator.pages.accuracy.field.records import FIELD_REPORTS_CSV
from calculator.pages.accuracy.records import ACCURACY_CSV
from validation.accuracy import accuracy_csv
from validation.field_rows import field_reports_csv

FILES = {ACCURACY_CSV: accuracy_csv, FIELD_REPORTS_CSV: field_reports_csv}


class Command(BaseCommand):
    help = (
        "Write calculator/data/accuracy.csv (predicted against traced and measured) and"
        " field_reports.csv beside it (what people reported)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Fail if a file is out of date; write nothing."
        )

    def handle(self, *args: object, **options: object) -> None:
        stale = []
        for path, built in FILES.items():
            name, text = f"calculator/data/{path.name}", built()
            current = path.read_text(encoding="utf-8") if path.exists() else ""
            if text == current:
                print(f"{name} is up to date.")
            elif options["check"]:
                stale.append(name)
            else:
                path.write_text(text, encoding="utf-8")
                print(f"Wrote {len(text.splitlines()) - 1} rows to {name}.")
        if stale:
            raise CommandError(f"Out of date: {', '.join(stale)}. Run manage.py build_accuracy.")
