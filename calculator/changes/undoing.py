"""Undoes change sets: each of their rows goes back to what it was before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.db.models.deletion import Collector

from calculator.changes.differences import differences, name_of
from calculator.changes.locking import hold
from calculator.changes.models import ChangeSet, Kind
from calculator.changes.recording import change_set
from calculator.changes.row_changes import RowChange, row_changes
from calculator.looking_ahead.changes import (
    Changes,
    HeldBack,
    changes_between,
    findings_of,
    rows_put_back,
    rows_that_stand,
)
from calculator.serving.row_versions import snapshots_held


class Refused(Exception):
    """A change that cannot be undone as things stand, with each reason in words."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def undo(
    changes: ChangeSet,
    *,
    who: User | AnonymousUser | None = None,
    why: str = "",
    confirmed: str = "",
) -> ChangeSet:
    """Put every row of a change set back to what it was before, all or nothing.

    Returns the change set that did so, which can be undone like any other.

    Raises:
        Refused: when a row was changed since, or cannot be as it was.
        HeldBack: when guards refuse it, or ask what `confirmed` is no answer to.
    """
    with _looked_at(row_changes(changes), confirmed):
        return _undo(changes, who=who, why=why)


def _undo(changes: ChangeSet, *, who: User | AnonymousUser | None, why: str) -> ChangeSet:
    if changes.kind == Kind.START:
        raise Refused("This is how rows stood before anybody changed them: nothing was changed.")
    if (undoing := undone_by(changes)) is not None:
        raise Refused(f"This was undone already, by {undoing}. Undo that one to have this back.")
    with change_set(kind=Kind.UNDO, who=who, why=why, undoes=changes) as undoing:
        _put_back(row_changes(changes))
    return undoing


@contextmanager
def _looked_at(rows: Iterable[RowChange], confirmed: str) -> Iterator[None]:
    """Let guards look at what was done to these rows, all of it together, before it counts."""
    touched = [row.row for row in rows]
    with snapshots_held(), transaction.atomic():
        before = rows_that_stand(touched)
        yield
        findings = findings_of(changes_between(before, rows_that_stand(touched)), confirmed)
        if findings.hold_back:
            raise HeldBack(findings)


def undo_each(
    sets: Iterable[ChangeSet],
    *,
    who: User | AnonymousUser | None = None,
    why: str = "",
    confirmed: str = "",
) -> list[ChangeSet]:
    """Undo several change sets, the newest first, all or nothing; return those undone.

    An undo among them and what it undid cancel out and are both left as they are.

    Raises:
        Refused: with the change set that cannot be undone named.
        HeldBack: when guards refuse it, or ask what `confirmed` is no answer to.
    """
    done = _to_undo(sets)
    with _looked_at((row for each in done for row in row_changes(each)), confirmed):
        for each in done:
            try:
                _undo(each, who=who, why=why)
            except Refused as refused:
                raise Refused(*(f"{each}: {problem}" for problem in refused.problems)) from None
    return done


def _to_undo(sets: Iterable[ChangeSet]) -> list[ChangeSet]:
    """The newest first, without an undo among them and what it undid."""
    newest_first = sorted(sets, key=lambda each: each.pk, reverse=True)
    keys = {each.pk for each in newest_first}
    cancelled: set[int] = set()
    found = []
    for each in newest_first:
        if each.pk in cancelled or each.kind == Kind.START:
            continue
        if each.undoes_id in keys:
            cancelled.add(each.undoes_id)
            continue
        found.append(each)
    return found


def undoing_ahead(sets: Iterable[ChangeSet]) -> Changes:
    """What undoing these would change of the rows as they stand. Nothing is changed or locked."""
    rows = [row for each in _to_undo(sets) for row in row_changes(each)]
    stand = rows_that_stand(row.row for row in rows)
    return changes_between(stand, rows_put_back(stand, ((row.row, row.before) for row in rows)))


def undone_by(changes: ChangeSet) -> ChangeSet | None:
    """The change set that undid this one and was not undone itself."""
    for undoing in sorted(changes.undone_by.all(), key=lambda each: each.pk, reverse=True):
        if undone_by(undoing) is None:
            return undoing
    return None


