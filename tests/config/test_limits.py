"""Who asks too often waits, and is told for how long; nobody else notices."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from django.core.cache import cache

pytestmark = pytest.mark.django_db

API, LOGIN = "/api/v1/estimate", "/admin/login/"


@pytest.fixture(autouse=True)
def _limits(settings, monkeypatch):
    # The middle of a minute: no count begins anew during a test.
    monkeypatch.setattr("config.rate_limits.time", SimpleNamespace(time=lambda: 1_000_000_010.0))
    cache.clear()
    settings.RATE_LIMITS = {"calculator:api_estimate": 2, "calculator:config": 2}
    yield
    cache.clear()


def ask(client, path=API, **meta):
    return client.post(
        path, "{}" if path == API else None, content_type="application/json", **meta
    )


def test_the_api_says_how_long_to_wait(client, catalog):
    answers = [ask(client) for _ in range(3)]

    assert [each.status_code for each in answers] == [422, 422, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert "Try again in" in answers[-1].json()["errors"][0]["message"]
    assert ask(client, REMOTE_ADDR="192.0.2.9").status_code == 422


def test_a_pasted_config_is_limited_in_words(client, catalog):
    answers = [client.post("/config/", {"config": "{"}) for _ in range(3)]

    assert answers[1].status_code == 200
    assert answers[2].status_code == 429
    assert "Try again in" in answers[2].content.decode()


def test_a_client_cannot_choose_its_address(client, catalog, settings):
    asked = [ask(client, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}") for n in range(3)]
    settings.TRUSTED_PROXIES = 1
    forged = [ask(client, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}, 198.51.100.7") for n in range(3)]
    others = [ask(client, HTTP_X_FORWARDED_FOR=f"203.0.113.{n}") for n in range(3)]

    assert asked[-1].status_code == forged[-1].status_code == 429
    assert [each.status_code for each in others] == [422, 422, 422]


def test_wrong_passwords_lock_a_name_out_for_a_while(client, django_user_model, settings):
    django_user_model.objects.create_superuser("editor", password="right")

    def log_in(password, **meta):
        return client.post(LOGIN, {"username": "editor", "password": password}, **meta)

    wrong = [log_in("wrong") for _ in range(settings.AXES_FAILURE_LIMIT)]
    right = log_in("right")

    assert wrong[0].status_code == 200
    assert right.status_code == 429
    assert right["Retry-After"] == "900"
    assert log_in("right", REMOTE_ADDR="192.0.2.9").status_code == 302


def test_reports_of_the_policy_are_logged_on_one_line(client, caplog):
    report = {"csp-report": {"blocked-uri": "https://evil.example/\nERROR forged"}}

    with caplog.at_level(logging.WARNING, logger="site.csp"):
        answer = client.post("/csp-report/", report, content_type="application/json")

    assert answer.status_code == 204
    assert "evil.example" in caplog.text
    assert "\nERROR forged" not in caplog.text
    too_long = client.post("/csp-report/", "x" * 20_000, content_type="application/csp-report")
    assert too_long.status_code == 413
