"""A database that the site made before its rooms were laid out anew, at commit 8c5dc01."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DUMP = Path(__file__).parent / "data" / "database_of_8c5dc01.sql"

READ_ALL = """
import django
django.setup()
from django.apps import apps
from calculator.catalog import current_catalog

for model in apps.get_models():
    list(model.objects.all())
catalog = current_catalog()
print([tier.memory_gb for tier in catalog.tiers][:3], [m.slug for m in catalog.language_models])
"""


@pytest.fixture
def old_database(tmp_path) -> Path:
    path = tmp_path / "db.sqlite3"
    with sqlite3.connect(path) as database:
        database.executescript(DUMP.read_text(encoding="utf-8"))
    database.close()
    return path


def run(database: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": f"sqlite:///{database}",
        "VAR_DIR": str(database.parent),
    }
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def row_counts(database: Path) -> dict[str, int]:
    connection = sqlite3.connect(database)
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND (name LIKE 'calculator_%' OR name LIKE 'gpus_%')"
    )
    counts = {
        name: connection.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
        for (name,) in tables.fetchall()
    }
    connection.close()
    return counts


def test_it_migrates_keeps_its_rows_and_every_one_is_read(old_database):
    before = row_counts(old_database)

    migrated = run(old_database, "manage.py", "migrate")
    read = run(old_database, "-c", READ_ALL)

    assert migrated.returncode == 0, migrated.stderr
    assert read.returncode == 0, read.stderr
    assert read.stdout.strip() == "[8, 10, 11] ['llama-3-1-8b', 'qwen3-30b-a3b']"
    after = row_counts(old_database)
    assert {name: after[name] for name in before} == before
    assert before["gpus_gpu"] == 3
