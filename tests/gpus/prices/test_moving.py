"""The migration that makes observations of the prices that GPUs had in columns of their own."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from importlib import import_module

import pytest

moving = import_module("gpus.migrations.0006_prices_of_gpus")

DAY = dt.date(2026, 8, 1)


def columns(**changes):
    """A GPU's columns as they were, with a street price."""
    return {
        "id": 1,
        "slug": "rtx-3090",
        "retail_price_usd": Decimal(990),
        "retail_price_kind": "street price",
        "retail_price_source_name": "A report",
        "retail_price_source_url": "https://example.com/report",
        "retail_price_checked_on": DAY,
        "retail_price_is_estimate": False,
        "cloud_price_usd_per_hour": None,
        "cloud_price_provider": "",
        "cloud_price_source_name": "",
        "cloud_price_source_url": "",
        "cloud_price_checked_on": None,
        "cloud_price_is_estimate": False,
        **changes,
    }


def loaded(**changes):
    """The same as the files had it when it was loaded."""
    values = columns(**changes)
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in values.items()
    } | {"retail_price_usd": "990"}


class Rows:
    """A table of before: its rows, and what was added."""

    def __init__(self, rows=()):
        self.rows, self.added, self.objects = rows, [], self

    def __call__(self, **values):
        return values

    def filter(self, **wanted):
        return self.rows

    def values(self):
        return self.rows

    def bulk_create(self, rows):
        self.added = rows


class Row:
    def __init__(self, key, values):
        self.key, self.values = key, values


def move(gpu, was_loaded=None):
    """The prices that it makes, and the keys of those that it takes for loaded."""
    tables = {
        "Gpu": Rows([gpu]),
        "PriceObservation": Rows(),
        "LoadedRow": Rows([Row("rtx-3090", was_loaded)] if was_loaded else []),
    }

    class Apps:
        def get_model(self, app, name):
            return tables[name]

    moving.move(Apps(), None)
    return tables["PriceObservation"].added, [row["key"] for row in tables["LoadedRow"].added]


@pytest.mark.parametrize(
    ("changes", "kind", "provider"),
    [
        ({}, "buy_street", ""),
        ({"retail_price_kind": "launch price"}, "buy_launch", ""),
        ({"retail_price_kind": "list price"}, "buy_new", ""),
        ({"cloud_price_provider": "RunPod"}, "rent_on_demand", "RunPod"),
        ({"cloud_price_provider": "Vast.ai, lowest offer"}, "rent_marketplace", "Vast.ai"),
        ({"cloud_price_provider": "AWS spot"}, "rent_spot", "AWS spot"),
        ({"cloud_price_source_name": "A cloud"}, "rent_on_demand", "A cloud"),
    ],
)
def test_free_words_become_a_kind_and_a_provider(changes, kind, provider):
    if kind.startswith("rent"):
        changes = {"retail_price_usd": None, "cloud_price_usd_per_hour": Decimal(1), **changes}

    [price], _ = move(columns(**changes))

    assert (price["kind"], price["provider"]) == (kind, provider)


def test_a_price_keeps_its_day_and_source():
    [price], _ = move(columns())

    assert (price["usd"], price["checked_on"]) == (990, DAY)
    assert (price["source_name"], price["note"]) == ("A report", "")


def test_what_was_loaded_is_known_to_the_next_load():
    _, keys = move(columns(), loaded())

    assert keys == ["rtx-3090/buy_street//2026-08-01"]


def test_a_price_that_an_editor_took_out_does_not_come_back_with_the_files():
    prices, keys = move(columns(retail_price_usd=None), loaded())

    assert prices == []
    assert keys == ["rtx-3090/buy_street//2026-08-01"]


def test_a_price_that_an_editor_followed_by_a_newer_one_may_come_in_as_the_older_one():
    prices, keys = move(columns(retail_price_checked_on=DAY + dt.timedelta(days=9)), loaded())

    assert len(prices) == 1
    assert keys == []
