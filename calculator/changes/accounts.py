"""The history of accounts and groups: who may do what, since when, and who let them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from simple_history import register
from simple_history.models import HistoricalRecords


class AccountHistory(HistoricalRecords):  # type: ignore[misc]
    """Records what accounts may do, not that they logged in: that has a log of its own."""

    def get_meta_options(self, model: Any) -> dict[str, Any]:
        return {**super().get_meta_options(model), "default_permissions": ("view",)}

    def post_save(self, instance: Any, created: bool, using: Any = None, **options: Any) -> None:
        if set(options.get("update_fields") or ()) != {"last_login"}:
            super().post_save(instance, created, using=using, **options)


def keep_history_of_accounts() -> None:
    register(
        User,
        app="calculator",
        records_class=AccountHistory,
        m2m_fields=["groups", "user_permissions"],
        excluded_fields=["password", "last_login"],
        verbose_name="change of an account",
        verbose_name_plural="changes of accounts",
    )
    register(
        Group,
        app="calculator",
        records_class=AccountHistory,
        m2m_fields=["permissions"],
        verbose_name="change of a group",
        verbose_name_plural="changes of groups",
    )
