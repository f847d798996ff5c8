"""A new version migrates while the one before still answers: its migrations may not break that.

The linter reads the SQL that PostgreSQL would run. On SQLite it takes every table that Django
builds anew for a new column that may not be empty, so there it says nothing of use; a site on
SQLite is one machine, which migrates before it serves.
"""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django_migration_linter import MigrationLinter

# Written before anybody ran the site: there was no older code to break.
BEFORE_THE_FIRST_RELEASE = [("gpus", "0002_price_kinds")]


@pytest.mark.django_db
def test_no_new_migration_breaks_the_code_of_before(capsys):
    if connection.vendor != "postgresql":
        pytest.skip("for PostgreSQL: make testpostgresql")
    linter = MigrationLinter(include_apps=("calculator", "gpus"), no_cache=True)

    linter.lint_all_migrations()

    said = capsys.readouterr().out
    dangerous = re.findall(r"^\((\w+), (\w+)\)\.\.\. ERR$", said, flags=re.MULTILINE)
    assert dangerous == BEFORE_THE_FIRST_RELEASE, said
