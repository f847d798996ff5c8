"""A request has an id, and its log lines and its answer carry it; what is slow is logged."""

import io
import json
import logging
import logging.config
from unittest.mock import patch

import pytest
from django.test import Client, override_settings

from config.logs import LONGEST_ADDRESS, logging_config


@pytest.fixture
def log():
    """What production writes, as one dictionary for each line."""
    before = logging.getLogger().handlers[:]
    stream = io.StringIO()
    config = logging_config(as_json=True)
    config["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(config)
    # A busy machine is no news here.
    with override_settings(SLOW_REQUEST_MS=60_000):
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.config.dictConfig(logging_config(as_json=False))
    logging.getLogger().handlers[:] = before


def test_the_answer_carries_the_proxys_id(client):
    response = client.get("/healthz", headers={"X-Request-ID": "4bf92f3577b34da6a3ce929d0e0e4736"})

    assert response.headers["X-Request-ID"] == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("given", ["", "short", "with a space", "x" * 129, 'quote"quote'])
def test_an_id_that_could_forge_a_line_is_replaced(client, given):
    first, second = (
        client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        for _ in range(2)
    )

    assert given not in {first, second}
    assert len(first) == 16
    assert first != second


@pytest.mark.django_db
def test_an_error_is_logged_with_its_id_and_address_and_only_those(log):
    visitor = Client(raise_request_exception=False)
    with patch("calculator.pages.calculator.views.current_catalog", side_effect=ValueError):
        response = visitor.get("/?model=x", headers={"X-Request-ID": "abcdefgh"})

    (line,) = log()
    assert response.status_code == 500
    assert line["request_id"] == "abcdefgh"
    assert line["address"] == "/?model=x"
    assert (line["method"], line["status_code"], line["level"]) == ("GET", 500, "ERROR")
    assert "ValueError" in line["exc_info"]
    assert "127.0.0.1" not in json.dumps(line)


def test_a_page_that_is_not_there_is_logged_with_its_id_too(client, log):
    client.get("/nothing-here", headers={"X-Request-ID": "abcdefgh"})

    (line,) = log()
    assert (line["request_id"], line["address"]) == ("abcdefgh", "/nothing-here")


def test_the_admins_addresses_are_logged_without_what_was_typed(client, log):
    client.get("/admin/nothing-here/?q=secret")

    assert "secret" not in json.dumps(log())


def test_an_endless_address_is_cut(client, log):
    client.get("/nothing-here?" + "x" * 100_000)

    assert len(log()[0]["address"]) == LONGEST_ADDRESS


def test_a_line_outside_of_requests_has_no_id(log):
    logging.getLogger("anything").warning("said")

    assert log()[0]["request_id"] == "-"


@override_settings(SLOW_REQUEST_MS=0)
def test_a_slow_request_is_logged_with_its_time(log):
    Client().get("/healthz?a=1", headers={"X-Request-ID": "abcdefgh"})

    (line,) = log()
    assert line["logger"] == "config.observing"
    assert (line["address"], line["view"], line["request_id"]) == (
        "/healthz?a=1",
        "healthz",
        "abcdefgh",
    )
    assert line["milliseconds"] >= 0


def test_a_clock_that_jumps_makes_no_request_slow(log):
    with patch("time.time", side_effect=[0.0, 1e9, 0.0, 1e9, *[0.0] * 100]):
        assert Client().get("/healthz").status_code == 200

    assert log() == []


def test_elsewhere_a_line_can_be_read():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    config = logging_config(as_json=False)
    made = config["formatters"]["line"]
    handler.setFormatter(logging.Formatter(made["format"], style=made["style"]))
    handler.addFilter(config["filters"]["request"]["()"]())
    record = logging.LogRecord("gpus", logging.WARNING, "", 0, "said %s", ("this",), None)

    handler.handle(record)

    assert stream.getvalue().endswith(" WARNING gpus [-] said this\n")
