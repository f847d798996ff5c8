"""A cell's text and the value that it stands for.

Spreadsheets run a text that begins like a formula: on the way out such a text gets an apostrophe
before it, and on the way in that one apostrophe is taken off again. OWASP, “CSV Injection”.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from calculator.data.tables import Plain, plain

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_YES = frozenset({"true", "yes", "y", "1", "on", "x", "✓"})
_NO = frozenset({"false", "no", "n", "0", "off"})
_DAYS = ("%Y-%m-%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y/%m/%d")


def guarded(text: str) -> str:
    """The text as a spreadsheet shows it without running it; a number is no formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """The text as it was before `guarded`."""
    return text[1:] if _GUARDED.match(text) else text


def text_of(value: object) -> str:
    """The text of a typed cell, as a workbook or JSON holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        return str(plain(Decimal(repr(value))))
    if isinstance(value, Decimal):
        return str(plain(value))
    return str(value)


def value_of(field: models.Field[Any, Any], text: str) -> Any:
    """What a cell's text means in a model's field; an empty one is the field's default.

    Raises:
        ValueError: in words, where the text is nothing that the field can hold.
    """
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return None if field.null else field.get_default()
    if isinstance(field, models.BooleanField):
        return _yes_or_no(text)
    if isinstance(field, models.DateField):
        return day_of(text)
    if isinstance(field, models.IntegerField | models.DecimalField):
        return _number(field, text)
    if field.choices:
        return _choice(field, text)
    try:
        return field.to_python(text)
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error


def shown(value: object) -> str:
    """A value as a preview and a file print it."""
    known: Plain = plain(value)
    if isinstance(known, bool):
        return "true" if known else "false"
    return "" if known is None else str(known)


def day_of(text: str) -> dt.date:
    """A day: 2026-11-27, 27 Nov 2026, Nov 27, 2026; a month stands for its first day.

    Raises:
        ValueError: in words; 03/04/2026 is two days, and which one is not guessed.
    """
    if re.fullmatch(r"\d{4}-\d{2}", text):
        text += "-01"
    for written in _DAYS:
        try:
            return dt.datetime.strptime(text, written).date()  # noqa: DTZ007 (a day has no zone)
        except ValueError:
            continue
    raise ValueError(f"“{text}” is no day that can be read: write it as 2026-11-27.")


def _yes_or_no(text: str) -> bool:
    if text.lower() in _YES | _NO:
        return text.lower() in _YES
    raise ValueError(f"“{text}” is neither “true” nor “false”.")


def _number(field: models.Field[Any, Any], text: str) -> Any:
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"“{text}”: use a point for decimals, as in {text.replace(',', '.')}.")
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"“{text}” is not a number.") from error
    if not number.is_finite():
        raise ValueError(f"“{text}” is not a number.")
    if isinstance(field, models.DecimalField):
        return number
    if number != number.to_integral_value():
        raise ValueError(f"“{text}” is not a whole number.")
    if abs(number) > 2**63 - 1:
        raise ValueError(f"“{text}” is too large.")
    return int(number)


def _choice(field: models.Field[Any, Any], text: str) -> str:
    choices = {str(value): str(label) for value, label in field.choices or ()}
    wanted = text.casefold()
    for value, label in choices.items():
        if wanted in (value.casefold(), label.casefold()):
            return value
    raise ValueError(f"“{text}” is not known here. Use one of: {', '.join(choices)}.")
