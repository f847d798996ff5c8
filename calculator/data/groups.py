"""The staff groups: who may look at the catalog, edit it, and decide what of it is public."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.db.models import Q

from calculator.changes.requests import PUBLISH
from calculator.models import ChangeSet, LoadedRow

VIEWER = "Catalog viewer"
EDITOR = "Catalog editor"
PUBLISHER = "Catalog publisher"


def ensure_groups(editable: Iterable[type[models.Model]]) -> None:
    """Make the groups, or give them what they were never given before.

    A permission that an administrator took away or added stays so: what was once granted is
    remembered, and only a permission that is new in this version is granted to an old group.
    """
    tables = list(editable)
    view = _names(tables, "view") | _names([ChangeSet], "view")
    below = [table for table in tables if _belongs_to_another(table, tables)]
    edit = view | _names(tables, "add", "change") | _names(below, "delete")
    publish = edit | _names(tables, "delete") | {PUBLISH}
    wanted = {VIEWER: view, EDITOR: edit, PUBLISHER: publish}
    groups = {group.name: group for group in Group.objects.filter(name__in=wanted)}
    granted = {row.key: row for row in LoadedRow.objects.filter(table="auth.Group")}
    for name, permissions in wanted.items():
        _grant(groups.get(name), granted.get(name), name, permissions)
    if EDITOR in groups and PUBLISHER not in groups:
        # Before there were publishers, editors were: nobody loses what they could do.
        publishers = Group.objects.get(name=PUBLISHER)
        for editor in groups[EDITOR].user_set.all():
            editor.groups.add(publishers)  # from the account's side, where the history keeps it


def _grant(
    group: Group | None, granted: LoadedRow | None, name: str, permissions: set[str]
) -> None:
    """Give a group, which may have to be made, what it was not given before."""
    before = set() if granted is None else set(granted.values["permissions"])
    missing = permissions if group is None else permissions - before
    if not missing:
        return
    group = group or Group.objects.create(name=name)
    group.permissions.add(*_permissions(missing))
    granted = granted or LoadedRow(table="auth.Group", key=name)
    granted.values = {"permissions": sorted(permissions | before)}
    granted.save()


def _belongs_to_another(table: type[models.Model], tables: Collection[type[models.Model]]) -> bool:
    """Is a row a part of another one, edited and removed on its page?"""
    names = {field.name for field in table._meta.concrete_fields}
    return "published" not in names and any(
        field.related_model in tables and field.remote_field.on_delete is models.CASCADE
        for field in table._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
    )


def _names(tables: Iterable[type[models.Model]], *actions: str) -> set[str]:
    return {
        f"{table._meta.app_label}.{get_permission_codename(action, table._meta)}"
        for table in tables
        for action in actions
    }


def _permissions(names: Iterable[str]) -> models.QuerySet[Permission]:
    matches = Q()
    for name in names:
        app_label, codename = name.split(".")
        matches |= Q(content_type__app_label=app_label, codename=codename)
    return Permission.objects.filter(matches)
