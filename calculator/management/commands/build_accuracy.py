"""Recompute what the accuracy page shows from the committed runs and traces."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from validation.accuracy import accuracy_csv

ACCURACY = Path(settings.BASE_DIR) / "calculator" / "data" / "accuracy.csv"


class Command(BaseCommand):
    help = "Write calculator/data/accuracy.csv: predicted against traced and measured."

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="Fail if the file is out of date; write nothing."
        )

    def handle(self, *args, **options):
        text = accuracy_csv()
        current = ACCURACY.read_text(encoding="utf-8") if ACCURACY.exists() else ""
        if text == current:
            print("calculator/data/accuracy.csv is up to date.")
        elif options["check"]:
            raise CommandError(
                "calculator/data/accuracy.csv is out of date: run manage.py build_accuracy."
            )
        else:
            ACCURACY.write_text(text, encoding="utf-8")
            print(f"Wrote {len(text.splitlines()) - 1} rows to calculator/data/accuracy.csv.")
