"""What superusers can read of accounts, and nobody can change."""

from __future__ import annotations

import pytest
from axes.models import AccessFailureLog, AccessLog
from django.contrib.auth.models import Group, Permission, User

LOGS = ("axes/accesslog", "axes/accessfailurelog", "calculator/historicaluser")


def log_in(client, password):
    return client.post("/admin/login/", {"username": "anna", "password": password})


@pytest.fixture
def anna(db):
    return User.objects.create_user("anna", password="a long secret", is_staff=True)


def test_logins_and_failed_ones_are_in_the_log(client, admin_client, anna):
    log_in(client, "a guess")
    log_in(client, "a long secret")

    assert [each.username for each in AccessFailureLog.objects.all()] == ["anna"]
    assert AccessLog.objects.filter(username="anna").count() == 1
    for log in LOGS[:2]:
        assert "anna" in admin_client.get(f"/admin/{log}/").text
    assert "a guess" not in str(list(AccessFailureLog.objects.values()))


def test_what_an_account_may_do_is_recorded_with_who_let_it(admin_client, anna):
    group = Group.objects.create(name="Catalog editor")
    may = Permission.objects.get(codename="view_user")
    form = {"username": "anna", "date_joined_0": "2026-11-01", "date_joined_1": "12:00:00"}
    admin_client.post(
        f"/admin/auth/user/{anna.pk}/change/",
        {**form, "groups": [group.pk], "user_permissions": [may.pk], "is_active": "on"},
    )

    page = admin_client.get("/admin/calculator/historicaluser/").text

    for words in ("staff: yes → no", "groups: + Catalog editor", "+ Authentication and", "admin"):
        assert words in page, words


def test_a_login_is_no_change_of_the_account(client, anna):
    log_in(client, "a long secret")

    assert [record.history_type for record in anna.history.all()] == ["+"]
    assert not hasattr(anna.history.first(), "password")


@pytest.mark.parametrize("log", LOGS)
def test_a_log_is_for_superusers_and_read_only(client, admin_client, anna, log):
    group = Group.objects.create(name="Catalog publisher")
    anna.groups.add(group)
    client.force_login(anna)

    assert client.get(f"/admin/{log}/").status_code == 403
    assert admin_client.get(f"/admin/{log}/").status_code == 200
    assert admin_client.get(f"/admin/{log}/add/").status_code == 403


def test_the_admins_sections_are_named_in_words(admin_client):
    names = [app["name"] for app in admin_client.get("/admin/").context["app_list"]]

    assert [name for name in names if "_" in name or name == name.upper()] == []
    assert "Sign-in: second factor, backup codes" in names
