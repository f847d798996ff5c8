"""What every row that editors keep is held to, in the admin and in imports alike."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.urls import NoReverseMatch, Resolver404, resolve

from calculator.changes.models import RowHistory, record_what_stood

EARLIEST_DATE = dt.date(2000, 1, 1)
# A launch may be announced, but not for another decade.
LATEST_DATE_AHEAD = dt.timedelta(days=366)
# A day on which something was seen; it is tomorrow already somewhere on Earth.
LATEST_SEEN_AHEAD = dt.timedelta(days=1)

# Line breaks and tabs are how long texts are written. The joiners stand within words of Persian
# and Hindi and within emoji; everything else without a shape of its own only misleads.
_ALLOWED_IN_TEXTS = frozenset("\n\r\t")
_ALLOWED_FORMAT = frozenset("\u200c\u200d")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def invisible_characters(text: str, *, of_lines: bool = False) -> list[str]:
    """The characters of a text that nobody sees: control, bidirectional, zero-width ones.

    `of_lines` lets line breaks and tabs pass. Categories: Unicode Standard, section 4.5.
    """
    allowed = _ALLOWED_FORMAT | (_ALLOWED_IN_TEXTS if of_lines else frozenset())
    found = dict.fromkeys(
        each for each in text if each not in allowed and unicodedata.category(each) in _INVISIBLE
    )
    return list(found)


class CheckedRow(models.Model):
    """A row whose texts can be read, whose links are links and whose days can be right.

    Every change of it is recorded in the table of its history, in the same transaction.
    """

    history = RowHistory(inherit=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(using=options.get("using")):
            if not self._state.adding:
                record_what_stood(self)
            super().save(*args, **options)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Check each field.

        Raises:
            ValidationError: with what is wrong of each field.
        """
        errors: dict[str, Any] = {}
        try:
            super().clean_fields(exclude=exclude)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        for field in self._meta.concrete_fields:
            if field.name in errors or field.name in (exclude or ()):
                continue
            message = _complaint(field, getattr(self, field.attname))
            if message:
                errors[field.name] = [ValidationError(message)]
        if "slug" not in {*errors, *(exclude or ())} and not self._has_its_own_page():
            errors["slug"] = [ValidationError("This address is another page's. Choose another.")]
        if errors:
            raise ValidationError(errors)

    def _has_its_own_page(self) -> bool:
        """Whether the row's address leads to it, not to a fixed page of the same name."""
        address = getattr(self, "get_absolute_url", None)
        if address is None:
            return True
        try:
            found = resolve(address())
        except (NoReverseMatch, Resolver404):
            return False
        return "slug" in found.kwargs


def _complaint(field: models.Field[Any, Any], value: object) -> str | None:
    if isinstance(value, str):
        found = invisible_characters(value, of_lines=isinstance(field, models.TextField))
        if found:
            codes = ", ".join(f"U+{ord(each):04X}" for each in found[:5])
            return f"Take out what cannot be seen: {codes}."
        if value and isinstance(field, models.URLField) and not _is_web_address(value):
            return "A link begins with https:// or http://."
    elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return _complaint_about_day(field.name, value)
    return None


def _complaint_about_day(name: str, day: dt.date) -> str | None:
    if day < EARLIEST_DATE:
        return f"This is before {EARLIEST_DATE.year}: is the year right?"
    today = dt.datetime.now(dt.timezone.utc).date()
    if name.endswith(("checked_on", "ended_on")):
        return "This day has not come yet." if day > today + LATEST_SEEN_AHEAD else None
    if day > today + LATEST_DATE_AHEAD:
        return "This is more than a year ahead: is the year right?"
    return None


def _is_web_address(text: str) -> bool:
    return urlsplit(text).scheme in {"http", "https"}
