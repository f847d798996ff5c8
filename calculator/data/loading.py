"""Which files fill which tables, and the one transaction that loads them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction

from calculator.changes.models import Kind
from calculator.changes.recording import change_set
from calculator.data.groups import ensure_groups
from calculator.data.merging import Merge, Summary
from calculator.data.tables import Files, Table
from calculator.faq.checks import figures_held
from calculator.models import (
    FaqEntry,
    LanguageModel,
    LoadedRow,
    MethodPreset,
    ModelAlias,
    ModelSize,
    PresetPart,
    PriceFeed,
)
from gpus.classes import Platform, UtilisationClass
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from gpus.tiers import MemoryTier

# In this order: a row refers to rows of the tables above it, and FAQ answers are checked
# against all the others.
TABLES = (
    Table(MemoryTier, "gpus/data/memory_tiers.csv", key=("memory_gb",)),
    Table(UtilisationClass, "gpus/data/utilisation_classes.csv", key=("slug",)),
    Table(Platform, "gpus/data/platforms.csv", key=("slug",)),
    Table(
        Gpu,
        "gpus/data/gpus.csv",
        key=("slug",),
        columns={"memory_gb": "tier", "launch": "launched_on"},
        together=(
            ("bf16_dense_tflops", "bf16_tflops_basis"),
            ("usable_memory_mib", "usable_memory_basis"),
        ),
    ),
    Table(
        PriceObservation,
        "gpus/data/prices.csv",
        key=("gpu", "kind", "provider", "checked_on"),
        # An editor's price must not end up with the file's source.
        together=(("usd", "is_estimate", "source_name", "source_url"),),
        is_optional=True,
    ),
    Table(MethodPreset, "calculator/data/method_presets.csv", key=("slug",)),
    Table(
        PresetPart,
        "calculator/data/preset_parts.csv",
        key=("preset", "slug"),
        columns={"preset_slug": "preset"},
        # The parts sum to the preset's total: half of a new set would make a third total.
        whole_per="preset",
    ),
    Table(ModelSize, "calculator/data/model_sizes.csv", key=("params_b",)),
    Table(
        LanguageModel,
        "calculator/data/models.csv",
        key=("slug",),
        columns={"released": "released_on", "architecture": "architecture_kind"},
    ),
    Table(
        ModelAlias,
        "calculator/data/model_aliases.csv",
        key=("alias",),
        columns={"model": "language_model"},
        is_optional=True,
    ),
    Table(FaqEntry, "calculator/data/faq", key=("slug",), body="answer"),
)


# Any number will do, as long as nothing else in this database takes the same one.
ADVISORY_LOCK = 0x7672616D
SECONDS_TO_WAIT = 120


class BrokenFiles(Exception):
    """The files have mistakes, each in words with its place; nothing was loaded."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load_catalog(root: Path) -> list[Summary]:
    """Load the files under `root`, all or nothing; keep what editors changed."""
    with _patience(), change_set(kind=Kind.LOAD):
        _wait_for_other_loads()
        loaded = {(row.table, row.key): row for row in LoadedRow.objects.all()}
        files = Files(root, TABLES)
        merge = Merge(files, loaded)
        with figures_held():  # answers, which state them, come last
            summaries = [merge.load(table) for table in TABLES]
        if files.problems:
            raise BrokenFiles(files.problems)
        merge.remember()
        ensure_groups((*(table.model for table in TABLES), PriceFeed))
    return summaries


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """A transaction that waits for other loads and imports, and lets none run beside it."""
    with _patience(), transaction.atomic():
        _wait_for_other_loads()
        yield


@contextmanager
def _patience() -> Iterator[None]:
    """Wait for SQLite's write lock as long as a whole load may take, not as long as an editor does."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    driver = connection.connection
    [before_ms] = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout = {SECONDS_TO_WAIT * 1000}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {before_ms}")


def _wait_for_other_loads() -> None:
    """Let one load run at a time, as two instances that start together would add each row twice.

    SQLite's transactions take the only write lock at their beginning; PostgreSQL has to be asked.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        # For this transaction alone: waiting for the other load is not a statement that runs away.
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS_TO_WAIT}s"])
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
