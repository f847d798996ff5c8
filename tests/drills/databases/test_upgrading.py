"""deploy/upgrade.sh on a checkout whose origin has a newer version."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drills.databases.conftest import ROOT, Site

SIZES = "calculator/data/model_sizes.csv"
THE_PRICE = """
    kind = 'buy_launch' AND gpu_id = (SELECT id FROM gpus_gpu WHERE slug = 'rtx-4090')
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=drill", "-c", "user.email=drill@example.com")
    return subprocess.check_output(["git", *identity, *arguments], cwd=folder, text=True)


@pytest.fixture
def origin(tmp_path) -> Path:
    """The tree as it is here, as a repository of its own."""
    origin = tmp_path / "origin"
    for name in git(ROOT, "ls-files", "-z").split("\0")[:-1]:
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, origin / name)
    git(origin, "init", "--quiet", "--initial-branch=main")
    git(origin, "add", "--all")
    git(origin, "commit", "--quiet", "--message=The version before")
    return origin


def upgrade(checkout: Path, folder: Path, **steps: str) -> subprocess.CompletedProcess[str]:
    (folder / "env").write_text(f"VAR_DIR='{folder}'\n")
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment |= {"ENV_FILE": str(folder / "env"), "BACKUPS": str(folder / "backups")}
    environment |= {"SITE_USER": "", "INSTALL": "true", "LOOK_AT": ""}
    environment |= {"RESTART": f"touch {folder}/restarted"} | steps
    return subprocess.run(
        [checkout / "deploy/upgrade.sh"], env=environment, capture_output=True, text=True
    )


def test_an_upgrade_backs_up_loads_what_is_new_and_keeps_what_editors_changed(
    origin, migrated, tmp_path
):
    checkout, folder = tmp_path / "checkout", tmp_path / "var"
    git(tmp_path, "clone", "--quiet", str(origin), str(checkout))
    (checkout / ".venv").symlink_to(Path(sys.executable).parents[1])
    folder.mkdir()
    shutil.copy(migrated["sqlite"].database_url.removeprefix("sqlite:///"), folder / "db.sqlite3")
    site = Site(folder)
    site.manage("load_catalog", "--verbosity=0")
    site.sql(f"UPDATE gpus_priceobservation SET usd = 1234 WHERE {THE_PRICE}")
    sizes = "SELECT count(*) FROM calculator_modelsize WHERE params_b = 777"
    before = (origin / SIZES).read_text()
    last = before.splitlines()[-1].split(",")
    (origin / SIZES).write_text(before + ",".join(["777", *last[1:]]) + "\n")
    git(origin, "commit", "--quiet", "--all", "--message=A size more")

    stopped = upgrade(checkout, folder, INSTALL="false")
    assert stopped.returncode != 0
    assert "The version before and its data" in stopped.stderr
    assert site.sql(sizes) == [(0,)]
    assert not (folder / "restarted").exists()

    done = upgrade(checkout, folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert site.sql(sizes) == [(1,)]
    price = f"SELECT usd FROM gpus_priceobservation WHERE {THE_PRICE}"
    assert site.sql(price) == [(1234,)]
    assert (folder / "restarted").exists()
    assert len(list((folder / "backups").iterdir())) == 2
