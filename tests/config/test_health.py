from unittest.mock import patch

import pytest
from django.db import OperationalError, connection


@pytest.mark.django_db
def test_the_health_page_answers_ok(client):
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
def test_the_health_page_is_never_cached(client):
    assert "no-store" in client.get("/healthz").headers["Cache-Control"]


@pytest.mark.django_db
def test_the_health_page_says_when_the_database_is_gone(client):
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json() == {"status": "database unreachable"}


def test_the_health_page_only_reads(client):
    assert client.post("/healthz").status_code == 405
