"""A disk that is full, a disk that can only be read, a database that is not there yet."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.drills.site import Site, copy_installation, run_python

PUBLIC = ("/", "/gpus/", "/?model=llama-3-1-8b", "/faq/")
SPARE_BYTES = 2_000_000
SET_UP = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("load_catalog", verbosity=0)
"""


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A disk in memory of that size."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("Only root may mount a small disk to fill.")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"No disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def size_bytes(folder: Path) -> int:
    # In whole pages, as the disk counts.
    return sum(-(-path.stat().st_size // 4096) * 4096 + 4096 for path in folder.rglob("*"))


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def statuses(site: Site) -> set[int]:
    return {site.get(path).status for path in PUBLIC}


def test_on_a_full_disk_pages_go_on_and_the_admin_says_what_is_wrong(installation, tmp_path):
    with small_disk(tmp_path / "var", size_bytes(installation) + SPARE_BYTES) as var_dir:
        copy_installation(installation, var_dir)
        with Site(var_dir, log=tmp_path / "log") as site:
            sizes = site.sizes()
            assert statuses(site) == {200}
            fill(var_dir / "filler")

            refused = site.save_size("123")

            assert refused.status == 503
            assert "The disk that holds the database is full." in refused.text
            assert "nothing was saved" in refused.text
            assert int(refused.headers["Retry-After"]) > 0
            assert statuses(site) == {200}
            assert site.sizes() == sizes

            (var_dir / "filler").unlink()
            assert site.save_size("123").status == 302
            assert site.sizes() == sizes | {123.0}


def as_after_a_power_cut(var_dir: Path, to: Path) -> None:
    """Copy an installation whose database is open: with its write-ahead log beside it."""
    connection = sqlite3.connect(var_dir / "db.sqlite3")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE drill (x)")
    connection.commit()
    copy_installation(var_dir, to)
    connection.close()


def test_on_a_read_only_disk_pages_go_on_and_the_admin_says_so(own_copy, tmp_path):
    with small_disk(tmp_path / "disk", size_bytes(own_copy) + SPARE_BYTES) as var_dir:
        as_after_a_power_cut(own_copy, var_dir)
        subprocess.run(["mount", "-o", "remount,ro", str(var_dir)], check=True)
        with Site(var_dir, log=tmp_path / "log") as site:
            assert statuses(site) == {200}

            refused = site.save_size("123")

            assert refused.status == 503
            assert "The database can only be read, not changed." in refused.text
            assert statuses(site) == {200}


def test_a_site_started_before_its_database_recovers_without_a_restart(installation, tmp_path):
    shutil.copytree(installation / "static", tmp_path / "static")
    with Site(tmp_path) as site:
        page = site.get("/")
        assert page.status == 503
        assert "The site is being set up" in page.text
        assert site.get("/admin/login/").status in {200, 503}
        ready = site.get("/readyz")
        assert ready.status == 503
        assert "migrations" in ready.text
        assert site.get("/healthz").status == 200

        done = run_python(tmp_path, "-c", SET_UP)
        assert done.returncode == 0, done.stderr

        assert statuses(site) == {200}
        assert site.get("/readyz").status == 200
