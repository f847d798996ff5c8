"""A second factor: who has set one up logs in with its code, and everybody else as before."""

from __future__ import annotations

import datetime as dt
import re
import time

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

PAGE = "/admin/second-factor/"


@pytest.fixture
def anna(db):
    return User.objects.create_superuser("anna", password="a long secret")


def code_of(device):
    """What the app shows now."""
    totp = TOTP(device.bin_key)
    totp.time = time.time()
    return f"{totp.token():06}"


def log_in(client, **code):
    form = {"username": "anna", "password": "a long secret", "next": "/admin/"}
    return client.post("/admin/login/", {**form, **code})


def set_up(client):
    """Set the second factor up as its page says; return the device and the backup codes."""
    client.get(PAGE)
    device = TOTPDevice.objects.get()
    page = client.post(PAGE, {"code": code_of(device)}).text
    # As if a while had passed: the code of this half minute may be used once more.
    TOTPDevice.objects.update(last_t=-1)
    device.refresh_from_db()
    return device, re.findall(r"<li><code>(\w+)</code></li>", page)


@pytest.fixture
def device_and_codes(anna):
    client = Client()
    client.force_login(anna)
    return set_up(client)


def test_without_a_second_factor_a_password_is_enough(client, anna):
    assert log_in(client).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_the_page_shows_a_picture_and_the_key_and_takes_a_code_of_it(client, anna):
    client.force_login(anna)

    page = client.get(PAGE).text

    assert "<svg" in page
    assert "style=" not in page[page.index("<svg") :]
    assert not TOTPDevice.objects.get().confirmed
    assert "This code is wrong" in client.post(PAGE, {"code": "000000"}).text
    assert not TOTPDevice.objects.get().confirmed


def test_who_has_set_it_up_logs_in_with_a_code_which_counts_once(client, device_and_codes):
    device, _ = device_and_codes
    code = code_of(device)

    assert "Enter the code" in log_in(client).text
    assert "This code is wrong" in log_in(client, code="123456").text
    TOTPDevice.objects.update(throttling_failure_count=0)
    assert log_in(client, code=f"{code[:3]} {code[3:]}").status_code == 302
    assert client.get("/admin/").status_code == 200
    assert "This code is wrong" in log_in(Client(), code=code).text


def test_a_right_code_right_after_wrong_ones_is_said_to_have_to_wait_and_then_counts(
    client, device_and_codes
):
    device, codes = device_and_codes
    TOTPDevice.objects.update(throttling_failure_count=4)
    wrong = log_in(client, code="123456").text
    assert "After several wrong ones no code is taken for 16 seconds." in wrong

    early = log_in(client, code=code_of(device)).text

    assert "it was not looked at. Wait 16 seconds, then enter the code" in early
    assert "This code is wrong" not in early
    # A backup code is another device's, and need not wait.
    assert log_in(Client(), code=codes[0]).status_code == 302
    ago = timezone.now() - dt.timedelta(seconds=17)
    TOTPDevice.objects.update(throttling_failure_timestamp=ago)
    assert log_in(client, code=code_of(device)).status_code == 302


def test_so_it_is_where_the_second_factor_is_set_up_and_renewed(client, anna):
    client.force_login(anna)
    client.get(PAGE)
    client.post(PAGE, {"code": "000000"})
    assert (
        "Wait 1 second, then"
        in client.post(PAGE, {"code": code_of(TOTPDevice.objects.get())}).text
    )
    assert not TOTPDevice.objects.get().confirmed

    TOTPDevice.objects.update(throttling_failure_timestamp=None)
    set_up(client)
    TOTPDevice.objects.update(
        throttling_failure_timestamp=timezone.now(), throttling_failure_count=9
    )

    assert "Wait 5 minutes, then" in client.post(PAGE, {"code": "000000", "renew": "x"}).text


def test_a_backup_code_opens_once(client, device_and_codes):
    _, codes = device_and_codes
    assert len(set(codes)) == 10

    assert log_in(client, code=codes[3]).status_code == 302
    assert "9 backup codes left" in client.get(PAGE).text
    assert "This code is wrong" in log_in(Client(), code=codes[3]).text


def test_another_window_that_was_open_has_to_give_the_code_too(client, anna):
    client.force_login(anna)
    other = Client()
    other.force_login(anna)
    set_up(other)

    assert client.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert client.get(PAGE).headers["Location"].startswith("/admin/login/")
    assert other.get("/admin/").status_code == 200


def test_it_is_removed_with_a_code(client, device_and_codes):
    _, codes = device_and_codes
    log_in(client, code=codes[0])
    assert "This code is wrong" in client.post(PAGE, {"code": codes[0], "remove": "x"}).text
    StaticDevice.objects.update(throttling_failure_count=0)  # not to wait a second

    client.post(PAGE, {"code": codes[1], "remove": "x"})

    assert log_in(Client()).status_code == 302


def test_new_backup_codes_void_the_old_ones(client, device_and_codes):
    _, codes = device_and_codes
    log_in(client, code=codes[0])

    page = client.post(PAGE, {"code": codes[1], "renew": "x"}).text

    assert len(re.findall(r"<li><code>", page)) == 10
    assert "This code is wrong" in log_in(Client(), code=codes[2]).text


def test_where_all_need_one_nobody_gets_on_without(client, anna, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    log_in(client)

    assert client.get("/admin/gpus/gpu/").headers["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/").headers["Location"] == PAGE
    assert "This site asks for a second factor" in client.get(PAGE).text
    set_up(client)
    assert client.get("/admin/gpus/gpu/").status_code == 200


def test_nobody_else_reaches_the_page(client, db):
    client.force_login(User.objects.create_user("reader"))

    assert client.get(PAGE).headers["Location"].startswith("/admin/login/")
