"""The site's real static files: hashed names, compressed, kept by browsers for good."""

import json
import re

import pytest
from django.core.management import call_command
from django.test import override_settings

from config import settings as site_settings


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """Collect the static files as `make run` does; the settings point at them meanwhile."""
    folder = tmp_path_factory.mktemp("static")
    with override_settings(
        STATIC_ROOT=folder, STORAGES=site_settings.STORAGES, WHITENOISE_AUTOREFRESH=False
    ):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield folder


@pytest.fixture
def get(collected, client):
    """Ask for a path as a browser that understands these encodings."""

    def get(path: str, accept_encoding: str = "br, gzip"):
        response = client.get(path, headers={"Accept-Encoding": accept_encoding})
        response.getvalue()  # reads the file to its end, which closes it
        return response

    return get


def hashed_paths(collected) -> dict[str, str]:
    return json.loads((collected / "staticfiles.json").read_text())["paths"]


def test_every_file_gets_a_name_with_its_hash(collected):
    paths = hashed_paths(collected)

    assert paths
    for path, hashed in paths.items():
        assert re.search(r"\.[0-9a-f]{12}(\.|$)", hashed), path
        assert (collected / hashed).is_file()


def test_browsers_keep_a_hashed_file_for_good(collected, get):
    hashed = hashed_paths(collected)["admin/css/base.css"]

    response = get(f"/static/{hashed}")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "max-age=315360000, public, immutable"


def test_browsers_ask_again_for_a_file_without_a_hash(get):
    assert "immutable" not in get("/static/admin/css/base.css").headers["Cache-Control"]


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_files_are_compressed_beforehand(collected, get, encoding):
    hashed = hashed_paths(collected)["admin/css/base.css"]

    response = get(f"/static/{hashed}", accept_encoding=encoding)

    assert response.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in response.headers["Vary"]


def test_htmx_is_one_of_our_own_files(collected):
    assert [path for path in hashed_paths(collected) if path.startswith("django_htmx/htmx")]
