"""docs/performance.md names tests that exist and the limits that they hold."""

import re
from pathlib import Path

from tests.browser.test_served_site import LARGEST_FIRST_VISIT_BYTES
from tests.browser.test_smoke import LARGEST_LAYOUT_SHIFT

ROOT = Path(__file__).resolve().parent.parent.parent
PERFORMANCE = (ROOT / "docs/performance.md").read_text()


def test_every_test_it_names_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PERFORMANCE)

    assert len(named) >= 9
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(), f"{path}::{name}"


def test_its_limits_are_the_tests_limits():
    [visit] = re.findall(r"first visit to `/`.*?\| (\d+) kB \|", PERFORMANCE)
    shifts = re.findall(r"layout shift .*?\| ([\d.]+) \|", PERFORMANCE)

    assert int(visit) * 1000 == LARGEST_FIRST_VISIT_BYTES
    assert [float(shift) for shift in shifts] == [LARGEST_LAYOUT_SHIFT] * 2
