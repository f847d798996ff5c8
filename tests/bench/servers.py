"""gunicorn as `make run` starts it, on a port and a database of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import free_port

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 60


def manage(*arguments: str, **environment: str) -> None:
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True)


def prepare(var_dir: Path) -> None:
    """A new database with the whole catalog, and the collected static files."""
    for arguments in (
        ("collectstatic", "--noinput", "--verbosity", "0"),
        ("migrate", "--noinput", "--verbosity", "0"),
        ("load_catalog", "--verbosity", "0"),
    ):
        manage(*arguments, VAR_DIR=str(var_dir))


@contextmanager
def serving(application: str, path: str, *options: str, **environment: str) -> Iterator[str]:
    """An application in two workers; yields its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--bind", address[7:], *options, application],
        cwd=ROOT,
        env=os.environ | {"WEB_CONCURRENCY": "2"} | environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(address + path, server)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{address} did not answer within {SECONDS_TO_START} s. Start it by hand.")


def workers_of(address: str) -> list[int]:
    """The processes that answer at an address that `serving` gave, without their parent."""
    [master, *_] = _pids("pgrep", "-of", f"gunicorn --bind {address.removeprefix('http://')} ")
    return _pids("pgrep", "-P", str(master))


def _pids(*command: str) -> list[int]:
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid in output.split()]
