"""The catalog as a new installation has it, loaded once in a run and copied for each test.

Loading checks every row against every constraint, which takes more than a second; most tests
only want the rows. tests/calculator/test_load_catalog.py tries the loading itself.
"""

from __future__ import annotations

import copy
from itertools import chain

from django.apps import apps
from django.core.management import call_command
from django.db import models, transaction

from calculator.data.groups import ensure_groups
from calculator.data.loading import TABLES
from calculator.models import PriceFeed

_rows: dict[type[models.Model], list[models.Model]] = {}


def put_shipped_catalog() -> None:
    """Fill the empty tables of a test's database."""
    if not _rows:
        call_command("load_catalog", verbosity=0)
        for model in chain.from_iterable(
            apps.get_app_config(app).get_models() for app in ("gpus", "calculator")
        ):
            _rows[model] = list(model._base_manager.all())
        return
    with transaction.atomic():
        for model, rows in _rows.items():
            model._base_manager.bulk_create(copy.deepcopy(rows))
        ensure_groups((*(table.model for table in TABLES), PriceFeed))
