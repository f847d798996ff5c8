"""`make check` is green: lint, format, imports, types, migrations."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_make_check_finds_nothing():
    environment = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}

    done = subprocess.run(
        ["make", "--no-print-directory", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
