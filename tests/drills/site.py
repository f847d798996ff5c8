"""A site of its own for each drill: gunicorn on a free port, SQLite in a private folder."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from urllib.parse import urlencode

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
SESSION_FILE = "editors_session"
# The database before its catalog was loaded.
NO_ROWS = "migrated.sqlite3"

# Hashed as on the site, but not compressed, which takes longer than all else together.
COLLECT = """
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage

CompressedManifestStaticFilesStorage.compress_files = lambda self, paths: ()
call_command("collectstatic", interactive=False, verbosity=0)
"""

# One process instead of five; the editor's session saves each drill a login. A site on PostgreSQL
# takes the static files of the one on SQLite.
INSTALL = f"""
import shutil, sys
import django
django.setup()
from pathlib import Path
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection

call_command("migrate", verbosity=0)
editor = get_user_model().objects.create_superuser("editor", password="drill")
session = SessionStore()
session[SESSION_KEY] = str(editor.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
session[HASH_SESSION_KEY] = editor.get_session_auth_hash()
session.save()
(settings.VAR_DIR / "{SESSION_FILE}").write_text(session.session_key)
connection.close()
if connection.vendor == "sqlite":
    shutil.copy(settings.VAR_DIR / "db.sqlite3", settings.VAR_DIR / "{NO_ROWS}")
call_command("load_catalog", verbosity=0)
if connection.vendor == "sqlite":
{indent(COLLECT, "    ")}
"""


def environment(var_dir: Path) -> dict[str, str]:
    """What the shell has, without what would lead a drill to another database or cache."""
    unwanted = {"DATABASE_URL", "CACHE_URL", "DJANGO_ENV", "PROMETHEUS_MULTIPROC_DIR"}
    kept = {name: text for name, text in os.environ.items() if name not in unwanted}
    return kept | {"VAR_DIR": str(var_dir), "DJANGO_SETTINGS_MODULE": "config.settings"}


def run_python(var_dir: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment(var_dir) | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def rows(database: Path) -> dict[str, list[tuple]]:
    """Every row of every table, in the order of its key."""
    connection = sqlite3.connect(database)
    names = [
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    found = {
        name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names
    }
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return found


@dataclass
class Answer:
    status: int
    text: str
    headers: http.client.HTTPMessage


@dataclass
class Site:
    """A server and its folder. `with` starts and stops it."""

    var_dir: Path
    port: int = field(default_factory=free_port)
    log: Path | None = None
    more: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Site:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        self.server.terminate()
        self.server.wait(timeout=40)

    def start(self) -> None:
        command = ["-m", "gunicorn", "--config", "config/gunicorn.conf.py", "config.wsgi"]
        self.log = self.log or self.var_dir / "log"
        with self.log.open("w") as log:
            self.server = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=environment(self.var_dir)
                | {"PORT": str(self.port), "WEB_CONCURRENCY": "2"}
                | self.more,
                stderr=log,
            )
        wait_until(lambda: self.is_ended() or self.answers(), 120, "The server did not answer.")
        assert not self.is_ended(), self.log.read_text()

    def is_ended(self) -> bool:
        return self.server.poll() is not None

    def answers(self) -> bool:
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def ask(self, method: str, path: str, body: str | None = None, headers=None) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(), response.headers)
        finally:
            connection.close()

    def worker_ids(self) -> set[int]:
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children")
        return {int(pid) for pid in children.read_text().split()}

    def save_size(self, params_b: str) -> Answer:
        """Add a model size as an editor does, in the admin's form."""
        cookie = f"sessionid={(self.var_dir / SESSION_FILE).read_text()}"
        form = self.get("/admin/calculator/modelsize/add/", Cookie=cookie)
        if form.status != 200:
            return form
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)[1]
        secret = re.search(r"csrftoken=(\w+)", form.headers["Set-Cookie"])[1]
        return self.ask(
            "POST",
            "/admin/calculator/modelsize/add/",
            urlencode(
                {
                    "params_b": params_b,
                    "order": "99",
                    "published": "on",
                    "csrfmiddlewaretoken": token,
                }
            ),
            {
                "Cookie": f"{cookie}; csrftoken={secret}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )

    def sizes(self) -> set[float]:
        return {float(row[1]) for row in rows(self.var_dir / "db.sqlite3")["calculator_modelsize"]}


def wait_until(condition, seconds: float, words: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, words
        time.sleep(0.05)


def copy_installation(installation: Path, to: Path) -> Path:
    return Path(shutil.copytree(installation, to, dirs_exist_ok=True))
