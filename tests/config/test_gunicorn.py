import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import OperationalError, connection

from calculator.estimation.architectures.parameters import count_parameters, layer_parameters
from config.metrics_folder import make_metrics_folder
from config.port import stop_unless_free

CONFIG = str(Path(__file__).resolve().parent.parent.parent / "config/gunicorn.conf.py")


@pytest.fixture(autouse=True)
def _no_folder_in_memory(monkeypatch, tmp_path):
    monkeypatch.setattr("config.metrics_folder.IN_MEMORY", tmp_path)


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
def test_workers_start_with_what_the_first_visitor_would_wait_for(client, monkeypatch):
    """Every model's numbers, and the front page's answers drawn."""
    count_parameters.cache_clear()
    layer_parameters.cache_clear()

    runpy.run_path(CONFIG)["when_ready"](server=None)

    assert layer_parameters.cache_info().currsize > 100

    def drawn_again(*args, **kwargs):
        raise AssertionError("an answer of the front page is drawn for a visitor")

    monkeypatch.setattr("calculator.faq.presenters.render_answer", drawn_again)
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_the_server_starts_before_its_database_has_tables(monkeypatch, caplog):
    def no_such_table():
        raise OperationalError("no such table: gpus_gpu")

    monkeypatch.setattr("config.warm_up.current_catalog", no_such_table)

    runpy.run_path(CONFIG)["when_ready"](server=None)

    assert "no such table" in caplog.text


def test_counts_of_servers_before_are_forgotten(tmp_path, monkeypatch):
    folder = tmp_path / "metrics"
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    folder.mkdir()
    (folder / "counter_1.db").touch()
    (folder / f"counter_{os.getpid()}.db").touch()

    runpy.run_path(CONFIG)["on_starting"](SimpleNamespace(cfg=SimpleNamespace(address=[])))

    assert [file.name for file in folder.iterdir()] == [f"counter_{os.getpid()}.db"]


def test_folders_of_servers_that_were_killed_are_removed(tmp_path, monkeypatch):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / f"vram-metrics-{ended.pid}-abc").mkdir()
    (tmp_path / f"vram-metrics-{os.getppid()}-abc").mkdir()

    made = make_metrics_folder()

    assert made.stat().st_mode & 0o777 == 0o700
    assert {folder.name for folder in tmp_path.iterdir()} == {
        made.name,
        f"vram-metrics-{os.getppid()}-abc",
    }


def test_a_port_that_is_taken_is_named_and_how_to_choose_another():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SystemExit) as stopped:
            stop_unless_free("127.0.0.1", port)

    assert f"Port {port} on 127.0.0.1 is taken" in str(stopped.value)
    assert f"PORT={port + 1} make run" in str(stopped.value)


def test_a_server_that_cannot_start_leaves_no_folder(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        hooks = runpy.run_path(CONFIG)
        assert list(tmp_path.iterdir())

        with pytest.raises(SystemExit):
            hooks["on_starting"](
                SimpleNamespace(cfg=SimpleNamespace(address=[taken.getsockname()]))
            )

    assert list(tmp_path.iterdir()) == []


def test_a_port_that_was_handed_over_is_not_asked_about(monkeypatch):
    monkeypatch.setenv("LISTEN_FDS", "1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        stop_unless_free("127.0.0.1", taken.getsockname()[1])
