"""A clock that jumps by decades, back or on: every page answers, whatever prices' ages are."""

from __future__ import annotations

import datetime as dt
from unittest.mock import patch

import pytest
from django.utils import timezone


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("year", [1971, 2099])
@pytest.mark.parametrize(
    "path", ["/", "/?model=llama-3-1-8b", "/gpus/", "/fit/?size=7", "/readyz"]
)
def test_pages_answer_whatever_the_clock_says(client, path, year):
    with patch.object(
        timezone, "now", return_value=dt.datetime(year, 1, 1, tzinfo=dt.timezone.utc)
    ):
        assert client.get(path).status_code == 200

    assert client.get(path).status_code == 200
