"""Recompute what the accuracy page shows from the committed runs and traces."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError, CommandParser

from calculator.pages.accuracy.records import ACCURACY_CSV
from validation.accuracy import accuracy_csv


class Command(BaseCommand):
    help = "Write calculator/data/accuracy.csv: predicted against traced and measured."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Fail if the file is out of date; write nothing."
        )

    def handle(self, *args: object, **options: object) -> None:
        text = accuracy_csv()
        current = ACCURACY_CSV.read_text(encoding="utf-8") if ACCURACY_CSV.exists() else ""
        if text == current:
            print("calculator/data/accuracy.csv is up to date.")
        elif options["check"]:
            raise CommandError(
                "calculator/data/accuracy.csv is out of date: run manage.py build_accuracy."
            )
        else:
            ACCURACY_CSV.write_text(text, encoding="utf-8")
            print(f"Wrote {len(text.splitlines()) - 1} rows to calculator/data/accuracy.csv.")
