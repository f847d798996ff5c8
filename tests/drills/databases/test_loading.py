"""load_catalog twice at once, and killed half way, on both databases."""

from __future__ import annotations

from tests.calculator.small_catalog import write_small_catalog

# The real load, held up when every row is written and nothing is committed.
STOP_HALF_WAY = """
import django, time
django.setup()
from unittest.mock import patch
from django.conf import settings
from calculator.data import loading

def wait(models):
    print("half way", flush=True)
    time.sleep(600)

with patch.object(loading, "ensure_groups", wait):
    loading.load_catalog(settings.BASE_DIR)
"""


def test_two_at_once_load_each_row_once(empty_site):
    loads = [empty_site.start("manage.py", "load_catalog") for _ in range(2)]

    said = [load.communicate(timeout=180) for load in loads]

    assert [load.returncode for load in loads] == [0, 0], said
    both = empty_site.row_counts()
    empty_site.manage("load_catalog")
    assert empty_site.row_counts() == both
    assert min(count for _, count in both) > 0


def test_killed_half_way_it_leaves_the_catalog_of_before(empty_site, tmp_path):
    small = tmp_path / "small"
    write_small_catalog(small)
    empty_site.manage("load_catalog", "--root", str(small))
    before = empty_site.row_counts()
    empty_site.environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    load = empty_site.start("-c", STOP_HALF_WAY)
    assert load.stdout.readline() == "half way\n", load.communicate()

    load.kill()
    load.communicate()

    assert empty_site.row_counts() == before
    empty_site.manage("load_catalog")
    assert empty_site.row_counts() != before
