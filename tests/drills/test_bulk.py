"""An import that is killed halfway: the catalog is the old one, whole, and the import runs again."""

from __future__ import annotations

import signal

from tests.drills.site import rows, run_python

# Dies as by `kill -9` once 40 of 60 prices are saved and none is committed.
KILLED_WHILE_IMPORTING = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from calculator.bulk.resources import RowResource

saved, save = 0, RowResource.save_instance

def save_some(self, instance, is_create, row, **named):
    global saved
    saved += not self.is_preview
    if saved > 40:
        os.kill(os.getpid(), signal.SIGKILL)
    return save(self, instance, is_create, row, **named)

RowResource.save_instance = save_some
call_command("import_prices", sys.argv[1], verbosity=0)
"""


def table_of_60_prices() -> str:
    lines = ["gpu,kind,provider,usd,source_name,source_url,checked_on"]
    for number in range(60):
        gpu = ("rtx-4090", "h100-sxm-80gb")[number % 2]
        lines.append(
            f"{gpu},rent_on_demand,Cloud {number},{1 + number / 100:.2f},"
            "Cloud,https://example.com/,2026-11-01"
        )
    return "\n".join(lines)


def test_an_import_killed_halfway_leaves_the_old_catalog_whole(own_copy, tmp_path):
    file, database = tmp_path / "prices.csv", own_copy / "db.sqlite3"
    file.write_text(table_of_60_prices(), encoding="utf-8")
    before = rows(database)

    killed = run_python(own_copy, "-c", KILLED_WHILE_IMPORTING, str(file))

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert rows(database) == before
    again = run_python(own_copy, "manage.py", "import_prices", str(file))
    assert again.returncode == 0, again.stderr
    assert (
        len(rows(database)["gpus_priceobservation"]) == len(before["gpus_priceobservation"]) + 60
    )
