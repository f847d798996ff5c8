"""What `make` does on a fresh machine and the second time, with a Python that only takes notes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

# Answers what the Makefile asks Python; makes environments whose Python is itself.
PYTHON = """\
#!/bin/sh
echo "$*" >> "{notes}"
case "$*" in
    -V) echo "Python {version}" ;;
    *version_info*) {is_new_enough} ;;
    *ensurepip*) {has_ensurepip} ;;
    "-m venv"*) rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip"*) exit ${{PIP_FAILS:-0}} ;;
    *collectstatic*) mkdir -p var/static && touch var/static/staticfiles.json ;;
esac
"""


class Machine:
    """A folder with the Makefile and the requirements, and a Python of one's choice."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.notes = folder / "notes"
        self.python = folder / "python"
        for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, folder)
        (folder / "static" / "css").mkdir(parents=True)
        (folder / "static" / "css" / "site.css").touch()
        self.has_python("3.11.7")

    def has_python(self, version: str, *, is_new_enough="true", has_ensurepip="true") -> None:
        self.python.write_text(
            PYTHON.format(
                notes=self.notes,
                version=version,
                is_new_enough=is_new_enough,
                has_ensurepip=has_ensurepip,
            )
        )
        self.python.chmod(0o755)

    def make(self, target: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run make as a newcomer does, with nothing of the make that runs these tests."""
        self.notes.write_text("")
        return subprocess.run(
            ["make", target, f"PYTHON={self.python}"],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"} | environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def installations(self) -> list[str]:
        return [
            line.rsplit(" ", 1)[-1]
            for line in self.notes.read_text().splitlines()
            if "-m pip install" in line
        ]

    def started(self) -> list[str]:
        """Name the commands of manage.py and the server, in their order."""
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return [
            words[1]
            for words in lines
            if words[0] == "manage.py" or words[:2] == ["-m", "gunicorn"]
        ]

    def environments_made(self) -> int:
        return self.notes.read_text().count("-m venv")


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


def test_the_first_start_makes_the_environment_and_installs_what_the_site_needs(machine):
    answer = machine.make("install")

    assert answer.returncode == 0, answer.stderr
    assert machine.environments_made() == 1
    assert machine.installations() == ["requirements.txt"]


def test_the_second_start_installs_nothing(machine):
    machine.make("install")

    machine.make("install")

    assert machine.environments_made() == 0
    assert machine.installations() == []


def test_run_prepares_the_database_and_the_static_files_and_then_serves(machine):
    answer = machine.make("run")

    assert answer.returncode == 0, answer.stderr
    assert machine.started() == ["collectstatic", "migrate", "load_catalog", "gunicorn"]


def test_the_second_run_collects_no_static_files(machine):
    machine.make("run")

    machine.make("run")

    assert machine.started() == ["migrate", "load_catalog", "gunicorn"]


def test_static_files_are_collected_again_after_one_was_added(machine):
    machine.make("run")
    later = (machine.folder / "var" / "static" / "staticfiles.json").stat().st_mtime + 10
    added = machine.folder / "static" / "css" / "print.css"
    added.touch()
    os.utime(added, (later, later))

    machine.make("run")

    assert machine.started()[0] == "collectstatic"


def test_changed_requirements_are_installed_at_the_next_start(machine):
    machine.make("install")
    stamp = machine.folder / ".venv" / ".installed-requirements"
    later = stamp.stat().st_mtime + 10
    os.utime(machine.folder / "requirements.txt", (later, later))

    machine.make("install")

    assert machine.environments_made() == 0
    assert machine.installations() == ["requirements.txt"]


def test_an_installation_that_failed_is_tried_again(machine):
    assert machine.make("install", PIP_FAILS="1").returncode != 0

    assert machine.make("install").returncode == 0
    assert machine.installations() == ["requirements.txt"]


def test_the_environment_is_made_anew_after_the_systems_python_moved_on(machine):
    machine.make("install")
    machine.has_python("3.12.1")
    # The environment's Python is a link to the system's, so it changes its version with it.
    shutil.copy(machine.python, machine.folder / ".venv" / "bin" / "python")

    answer = machine.make("install")

    assert answer.returncode == 0, answer.stderr
    assert machine.environments_made() == 1
    assert machine.installations() == ["requirements.txt"]


def test_the_environment_is_made_anew_when_its_python_is_gone(machine):
    machine.make("install")
    (machine.folder / ".venv" / "bin" / "python").unlink()

    machine.make("install")

    assert machine.environments_made() == 1


def test_a_python_that_is_too_old_is_named(machine):
    machine.has_python("3.8.18", is_new_enough="exit 1")

    answer = machine.make("install")

    assert answer.returncode != 0
    assert "This needs Python 3.10 or newer" in answer.stderr
    assert "Python 3.8.18" in answer.stderr
    assert machine.environments_made() == 0


def test_debians_missing_package_is_named(machine):
    machine.has_python("3.11.2", has_ensurepip="exit 1")

    answer = machine.make("install")

    assert answer.returncode != 0
    assert "apt-get install python3-venv" in answer.stderr
    assert machine.environments_made() == 0


def test_help_is_what_make_alone_shows(machine):
    assert "make run" in machine.make("help").stdout
    assert (
        subprocess.run(
            ["make", f"PYTHON={sys.executable}"],
            cwd=machine.folder,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
        ).stdout
        == machine.make("help").stdout
    )
