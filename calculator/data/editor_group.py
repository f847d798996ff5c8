"""The staff group that may change the catalog, the presets and the FAQ, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth import get_permission_codename
from django.contrib.auth.models import Group, Permission
from django.db import models
from django.db.models import Q

from calculator.models import LoadedRow

GROUP_NAME = "Catalog editor"


def ensure_editor_group(editable: Iterable[type[models.Model]]) -> None:
    """Make the group, or give it what it was never given before.

    A permission that an administrator took away or added stays so: what was once granted is
    remembered, and only a permission that is new in this version is granted to an old group.
    """
    wanted = {
        f"{model._meta.app_label}.{get_permission_codename(action, model._meta)}"
        for model in editable
        for action in ("view", "add", "change", "delete")
    }
    group, is_new = Group.objects.get_or_create(name=GROUP_NAME)
    granted, _ = LoadedRow.objects.get_or_create(
        table="auth.Group", key=GROUP_NAME, defaults={"values": {"permissions": []}}
    )
    missing = wanted if is_new else wanted - set(granted.values["permissions"])
    if missing:
        group.permissions.add(*_permissions(missing))
        granted.values = {"permissions": sorted(wanted | set(granted.values["permissions"]))}
        granted.save()


def _permissions(names: Iterable[str]) -> models.QuerySet[Permission]:
    matches = Q()
    for name in names:
        app_label, codename = name.split(".")
        matches |= Q(content_type__app_label=app_label, codename=codename)
    return Permission.objects.filter(matches)
