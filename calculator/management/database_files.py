"""The whole database as one file, and back: SQLite by its own means, PostgreSQL by its programs."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection


def write_backup(file: Path) -> None:
    """Write what is committed now, while the site runs on; `file` is whole or not there."""
    if file.exists():
        raise CommandError(f"{file} is there already. Name another file.")
    # Under another name until it is whole, for whoever copies the folder meanwhile.
    unfinished = file.with_name(file.name + ".part")
    unfinished.unlink(missing_ok=True)
    try:
        # It holds the editors' password hashes.
        unfinished.touch(mode=0o600)
        if connection.vendor == "postgresql":
            _run("pg_dump", "--format=custom", "--no-owner", f"--file={unfinished}")
        else:
            _copy_sqlite(_sqlite_path(), unfinished)
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)


def read_backup(file: Path) -> None:
    """Put the backup in the place of everything that the database holds, all of it or nothing."""
    if not file.is_file():
        raise CommandError(f"There is no file {file}.")
    if connection.vendor == "postgresql":
        _restore_postgresql(file)
    else:
        _check_sqlite(file)
        connection.close()
        _copy_sqlite(file, _sqlite_path())


def _restore_postgresql(file: Path) -> None:
    script = _run(
        "pg_restore", "--no-owner", "--no-privileges", "--file=-", str(file), is_local=True
    )
    # Tables of a newer version are not in the backup, and would be in the way of its migrations.
    tables = connection.introspection.table_names()
    quoted = ", ".join(map(connection.ops.quote_name, tables))
    drop = f"DROP TABLE {quoted} CASCADE;\n".encode() if tables else b""
    connection.close()
    _run(
        *("psql", "--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1"),
        *("--output=/dev/null", "--file=-"),
        sent=drop + script,
    )


def _run(program: str, *arguments: str, sent: bytes = b"", is_local: bool = False) -> bytes:
    """Run one of PostgreSQL's programs on the site's database; `is_local` ones read only files."""
    path = shutil.which(program)
    if path is None:
        raise CommandError(
            f"{program} was not found. Install it: apt-get install postgresql-client"
        )
    settings: dict[str, Any] = connection.get_connection_params()
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    names |= {"PGDATABASE": "dbname", "PGSSLMODE": "sslmode", "PGSSLROOTCERT": "sslrootcert"}
    # In the environment and not among the arguments, which everybody on the machine can read.
    target = (
        {}
        if is_local
        else {
            variable: str(settings[name]) for variable, name in names.items() if settings.get(name)
        }
    )
    done = subprocess.run(
        [path, *arguments],
        input=sent,
        env=os.environ | target,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise CommandError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _sqlite_path() -> Path:
    return Path(str(connection.settings_dict["NAME"]))


def _copy_sqlite(source: Path, target: Path) -> None:
    # SQLite's online backup: one state of the source, written in one transaction of the target,
    # with the write-ahead log of each taken into account.
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    _check_sqlite(target)


def _check_sqlite(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as database:
            [said] = database.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise CommandError(f"{file} is no SQLite database: {error}") from error
    if said != "ok":
        raise CommandError(f"{file} is damaged: {said}")
