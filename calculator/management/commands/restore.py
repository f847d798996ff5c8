from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from calculator.management.database_files import read_backup


class Command(BaseCommand):
    help = (
        "Put a backup in the place of everything that the database holds, all of it or nothing. "
        "Then run migrate, as the backup may be of an older version."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a file that `manage.py backup` made")

    def handle(self, *, file: Path, verbosity: int, **options: Any) -> None:
        read_backup(file)
        if verbosity:
            self.stdout.write(f"Restored from {file}. Run migrate and load_catalog next.")
