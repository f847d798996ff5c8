"""Servers that drills start and break: a PostgreSQL for the run, a new database for each drill."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import services
from tests.browser.find_browser import in_ci

ROOT = Path(__file__).resolve().parents[3]
TABLES = ("gpus_memorytier", "gpus_gpu", "calculator_languagemodel", "calculator_loadedrow")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.drill)


def need(*programs: str) -> None:
    """Skip a drill for which something is missing here; on a build machine it fails."""
    if missing := [program for program in programs if services.find(program) is None]:
        (pytest.fail if in_ci() else pytest.skip)(f"not on this machine: {', '.join(missing)}")


class Site:
    """The site on one database, through its own commands."""

    def __init__(self, var_dir: Path, database_url: str = "") -> None:
        self.database_url = database_url or f"sqlite:///{var_dir}/db.sqlite3"
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name in {"PATH", "HOME", "LANG", "CI"}
        } | {"VAR_DIR": str(var_dir), "DATABASE_URL": self.database_url}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def manage(self, *arguments: str, fails: bool = False) -> str:
        """Run a command of manage.py; return what it said, of its failure if it `fails`."""
        process = self.start("manage.py", *arguments)
        said, complained = process.communicate(timeout=120)
        assert (process.returncode != 0) is fails, said + complained
        return complained if fails else said

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement and commit; return its rows, if it has any."""
        opened = (
            psycopg.connect(self.database_url)
            if self.database_url.startswith("postgres")
            else sqlite3.connect(self.database_url.removeprefix("sqlite:///"))
        )
        with closing(opened) as connection:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
        return rows

    def row_counts(self) -> list[tuple[Any, ...]]:
        return self.sql(" UNION ALL ".join(f"SELECT '{t}', count(*) FROM {t}" for t in TABLES))


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    need("postgres", "initdb", "pg_isready")
    with services.postgresql() as url:
        yield url


@pytest.fixture(scope="session")
def migrated(postgresql_url, tmp_path_factory) -> Iterator[dict[str, Site]]:
    """A site without rows on each database, made once; drills get copies."""
    with services.new_database(postgresql_url) as url:
        sites = {
            "sqlite": Site(tmp_path_factory.mktemp("sqlite")),
            "postgresql": Site(tmp_path_factory.mktemp("postgresql"), url),
        }
        for site in sites.values():
            site.manage("migrate", "--verbosity=0")
        yield sites


@pytest.fixture(scope="session")
def loaded(migrated, postgresql_url, tmp_path_factory) -> Iterator[dict[str, Site]]:
    """The same with the whole catalog."""
    with (
        copy_of(migrated["sqlite"], postgresql_url, tmp_path_factory.mktemp("full")) as sqlite,
        copy_of(migrated["postgresql"], postgresql_url, tmp_path_factory.mktemp("full")) as other,
    ):
        for site in (sqlite, other):
            site.manage("load_catalog", "--verbosity=0")
        yield {"sqlite": sqlite, "postgresql": other}


@contextmanager
def copy_of(site: Site, postgresql_url: str, var_dir: Path) -> Iterator[Site]:
    if site.database_url.startswith("sqlite"):
        shutil.copy(site.database_url.removeprefix("sqlite:///"), var_dir / "db.sqlite3")
        yield Site(var_dir)
    else:
        name = site.database_url.rsplit("/", 1)[1]
        with services.new_database(postgresql_url, template=name) as url:
            yield Site(var_dir, url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_site(request, migrated, postgresql_url, tmp_path) -> Iterator[Site]:
    """Migrated and without a row, on each database."""
    with copy_of(migrated[request.param], postgresql_url, tmp_path) as site:
        yield site


@pytest.fixture(params=["sqlite", "postgresql"])
def full_site(request, loaded, postgresql_url, tmp_path) -> Iterator[Site]:
    """With the whole catalog, on each database."""
    with copy_of(loaded[request.param], postgresql_url, tmp_path) as site:
        yield site
