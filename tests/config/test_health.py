from unittest.mock import patch

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from gpus.models import Gpu
from gpus.tiers import MemoryTier


def test_a_process_that_answers_is_alive_whatever_its_database_does(client):
    # No test database here: pytest-django fails the test if anything asks for one.
    response = client.get("/healthz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_health_is_never_cached_and_only_read(client, path):
    assert "no-store" in client.get(path).headers["Cache-Control"]
    assert client.post(path).status_code == 405


@pytest.mark.usefixtures("catalog")
def test_a_whole_site_is_ready(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.usefixtures("catalog")
def test_a_site_whose_database_is_gone_is_not_ready(client):
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["missing"]["database"] == "does not answer"


@pytest.mark.usefixtures("catalog")
def test_a_migration_that_is_not_applied_is_named(client):
    MigrationRecorder(connection).record_unapplied("gpus", "0001_initial")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert "gpus.0001_initial" in response.json()["missing"]["migrations"]


@pytest.mark.usefixtures("catalog")
def test_migrations_of_a_newer_version_are_no_fault(client):
    MigrationRecorder(connection).record_applied("gpus", "9999_of_tomorrow")

    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_a_site_without_its_catalog_is_not_ready(client):
    Gpu.objects.all().delete()
    MemoryTier.objects.all().delete()

    assert client.get("/readyz").json()["missing"] == {"catalog": "is empty: run load_catalog"}


@pytest.mark.usefixtures("catalog")
def test_a_site_without_its_static_files_is_not_ready(client):
    with patch.object(staticfiles_storage._wrapped, "hashed_files", {}, create=True):
        response = client.get("/readyz")

    assert response.status_code == 503
    assert list(response.json()["missing"]) == ["static_files"]
