"""Production refuses to start half configured; one's own machine needs nothing at all."""

import os
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent.parent
PRODUCTION = {
    "DJANGO_ENV": "production",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "ALLOWED_HOSTS": "vram.example",
}
SHELL = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def manage(*arguments, **environment):
    """Run manage.py with these settings and none that the tests or their shell have set."""
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=ROOT,
        env=SHELL | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_production_starts_when_everything_is_set():
    assert manage("check", **PRODUCTION).returncode == 0


def test_check_deploy_has_nothing_to_say_about_production():
    answer = manage("check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert answer.stderr == ""
    assert answer.stdout == "System check identified no issues (0 silenced).\n"
    assert answer.returncode == 0


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS"])
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_production_refuses_to_start_without(name, value):
    environment = PRODUCTION | {name: value}

    answer = manage("check", **{k: v for k, v in environment.items() if v is not None})

    assert answer.returncode != 0
    assert f"{name} is missing." in answer.stderr


def test_production_refuses_to_start_with_debug_on():
    answer = manage("check", **PRODUCTION, DEBUG="1")

    assert answer.returncode != 0
    assert "DEBUG is on in production." in answer.stderr


def test_a_misspelt_environment_is_not_taken_for_a_local_one():
    answer = manage("check", DJANGO_ENV="prodution")

    assert answer.returncode != 0
    assert "DJANGO_ENV is 'prodution'." in answer.stderr


def test_no_environment_variable_is_needed_on_ones_own_machine():
    assert manage("check").returncode == 0


@pytest.mark.django_db
def test_every_change_of_the_models_has_its_migration():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


MAKE_KEY = (
    "import sys; from pathlib import Path; from config.secret_key import local_secret_key;"
    "sys.stdin.readline(); print(local_secret_key(Path(sys.argv[1])))"
)


def test_the_local_secret_key_is_made_once_and_kept_private(tmp_path):
    from config.secret_key import local_secret_key

    path = tmp_path / "var" / "secret_key"

    first = local_secret_key(path)

    assert len(first) >= 50
    assert local_secret_key(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_processes_that_start_together_agree_on_the_local_secret_key(tmp_path):
    path = tmp_path / "secret_key"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE_KEY, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]

    # They wait for a line, so that starting Python does not spread them out.
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    keys = {process.communicate(timeout=60)[0] for process in processes}

    assert keys == {path.read_text() + "\n"}
