"""What is exported and imported again changes nothing, in each format and each table."""

from __future__ import annotations

import pytest

from calculator.bulk.planning import Reading, plan_import
from calculator.bulk.reading.files import read_file
from calculator.bulk.tables import BULK_TABLES
from calculator.bulk.writing import FORMATS, export


@pytest.mark.parametrize("file_format", FORMATS)
def test_every_table_exported_and_imported_again_changes_nothing(catalog, file_format):
    for table in BULK_TABLES.values():
        grid = read_file(export(table, file_format))

        plan = plan_import(table, grid, Reading(grid.header))

        assert plan.problems == (), table.name
        assert plan.changes == (), table.name
        assert plan.unchanged_count == table.model._base_manager.count() > 0, table.name
