import runpy
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from calculator.estimation.architectures.parameters import count_parameters, layer_parameters

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


@pytest.mark.usefixtures("catalog")
def test_workers_start_with_every_models_numbers_worked_out():
    count_parameters.cache_clear()
    layer_parameters.cache_clear()

    runpy.run_path(CONFIG)["when_ready"](server=None)

    assert layer_parameters.cache_info().currsize > 100


@pytest.mark.django_db
def test_the_server_starts_before_its_database_has_tables(monkeypatch, caplog):
    def no_such_table():
        raise OperationalError("no such table: gpus_gpu")

    monkeypatch.setattr("config.warm_up.current_catalog", no_such_table)

    runpy.run_path(CONFIG)["when_ready"](server=None)

    assert "no such table" in caplog.text
