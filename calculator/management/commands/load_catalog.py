from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from calculator.data.loading import BrokenFiles, load_catalog


class Command(BaseCommand):
    help = (
        "Fill the catalog, the presets and the FAQ from the project's files. What an editor "
        "changed, added or deleted stays as it is, so it may run at every start."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--root",
            type=Path,
            default=settings.BASE_DIR,
            help="the folder that holds gpus/data and calculator/data (default: the project)",
        )

    def handle(self, *, root: Path, verbosity: int, **options: Any) -> None:
        try:
            summaries = load_catalog(root)
        except BrokenFiles as broken:
            problems = "\n".join(f"  {problem}" for problem in broken.problems)
            raise CommandError(
                f"Nothing was loaded. Correct this and run load_catalog again:\n{problems}"
            ) from broken
        if verbosity:
            for summary in summaries:
                self.stdout.write(str(summary))
