"""Two versions of one row: what somebody else saved, and what this page holds or an import brings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.text import capfirst

from calculator.changes.differences import NOTHING, in_words, kept_fields
from calculator.changes.locking import Conflict

if TYPE_CHECKING:
    from django import forms


@dataclass(frozen=True)
class ComparedField:
    """A field as it was when the page was opened, as it stands now and as it was typed.

    `typed` is empty where nothing was typed.
    """

    label: str
    seen: str
    stands: str
    typed: str

    @property
    def is_disputed(self) -> bool:
        return bool(self.typed) and self.stands not in (self.seen, self.typed)


@dataclass(frozen=True)
class Compared:
    """Who saved the other version, when and why, with the fields that either side changed."""

    who: str
    at: dt.datetime | None
    why: str
    fields: tuple[ComparedField, ...]


def side_by_side(conflict: Conflict, form: forms.ModelForm) -> Compared:
    """Compare what stands with what a form holds that was opened before."""
    return compared(
        conflict, lambda field: _typed(field, form) if field.name in form.changed_data else ""
    )


def compared(
    conflict: Conflict,
    typed: Callable[[models.Field[Any, Any]], str],
    *,
    was_there: bool = True,
) -> Compared:
    """Compare what stands with what is to be saved: in words, "" where a field is left as it is.

    `was_there` says whether there was such a row when somebody looked.
    """
    saved_by = conflict.by
    row = conflict.row or conflict.seen
    fields = [] if row is None else kept_fields(type(row))
    found = (_compared(field, conflict, typed(field), was_there) for field in fields)
    return Compared(
        who=(saved_by.who_name if saved_by else "") or "Somebody",
        at=saved_by.at if saved_by else None,
        why=saved_by.why if saved_by else "",
        fields=tuple(each for each in found if each is not None),
    )


def _compared(
    field: models.Field[Any, Any], conflict: Conflict, typed: str, was_there: bool
) -> ComparedField | None:
    stands = _state(field, conflict.row)
    seen = _state(field, conflict.seen) if conflict.seen or not was_there else stands
    if seen == stands and typed in ("", stands):
        return None
    return ComparedField(capfirst(str(field.verbose_name)), seen, stands, typed)


def _state(field: models.Field[Any, Any], row: models.Model | None) -> str:
    return NOTHING if row is None else in_words(field, getattr(row, field.attname))


def _typed(field: models.Field[Any, Any], form: forms.ModelForm) -> str:
    if field.name not in form.cleaned_data:  # it is no value of the field: shown as it was typed
        return str(form[field.name].data or NOTHING)
    value = form.cleaned_data[field.name]
    return in_words(field, value.pk if isinstance(value, models.Model) else value)
