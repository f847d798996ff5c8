"""Opens change sets: whatever is saved inside one is recorded under it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from calculator.changes.models import _OPEN, ChangeSet, Kind


@contextmanager
def change_set(
    *,
    kind: Kind,
    who: User | AnonymousUser | None = None,
    why: str = "",
    undoes: ChangeSet | None = None,
) -> Iterator[ChangeSet]:
    """Record every row that is saved or deleted inside under one change set, all or nothing.

    Inside an open set it joins that one. A set is stored with its first record: one in which
    nothing changed never was, and its `pk` stays None.
    """
    if (opened := _OPEN.get()) is not None:
        yield opened
        return
    with transaction.atomic():
        opened = ChangeSet(
            kind=kind,
            who=who if isinstance(who, User) else None,
            who_name="" if who is None else who.get_username(),
            why=why.strip(),
            undoes=undoes,
        )
        token = _OPEN.set(opened)
        try:
            yield opened
        finally:
            _OPEN.reset(token)
