"""Two versions of one row: what somebody else saved, and what is typed on this page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models

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
    assert conflict.row is not None
    saved_by = conflict.by
    return Compared(
        who=(saved_by.who_name if saved_by else "") or "Somebody",
        at=saved_by.at if saved_by else None,
        why=saved_by.why if saved_by else "",
        fields=tuple(
            compared
            for field in kept_fields(type(conflict.row))
            if (compared := _compared(field, conflict, form)) is not None
        ),
    )


def _compared(
    field: models.Field[Any, Any], conflict: Conflict, form: forms.ModelForm
) -> ComparedField | None:
    stands = in_words(field, getattr(conflict.row, field.attname))
    seen = (
        stands if conflict.seen is None else in_words(field, getattr(conflict.seen, field.attname))
    )
    typed = _typed(field, form) if field.name in form.changed_data else ""
    if not typed and seen == stands:
        return None
    label = str(field.verbose_name)
    return ComparedField(label[:1].upper() + label[1:], seen, stands, typed)


def _typed(field: models.Field[Any, Any], form: forms.ModelForm) -> str:
    if field.name not in form.cleaned_data:  # it is no value of the field: shown as it was typed
        return str(form[field.name].data or NOTHING)
    value = form.cleaned_data[field.name]
    return in_words(field, value.pk if isinstance(value, models.Model) else value)
