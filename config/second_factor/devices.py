"""A person's authenticator and backup codes."""

from __future__ import annotations

import math
import re
from base64 import b32encode
from typing import Any

import segno
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_otp import user_has_device, verify_token
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from calculator.words.formatting import format_wait

BACKUP_CODES = 10
_FROM_AN_APP = re.compile(r"\d{6}")


def has_second_factor(user: Any) -> bool:
    return bool(user_has_device(user))


class CodeRefused(Exception):
    """A code that opens nothing, in words: it is wrong, or comes too soon after wrong ones.

    After each wrong code a device takes none for twice as long, from a second on (django-otp's
    `ThrottlingMixin`). `was_tried` says whether this one was looked at; right ones are not either.
    """

    def __init__(self, wait_seconds: int, *, was_tried: bool) -> None:
        wait = format_wait(wait_seconds)
        if was_tried:
            words = (
                "This code is wrong, or was used already. Wait for the next one of the app, or use a "
                "backup code that you have not used."
            )
            if wait_seconds > 1:
                words += f" After several wrong ones no code is taken for {wait}."
        else:
            words = (
                f"Codes before this one were wrong, so it was not looked at. Wait {wait}, then enter "
                "the code that the app shows by then; a backup code stays good."
            )
        super().__init__(words)


def verified_by(user: User, code: str) -> Device:
    """The person's device that a code is of, which is then used up.

    A code of the app is never tried as a backup code: failed tries slow a device down.

    Raises:
        CodeRefused: it is no code of theirs, or comes too soon after wrong ones.
    """
    code = re.sub(r"\s", "", code).lower()
    kind = TOTPDevice if _FROM_AN_APP.fullmatch(code) else StaticDevice
    waits, tried = [0], False
    for device in kind.objects.devices_for_user(user, confirmed=True):
        if not (wait := _wait_seconds(device)):
            if verify_token(user, device.persistent_id, code):
                return device
            tried = True
            device.refresh_from_db()
            wait = _wait_seconds(device)
        waits.append(wait)
    raise CodeRefused(max(waits), was_tried=tried or len(waits) == 1)


def _wait_seconds(device: Any) -> int:
    """For how long the device takes no code; 0: it takes one now."""
    is_allowed, why = device.verify_is_allowed()
    if is_allowed:
        return 0
    return max(1, math.ceil((why["locked_until"] - timezone.now()).total_seconds()))


def begun(user: User) -> TOTPDevice:
    """The authenticator that is being set up: it counts once a code of it was entered."""
    device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
    return device or TOTPDevice.objects.create(user=user, name="Authenticator", confirmed=False)


def confirm(device: TOTPDevice, code: str) -> list[str]:
    """Let the authenticator count, if the code is of it; return the backup codes.

    Raises:
        CodeRefused: it is not, or comes too soon after wrong ones.
    """
    if wait := _wait_seconds(device):
        raise CodeRefused(wait, was_tried=False)
    if not device.verify_token(re.sub(r"\s", "", code)):
        raise CodeRefused(_wait_seconds(device), was_tried=True)
    with transaction.atomic():
        device.confirmed = True
        device.save()
        return new_backup_codes(device.user)


def new_backup_codes(user: User) -> list[str]:
    """Codes for the day on which the phone is gone, each good once; those before are void."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="Backup codes")
    codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
    device.token_set.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def remove(user: User) -> None:
    for kind in (TOTPDevice, StaticDevice):
        kind.objects.filter(user=user).delete()


def picture(device: TOTPDevice) -> str:
    """The QR code that an authenticator app reads, as SVG without styles of its own."""
    code = segno.make(device.config_url, error="m")
    return str(code.svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="qr"))


def key_in_groups(device: TOTPDevice) -> str:
    """The same key for typing in: Base32 as apps take it, in groups of four."""
    key = b32encode(device.bin_key).decode()
    return " ".join(re.findall(".{1,4}", key))
