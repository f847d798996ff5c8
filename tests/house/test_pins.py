"""Every dependency is pinned, hashed and named in the bill of materials."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)(.*)$", re.MULTILINE)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_pin_has_hashes_and_no_index(name):
    text = (ROOT / name).read_text()
    entries = list(re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:])

    assert entries
    assert [each for each in entries if "--hash=sha256:" not in each] == []
    assert "://" not in text


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_what_is_asked_for_is_what_is_pinned(name):
    asked = PIN.findall((ROOT / "deploy" / f"{name}.in").read_text().lower())
    pinned = {found[:2] for found in PIN.findall((ROOT / f"{name}.txt").read_text())}

    assert asked
    assert {each[:2] for each in asked} - pinned == set()


def test_the_bill_of_materials_lists_every_pin():
    printed = subprocess.run(
        [Path(sys.executable).with_name("cyclonedx-py"), "requirements", "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    listed = {
        (each["name"].lower(), each["version"]) for each in json.loads(printed)["components"]
    }
    pinned = {found[:2] for found in PIN.findall((ROOT / "requirements.txt").read_text())}

    assert pinned - listed == set()
