"""docs/operations.md and deploy/ say what is true of the settings."""

import re
from pathlib import Path

import pytest

from tests.config.test_settings import PRODUCTION, manage

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = (ROOT / "config/settings.py").read_text() + (
    ROOT / "config/gunicorn.conf.py"
).read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()


def example() -> dict[str, str]:
    lines = (ROOT / "deploy/env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def read_by_settings() -> set[str]:
    return set(re.findall(r"""(?:env\.\w+|environ\.get)\(\s*["'](\w+)["']""", SETTINGS))


def test_every_setting_is_documented_and_no_other():
    table = re.findall(r"^\| `([A-Z_]+)` \|", OPERATIONS, flags=re.MULTILINE)

    assert set(table) == read_by_settings()


def test_the_example_names_only_settings_that_exist():
    assert set(example()) <= read_by_settings()


def test_the_example_lacks_nothing_but_a_secret_key():
    environment = example()

    assert environment["SECRET_KEY"] == ""
    answer = manage(
        "check",
        "--deploy",
        "--fail-level=WARNING",
        **environment | {"SECRET_KEY": PRODUCTION["SECRET_KEY"]},
    )

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "deploy").iterdir()))
def test_every_file_in_deploy_is_told_of(name):
    assert name.removesuffix(".dockerignore") in OPERATIONS


def test_the_service_runs_what_the_tree_has():
    service = (ROOT / "deploy/vram-calculator.service").read_text()

    for path in ("manage.py", "config/gunicorn.conf.py"):
        assert path in service
        assert (ROOT / path).is_file()
