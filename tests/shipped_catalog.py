"""The catalog as a new installation has it, loaded once in a run and copied for each test.

Loading checks every row against every constraint, which takes more than a second; most tests
only want the rows. tests/calculator/test_load_catalog.py tries the loading itself.
"""

from __future__ import annotations

from itertools import chain

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, models, transaction
from django.utils import timezone

# For each table, the statement that fills it and its rows as the database's driver takes them.
_inserts: list[tuple[str, list[tuple]]] = []
# The staff groups with what they may do, by names: a permission's key is another one after a flush.
_groups: list[tuple[str, list[tuple[str, str]]]] = []
# Where a row says when it was saved, which is now: no test takes the snapshot of another.
_SAVED_NOW = object()


def put_shipped_catalog() -> None:
    """Fill the empty tables of a test's database."""
    if not _inserts:
        call_command("load_catalog", verbosity=0)
        for model in chain.from_iterable(
            apps.get_app_config(app).get_models() for app in ("gpus", "calculator")
        ):
            _inserts.append(_insert_of(model))
        for group in Group.objects.all():
            may = group.permissions.values_list("content_type__app_label", "codename")
            _groups.append((group.name, list(may)))
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            now = connection.ops.adapt_datetimefield_value(timezone.now())
            for statement, rows in _inserts:
                if rows:
                    cursor.executemany(
                        statement,
                        [tuple(now if v is _SAVED_NOW else v for v in row) for row in rows],
                    )
        _put_groups()


def _put_groups() -> None:
    key_of = {
        (app_label, codename): pk
        for app_label, codename, pk in Permission.objects.order_by().values_list(
            "content_type__app_label", "codename", "pk"
        )
    }
    groups = Group.objects.bulk_create(Group(name=name) for name, _ in _groups)
    granted = Group.permissions.through
    granted.objects.bulk_create(
        granted(group=group, permission_id=key_of[each])
        for group, (_, permissions) in zip(groups, _groups, strict=True)
        for each in permissions
    )


def _insert_of(model: type[models.Model]) -> tuple[str, list[tuple]]:
    """Half of the suite's tests begin with these rows, and Django's own way takes them ten times as long."""
    fields = model._meta.concrete_fields
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    values = ", ".join(["%s"] * len(fields))
    return (
        f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({values})",
        [
            tuple(
                _SAVED_NOW
                if getattr(field, "auto_now", False)
                else field.get_db_prep_save(getattr(row, field.attname), connection)
                for field in fields
            )
            for row in model._base_manager.order_by("pk")
        ],
    )
