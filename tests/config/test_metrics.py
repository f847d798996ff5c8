"""/metrics: what it counts, and who may see it."""

import datetime as dt
import re
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import override_settings
from django.utils import timezone

from config.metrics import count_cache
from gpus.prices.models import PriceObservation

OPERATIONS = Path(__file__).resolve().parents[2] / "docs/operations.md"


def sample(client, name: str) -> float:
    """The value of one line of /metrics; 0 where it was never counted."""
    text = client.get("/metrics").text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, flags=re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.usefixtures("catalog")
def test_answers_are_counted_by_view_and_class_of_status(client):
    home = 'vram_request_seconds_count{status="2xx",view="calculator:training"}'
    nowhere = 'vram_request_seconds_count{status="4xx",view="none"}'
    before = sample(client, home), sample(client, nowhere)

    client.get("/")
    client.get("/nothing-here")

    assert (sample(client, home), sample(client, nowhere)) == (before[0] + 1, before[1] + 1)


@pytest.mark.usefixtures("catalog")
def test_each_precise_estimate_is_timed(client):
    before = sample(client, "vram_estimate_seconds_count")

    client.post(
        "/api/v1/estimate", {"params_b": 7, "method": "qlora"}, content_type="application/json"
    )

    assert sample(client, "vram_estimate_seconds_count") == before + 1


@pytest.mark.django_db
def test_what_a_store_of_answers_had_is_counted(client):
    before = sample(client, 'vram_finished_pages_total{result="hit"}')

    count_cache("hit")

    assert sample(client, 'vram_finished_pages_total{result="hit"}') == before + 1


@pytest.mark.usefixtures("catalog")
def test_stale_prices_and_the_catalogs_age_come_from_the_rows(client):
    today = timezone.localdate()
    prices = PriceObservation.objects.exclude(kind="buy_launch")
    prices.update(checked_on=today)
    assert sample(client, "vram_stale_price_gpus") == 0
    assert 0 <= sample(client, "vram_catalog_age_seconds") < 60

    prices.filter(pk=prices.first().pk).update(checked_on=today - dt.timedelta(days=91))

    assert sample(client, "vram_stale_price_gpus") == 1
    assert sample(client, "vram_database_up") == 1


@pytest.mark.usefixtures("catalog")
def test_a_clock_that_was_set_back_makes_no_negative_age(client):
    with patch("config.metrics.timezone.now", return_value=timezone.now() - dt.timedelta(days=9)):
        assert sample(client, "vram_catalog_age_seconds") == 0


@pytest.mark.usefixtures("catalog")
def test_counts_are_told_while_the_database_is_gone(client):
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        text = client.get("/metrics").text

    assert "vram_database_up 0.0" in text
    assert "vram_request_seconds_count" in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "address", "status_code"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "::1", 200),
        ({}, "10.1.2.3", 200),
        ({}, "203.0.113.9", 403),
        ({}, "", 403),
        # nginx is a neighbour; who asks it is not.
        ({"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 403),
        ({"Authorization": "Bearer of-the-monitor"}, "203.0.113.9", 200),
        ({"Authorization": "Bearer of-somebody"}, "203.0.113.9", 403),
        ({"Authorization": "Bearer "}, "203.0.113.9", 403),
    ],
)
@override_settings(
    METRICS_ALLOWED=["127.0.0.1", "::1", "10.0.0.0/8"], METRICS_TOKEN="of-the-monitor"
)
def test_who_may_see_them(client, headers, address, status_code):
    response = client.get("/metrics", headers=headers, REMOTE_ADDR=address)

    assert response.status_code == status_code
    assert ("vram_" in response.text) == (status_code == 200)


@override_settings(METRICS_TOKEN="")
def test_no_token_is_not_an_empty_one(client):
    response = client.get(
        "/metrics", headers={"Authorization": "Bearer "}, REMOTE_ADDR="203.0.113.9"
    )

    assert response.status_code == 403


@pytest.mark.usefixtures("catalog")
def test_every_metric_is_documented_and_no_other(client):
    documented = set(re.findall(r"^\| `(vram_\w+)` \|", OPERATIONS.read_text(), flags=re.M))

    told = set(re.findall(r"^# TYPE (vram_\w+) ", client.get("/metrics").text, flags=re.M))

    assert documented == told
