"""Sentry, for who wants it: nothing that anybody typed is sent."""

import sys
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.error_reports import report_errors_to
from config.logs import REQUEST_ID

DSN = "https://key@sentry.example/1"


def test_a_site_that_cannot_report_refuses_to_start(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with pytest.raises(ImproperlyConfigured, match="sentry-sdk is not installed"):
        report_errors_to(DSN, environment="production")


def test_errors_are_sent_with_their_id_and_without_personal_data(monkeypatch):
    asked = {}
    monkeypatch.setitem(
        sys.modules, "sentry_sdk", SimpleNamespace(init=lambda **options: asked.update(options))
    )

    report_errors_to(DSN, environment="production")

    assert (asked["dsn"], asked["environment"]) == (DSN, "production")
    assert asked["send_default_pii"] is False
    assert asked["max_request_body_size"] == "never"
    assert asked["include_local_variables"] is False
    token = REQUEST_ID.set("abcdefgh")
    event = asked["before_send"]({}, {})
    REQUEST_ID.reset(token)
    assert event["tags"] == {"request_id": "abcdefgh"}
