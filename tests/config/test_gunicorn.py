import runpy
from pathlib import Path

import pytest
from django.db import connection

CONFIG = str(Path(__file__).resolve().parent.parent.parent / "config/gunicorn.conf.py")


def test_the_site_is_served_on_this_machine_only(monkeypatch):
    monkeypatch.delenv("PORT", raising=False)

    assert runpy.run_path(CONFIG)["bind"] == "127.0.0.1:8000"


def test_the_port_can_be_chosen(monkeypatch):
    monkeypatch.setenv("PORT", "9000")

    assert runpy.run_path(CONFIG)["bind"] == "127.0.0.1:9000"


@pytest.mark.django_db(transaction=True)
def test_no_worker_inherits_a_database_connection():
    connection.ensure_connection()

    runpy.run_path(CONFIG)["pre_fork"](server=None, worker=None)

    assert connection.connection is None
