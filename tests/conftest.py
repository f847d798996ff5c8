"""What every test starts from."""

from __future__ import annotations

import socket

import hypothesis
import pytest
from django.db import connection
from django.test import override_settings

from calculator.data.loading import load_catalog
from config.finished.middleware import STORE
from tests.calculator.small_catalog import write_small_catalog
from tests.shipped_catalog import put_shipped_catalog

# A slow machine is not a mistake in the code. The rest stays as Hypothesis has it, which in CI
# means the same examples in every run.
hypothesis.settings.register_profile("site", hypothesis.settings(deadline=None))
hypothesis.settings.load_profile("site")

HERE = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(scope="session", autouse=True)
def _no_network():
    """Refuse connections to other machines: a test that needs one fails, online or not."""
    connect = socket.socket.connect

    def connect_here(self, address):
        if isinstance(address, tuple) and address[0] not in HERE:
            raise AssertionError(f"A test tried to reach {address[0]}.")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield


@pytest.fixture(scope="session", autouse=True)
def _settings_of_tests():
    """The only settings in which tests differ from the site.

    The manifest and WhiteNoise would need `collectstatic` before every run, and the site's
    password hasher is slow on purpose. tests/config/test_static_files.py tries the real ones.
    """
    with override_settings(
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {
                "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
            },
        },
        WHITENOISE_AUTOREFRESH=True,
        RATE_LIMITS={},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        # A test that changes a row looks at the page right after it.
        CATALOG_CHECK_SECONDS=0,
        # No thread that writes: a test writes looks down itself.
        LOOKS_WRITE_SECONDS=0,
    ):
        yield


@pytest.fixture
def small_catalog(db, tmp_path):
    """Two GPUs, an RTX 4090 with a retail price of 1 November 2026 and an H100 without any, two
    presets, a model and an answer. Returns the folder of the files that they are loaded from.
    """
    write_small_catalog(tmp_path)
    load_catalog(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _nothing_kept_from_another_test():
    """A test may patch what pages are made from: none of them sees another's pages."""
    STORE.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix, tmp_path_factory):
    """Keep SQLite's test database in a file, as on the site, instead of in memory.

    In memory, the live server's threads would share the test's one connection and could find
    themselves inside each other's transactions. In a file, each has its own.
    """
    if connection.vendor == "sqlite":
        path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture
def catalog(db):
    """The catalog as a new installation has it: tiers, GPUs, presets, sizes and the FAQ."""
    put_shipped_catalog()
