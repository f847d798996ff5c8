"""Find the browser that the tests drive, or install one: `make test` runs this first.

In this order: Chromium or Chrome on the PATH, Playwright's own, Playwright's own after
downloading it, Debian's chromium after installing it. Where none can be had the tests are
skipped, and said to be; a build machine (CI=true) fails instead, because nobody reads its skips.

Best is Debian's chromium-headless-shell: the same engine without the program around it, whose
windows, toolbars and side panels nobody sees here. A page opens in it in half the time. As root it is
added where Debian has it, beside another browser too; all others do as well, more slowly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

INSTALL_PLAYWRIGHTS = ((sys.executable, "-m", "playwright", "install", "chromium"),)
# From the lists of packages as they are, and given up soon: there is another browser.
INSTALL_SHELL = (
    (
        *("apt-get", "install", "--quiet", "--yes", "--no-install-recommends"),
        *("-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=10"),
        SHELL,
    ),
)
INSTALL_DEBIANS = (
    ("apt-get", "update", "--quiet"),
    ("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium"),
)

NONE_FOUND = """\
============================== NO BROWSER ==============================
No Chromium or Chrome was found and none could be installed.
Install one, for example with: apt-get install chromium
"""
SKIPPED = "EVERY BROWSER TEST IS SKIPPED: the pages are not tested as visitors see them.\n"
FAILED = "CI is set, so this is a failure.\n"


@dataclass(frozen=True)
class Machine:
    """What the decision depends on, so that it can be tested without a machine of each kind."""

    is_root: bool
    path_of: Callable[[str], str | None]
    playwrights_path: Callable[[], str | None]
    works: Callable[[str], bool]
    run: Callable[[tuple[str, ...]], bool]


def find(machine: Machine) -> str | None:
    """Return the path of a browser that starts, installing nothing."""
    return next(filter(machine.works, _candidates(machine)), None)


def find_or_install(machine: Machine) -> str | None:
    """Return the path of a browser that starts, installing one where none does."""
    has_apt = machine.is_root and machine.path_of("apt-get")
    if has_apt and not machine.path_of(SHELL):
        all(map(machine.run, INSTALL_SHELL))
    browser = find(machine)
    if browser is None and all(map(machine.run, INSTALL_PLAYWRIGHTS)):
        browser = find(machine)
    if browser is None and has_apt and all(map(machine.run, INSTALL_DEBIANS)):
        browser = find(machine)
    return browser


def main(machine: Machine, *, in_ci: bool) -> int:
    browser = find_or_install(machine)
    if browser:
        print(f"Browser for the tests: {browser}")
        return 0
    sys.stderr.write(NONE_FOUND + (FAILED if in_ci else SKIPPED))
    return 1 if in_ci else 0


def _candidates(machine: Machine) -> Iterator[str]:
    yield from filter(None, map(machine.path_of, NAMES))
    # Asked only when needed: it starts Playwright's driver.
    if path := machine.playwrights_path():
        yield path


def _works(path: str) -> bool:
    # Ubuntu's chromium-browser may be a script that only says to install a snap, and a download
    # may lack the libraries it needs: both show as soon as the browser is asked for its version.
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _playwrights_path() -> str | None:
    # In a process of its own, so that whoever asks has no event loop running afterwards.
    ask = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: print(p.chromium.executable_path)"
    )
    answer = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
    return answer.stdout.strip() or None


def _run(command: tuple[str, ...]) -> bool:
    print(f"Looking for a browser: {' '.join(command)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        return subprocess.run(command, env=environment, timeout=600).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


THIS_MACHINE = Machine(
    is_root=os.geteuid() == 0,
    path_of=shutil.which,
    playwrights_path=_playwrights_path,
    works=_works,
    run=_run,
)

if __name__ == "__main__":
    sys.exit(main(THIS_MACHINE, in_ci=in_ci()))
