"""Several imports at the same time: each is done whole, or refused because another came first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from calculator.bulk.planning import NotAsShown
from calculator.data.loading import load_catalog
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from tests.calculator.bulk.builders import SEEN, import_of, plan_of
from tests.calculator.small_catalog import write_small_catalog

IMPORTS = 6


@pytest.fixture
def stored_catalog(transactional_db, tmp_path):
    write_small_catalog(tmp_path)
    load_catalog(tmp_path)


def at_once(*calls):
    """The outcome of each call, all of them made at the same time."""

    def run(call):
        try:
            return call()
        except NotAsShown as refused:
            return refused
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_of_several_imports_of_one_row_the_first_wins_and_the_others_are_refused(stored_catalog):
    texts = [f"slug\ttdp_w\nrtx-4090\t{400 + number}\n" for number in range(IMPORTS)]
    shown = [plan_of("gpus", text).fingerprint for text in texts]

    outcomes = at_once(
        *(
            lambda text=text, each=each: import_of("gpus", text, fingerprint=each)
            for text, each in zip(texts, shown, strict=True)
        )
    )

    refused = [isinstance(outcome, NotAsShown) for outcome in outcomes]
    assert refused.count(False) == 1
    assert Gpu.objects.get(slug="rtx-4090").tdp_w == 400 + refused.index(False)


def test_imports_of_different_rows_are_all_done(stored_catalog):
    def of_provider(number: int):
        seen = {**SEEN, "provider": f"Cloud {number}"}
        return lambda: import_of("prices", "GPU\tprice\nRTX 4090\t0.69\nH100 SXM\t2.69\n", **seen)

    outcomes = at_once(*map(of_provider, range(IMPORTS)))

    assert [outcome.new_count for outcome in outcomes] == [2] * IMPORTS
    assert PriceObservation.objects.filter(provider__startswith="Cloud").count() == 2 * IMPORTS
