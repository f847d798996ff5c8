from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from calculator.management.database_files import write_backup


class Command(BaseCommand):
    help = "Write the whole database into one file while the site runs on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the file to make; it must not be there yet")

    def handle(self, *, file: Path, verbosity: int, **options: Any) -> None:
        write_backup(file)
        if verbosity:
            self.stdout.write(f"{file}: {file.stat().st_size:,} bytes")
