"""Back up, lose or spoil what was there, restore: on both databases."""

from __future__ import annotations

import stat

import pytest

from tests.drills.databases.conftest import need

THE_PRICE = """
    kind = 'buy_launch' AND gpu_id = (SELECT id FROM gpus_gpu WHERE slug = 'rtx-4090')
"""


@pytest.fixture(autouse=True)
def _programs():
    need("pg_dump", "pg_restore", "psql")


def test_a_backup_brings_everything_back_and_never_overwrites_another(full_site, tmp_path):
    file = tmp_path / "backup"
    full_site.sql(f"UPDATE gpus_priceobservation SET usd = 1234 WHERE {THE_PRICE}")
    before = full_site.row_counts()

    full_site.manage("backup", str(file))
    full_site.sql("DELETE FROM calculator_loadedrow")
    full_site.sql("DELETE FROM gpus_priceobservation")
    full_site.sql("DELETE FROM gpus_gpu")
    assert "is there already" in full_site.manage("backup", str(file), fails=True)
    full_site.manage("restore", str(file))

    assert full_site.row_counts() == before
    price = f"SELECT usd FROM gpus_priceobservation WHERE {THE_PRICE}"
    assert full_site.sql(price) == [(1234,)]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_backup_of_an_older_version_replaces_the_tables_of_a_newer_one(empty_site, tmp_path):
    file = tmp_path / "backup"
    empty_site.manage("migrate", "calculator", "0003", "--verbosity=0")
    empty_site.manage("backup", str(file))
    empty_site.manage("migrate", "--verbosity=0")

    empty_site.manage("restore", str(file))
    empty_site.manage("migrate", "--verbosity=0")

    assert empty_site.sql("SELECT count(*) FROM calculator_modelalias") == [(0,)]


def test_a_damaged_backup_changes_nothing(full_site, tmp_path):
    file = tmp_path / "backup"
    full_site.manage("backup", str(file))
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    before = full_site.row_counts()

    full_site.manage("restore", str(file), fails=True)

    assert full_site.row_counts() == before
