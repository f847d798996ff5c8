"""Commands that are killed halfway or run twice at once: the rows are the old ones or the new."""

from __future__ import annotations

import csv
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.drills.site import NO_ROWS, ROOT, environment, rows, run_python

OLD_DATABASE = ROOT / "tests/house/data/database_of_8c5dc01.sql"

# Both die as by `kill -9`, at a moment that is the same in each run.
KILLED_WHILE_LOADING = """
import os, signal, sys
import django
django.setup()
from pathlib import Path
from django.core.management import call_command
from calculator.data.merging import Merge

load = Merge.load

def load_until_the_questions(self, table):
    if table.model.__name__ == "FaqEntry":
        os.kill(os.getpid(), signal.SIGKILL)
    return load(self, table)

Merge.load = load_until_the_questions
call_command("load_catalog", root=Path(sys.argv[1]))
"""
KILLED_WHILE_MIGRATING = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from django.db.backends.sqlite3.schema import DatabaseSchemaEditor

execute = DatabaseSchemaEditor.execute
left = int(sys.argv[1])

def execute_some(self, *arguments, **named):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(self, *arguments, **named)

DatabaseSchemaEditor.execute = execute_some
call_command("migrate", verbosity=0)
"""


def files_with_another_price(folder: Path) -> tuple[Path, str]:
    """The catalog's files with one price changed, and the slug of its GPU."""
    for data in ("gpus/data", "calculator/data"):
        shutil.copytree(ROOT / data, folder / data)
    path = folder / "gpus/data/prices.csv"
    with path.open(newline="", encoding="utf-8") as file:
        prices = list(csv.DictReader(file))
    changed = prices[0]
    changed["usd"] = "12345"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, changed.keys())
        writer.writeheader()
        writer.writerows(prices)
    return folder, changed["gpu"]


def price(var_dir: Path, slug: str) -> float:
    with sqlite3.connect(var_dir / "db.sqlite3") as connection:
        (found,) = connection.execute(
            "SELECT max(usd) FROM gpus_priceobservation JOIN gpus_gpu ON gpu_id = gpus_gpu.id"
            " WHERE slug = ?",
            [slug],
        ).fetchone()
    connection.close()
    return float(found)


def test_load_catalog_killed_halfway_leaves_the_old_catalog_whole(own_copy, tmp_path):
    files, slug = files_with_another_price(tmp_path / "files")
    before = rows(own_copy / "db.sqlite3")

    killed = run_python(own_copy, "-c", KILLED_WHILE_LOADING, str(files))

    assert killed.returncode == -signal.SIGKILL
    assert rows(own_copy / "db.sqlite3") == before
    again = run_python(own_copy, "manage.py", "load_catalog", "--root", str(files))
    assert again.returncode == 0, again.stderr
    assert price(own_copy, slug) == 12345


def test_two_load_catalog_at_once_load_one_catalog(installation, tmp_path):
    shutil.copy(installation / NO_ROWS, tmp_path / "db.sqlite3")
    both = [
        subprocess.Popen(
            [sys.executable, "manage.py", "load_catalog"],
            cwd=ROOT,
            env=environment(tmp_path),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]

    complaints = [each.communicate(timeout=120)[1] for each in both]

    assert [each.returncode for each in both] == [0, 0], complaints
    loaded, expected = rows(tmp_path / "db.sqlite3"), rows(installation / "db.sqlite3")
    assert {name: len(found) for name, found in loaded.items()} == {
        name: len(found) for name, found in expected.items()
    }


def schema(database: Path) -> set[str]:
    with sqlite3.connect(database) as connection:
        found = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master") if sql}
    connection.close()
    return found


def migrate(database: Path) -> None:
    done = run_python(database.parent, "manage.py", "migrate", "--verbosity=0")
    assert done.returncode == 0, done.stderr


def killed_while_migrating(database: Path, statements: int) -> None:
    ended = run_python(database.parent, "-c", KILLED_WHILE_MIGRATING, str(statements))
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_an_upgrade_killed_halfway_is_undone_and_runs_again(tmp_path):
    killed, smooth = (tmp_path / name / "db.sqlite3" for name in ("killed", "smooth"))
    for path in (killed, smooth):
        path.parent.mkdir()
        with sqlite3.connect(path) as connection:
            connection.executescript(OLD_DATABASE.read_text(encoding="utf-8"))
        connection.close()
    before = rows(killed)

    # After its table is made, and before the table's index.
    killed_while_migrating(killed, 1)

    assert rows(killed) == before
    for path in (killed, smooth):
        migrate(path)
    assert schema(killed) == schema(smooth)
    assert our_rows(killed) == our_rows(smooth)
    assert len(our_rows(killed)["gpus_gpu"]) == 3


def test_the_first_migrations_killed_halfway_are_gone_through_again(installation, tmp_path):
    killed = tmp_path / "db.sqlite3"

    killed_while_migrating(killed, 60)

    migrate(killed)
    assert schema(killed) == schema(installation / NO_ROWS)


def our_rows(database: Path) -> dict[str, list[tuple]]:
    found = rows(database)
    # A migration makes these, each with the time at which it did.
    found["gpus_priceobservation"] = rows_without_times(database, "gpus_priceobservation")
    return {name: found[name] for name in found if name.startswith(("gpus_", "calculator_"))}


def rows_without_times(database: Path, table: str) -> list[tuple]:
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]
    connection.close()
    return [tuple(each.items()) for each in found if each.pop("updated_at")]
