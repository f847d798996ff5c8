"""PostgreSQL, Redis and nginx for the tests: found or installed, started in folders of their own.

    python -m tests.services                            # installs what is missing
    python -m tests.services pytest tests/calculator

The second runs a command with `DATABASE_URL` and `CACHE_URL` of a new PostgreSQL and a new Redis, which listen
on free ports of this machine alone and are gone afterwards. Debian's packages are installed where
they are missing and we are root; without, a person is told what to install.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from tests.browser.find_browser import in_ci

PACKAGES = {"postgres": "postgresql", "redis-server": "redis-server", "nginx": "nginx"}
SECONDS_TO_START = 30

# The data is thrown away, so nothing has to survive a power cut.
POSTGRES_OPTIONS = (
    *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
    *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
)


class Missing(Exception):
    """Programs that are not here and could not be installed, in words."""


def find(program: str) -> str | None:
    """The path of `postgres`, `pg_dump`, `redis-server`, `nginx`…; the newest PostgreSQL's."""
    # Debian keeps PostgreSQL's programs by version, beside the PATH; nginx is in root's alone.
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    path = os.pathsep.join([*map(str, folders), os.environ.get("PATH", ""), "/usr/sbin"])
    return shutil.which(program, path=path)


def install(*programs: str) -> None:
    """Install what is missing, or raise `Missing` with what to install by hand."""
    missing = [PACKAGES[program] for program in programs if not find(program)]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        # Debian would start each on its usual port at once; ours are started by the tests.
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        for command in (
            ("apt-get", "update", "--quiet"),
            ("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *missing),
        ):
            # Programs of before may do when a mirror does not answer, so the next look decides.
            subprocess.run(command, env=environment, check=False, timeout=600)
    if still_missing := [PACKAGES[program] for program in programs if not find(program)]:
        raise Missing(f"Not found: install it with: apt-get install {' '.join(still_missing)}")


@contextmanager
def postgresql() -> Iterator[str]:
    """A new PostgreSQL with an empty database; yields its address for `DATABASE_URL`."""
    with temporary_folder() as folder, _own_user(folder) as user:
        port, data = free_port(), folder / "data"
        subprocess.run(
            [
                *(program("initdb"), "--pgdata", str(data), "--username=vram", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **user,
        )
        command = [program("postgres"), "-D", str(data), "-p", str(port), *POSTGRES_OPTIONS]
        # SIGINT asks PostgreSQL to end now without waiting for whoever is connected.
        with _running(command, _accepts_postgresql(port), folder, signal.SIGINT, **user):
            yield f"postgres://vram@127.0.0.1:{port}/postgres"


@contextmanager
def new_database(server_url: str, *, template: str = "template1") -> Iterator[str]:
    """A database of its own on a running PostgreSQL, with all that `template` holds."""
    server, _ = server_url.rsplit("/", 1)
    name = f"drill_{uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE {name} TEMPLATE "{template}"')
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def redis() -> Iterator[str]:
    """A new Redis that keeps nothing on disk; yields its address for `CACHE_URL`."""
    with temporary_folder() as folder:
        port = free_port()
        command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
        command += ["--dir", str(folder), "--save", "", "--appendonly", "no"]
        with _running(command, lambda: _accepts(port), folder):
            yield f"redis://127.0.0.1:{port}/0"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    path = find(name)
    if path is None:
        raise Missing(f"{name} was not found")
    return path


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdigit())


@contextmanager
def temporary_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="vram-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def _own_user(folder: Path) -> Iterator[dict[str, int | list[int]]]:
    """Whom PostgreSQL runs as, for `subprocess`: it refuses root, so root lends it a user."""
    if os.geteuid() != 0:
        yield {}
        return
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    yield {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def _running(
    command: list[str],
    is_ready: Callable[[], bool],
    folder: Path,
    stop: signal.Signals = signal.SIGTERM,
    **user: int | list[int],
) -> Iterator[None]:
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=folder, **user
        )
    try:
        until = time.monotonic() + SECONDS_TO_START
        while not is_ready():
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield
    finally:
        server.send_signal(stop)
        server.wait(SECONDS_TO_START)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _accepts_postgresql(port: int) -> Callable[[], bool]:
    # It listens a moment before it lets anybody in, and pg_isready knows the difference.
    ask = [program("pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={port}"]
    return lambda: subprocess.run(ask, check=False).returncode == 0


@contextmanager
def nginx(*instances: str) -> Iterator[str]:
    """nginx in front of instances (`127.0.0.1:8001`…), one after the other; yields its address."""
    with temporary_folder() as folder:
        port = free_port()
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        servers = "".join(f"server {instance};" for instance in instances)
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/errors; events {{}}"
            f"http {{ access_log off; {temporary} upstream site {{ {servers} }}"
            f"server {{ listen 127.0.0.1:{port};"
            "location / { proxy_pass http://site; proxy_set_header Host $http_host; } } }"
        )
        # As root its workers would be another user, who cannot enter the folder.
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        command = [program("nginx"), "-p", str(folder), "-c", str(folder / "nginx.conf"), *user]
        with _running(command, lambda: _accepts(port), folder):
            yield f"http://127.0.0.1:{port}"


def main(command: list[str]) -> int:
    """Install what is missing; run the command, if any, on a PostgreSQL and a Redis."""
    try:
        install(*PACKAGES)
    except Missing as missing:
        sys.stderr.write(f"{missing}\n")
        # As for the browser: a person may go without the drills, a build machine may not.
        return 1 if command or in_ci() else 0
    if not command:
        return 0
    with postgresql() as database_url, redis() as cache_url:
        environment = os.environ | {"DATABASE_URL": database_url, "CACHE_URL": cache_url}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