def _put_back(rows: list[RowChange]) -> None:
    stand: dict[type[models.Model], dict[Any, models.Model]] = {
        model: hold(model, *(row.key for row in rows if row.model is model))
        for model in dict.fromkeys(row.model for row in rows)
    }
    problems = [
        problem
        for row in rows
        if (problem := _changed_since(row, stand[row.model].get(row.key))) is not None
    ]
    if problems:
        raise Refused(*problems)
    back = [row.before for row in rows if row.before is not None]
    there = [row for row in back if row.pk in stand[type(row)]]
    # What stays may have to leave an added row before that can go, and an added row may be in the
    # place of a deleted one.
    problems += [problem for row in there for problem in _save(row, is_there=True)]
    for added in reversed(rows):
        if added.before is None and added.after is not None:
            problems += _delete(added, rows)
    gone = [row for row in back if row.pk not in stand[type(row)]]
    problems += [problem for row in gone for problem in _save(row, is_there=False)]
    # Only now are all the rows there that these may be checked against.
    problems = problems or [problem for row in back for problem in _lost_parents(row)]
    problems = problems or [problem for row in back for problem in _wrong_with(row)]
    if problems:
        raise Refused(*problems)


def _changed_since(row: RowChange, stands: models.Model | None) -> str | None:
    if row.after is None or stands is None:
        if row.after is None and stands is None:
            return None
        what = "added again" if row.after is None else "deleted"
        return f"{_called(row.row)} was {what} since{_last_by(row)}. Undo that first."
    if not (since := differences(row.after, stands)):
        return None
    fields = ", ".join(f"{each.label} ({each.old} → {each.new})" for each in since)
    return f"{_called(stands)} was changed since{_last_by(row)}: {fields}. Undo that first."


def _last_by(row: RowChange) -> str:
    """Who changed a row last, and in which change."""
    history: Any = row.model.history  # type: ignore[attr-defined]
    last = history.filter(id=row.key).select_related("change_set").order_by("-history_id").first()
    if last is None:
        return ""
    changes: ChangeSet = last.change_set
    return f" by {changes.who_name or 'a command'} ({changes})"


def _delete(row: RowChange, rows: list[RowChange]) -> list[str]:
    stands = row.model._base_manager.filter(pk=row.key).first()
    if stands is None:
        return []  # It went together with another row of the set.
    collector = Collector(using="default")
    try:
        collector.collect([stands])
    except ProtectedError as protected:
        return [_stood_on(stands, protected.protected_objects)]
    own = {(each.model, each.key) for each in rows}
    others = [
        each
        for model, instances in collector.data.items()
        for each in instances
        if hasattr(model, "history") and (model, each.pk) not in own
    ]
    if others:
        return [_stood_on(stands, others)]
    stands.delete()
    return []


def _stood_on(row: models.Model, others: Iterable[models.Model]) -> str:
    names = sorted(_called(each) for each in others)
    said = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"{_called(row)} was added by this, and {said} needs it. Undo or move that first."


def _save(row: models.Model, *, is_there: bool) -> list[str]:
    row._state.adding = not is_there
    try:
        with transaction.atomic():
            row.save(force_insert=not is_there, force_update=is_there)
    except IntegrityError as error:
        return _wrong_with(row) or [f"{_called(row)}: the database refuses it: {error}"]
    return []


def _lost_parents(row: models.Model) -> list[str]:
    """The rows that this one refers to and that are gone; the database looks only at the end."""
    lost = []
    for field in row._meta.concrete_fields:
        key, parents = getattr(row, field.attname), field.related_model
        if key is None or not isinstance(parents, type):
            continue
        if not parents._base_manager.filter(pk=key).exists():
            what = parents._meta.verbose_name
            lost.append(f"{_called(row)}: its {what} is gone. Undo that deletion first.")
    return lost


def _wrong_with(row: models.Model) -> list[str]:
    try:
        row.full_clean()
    except ValidationError as invalid:
        return [
            f"{_called(row)} would not be accepted as it was: {message}"
            for message in invalid.messages
        ]
    return []


def _called(row: models.Model) -> str:
    return f"{row._meta.verbose_name} “{name_of(row)}”"
