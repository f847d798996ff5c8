"""What superusers read of accounts: logins, failed ones, and who was let do what by whom."""

from __future__ import annotations

from typing import Any

from axes.models import AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group, User

from calculator.changes.admin import ReadOnlyAdmin

# Their own pages let whoever may see them delete them too.
admin.site.unregister([AccessLog, AccessFailureLog])


@admin.register(AccessLog)
class LoginAdmin(ReadOnlyAdmin):
    list_display = ("attempt_time", "username", "ip_address", "logout_time", "user_agent")
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")
    fields = list_display


@admin.register(AccessFailureLog)
class FailedLoginAdmin(ReadOnlyAdmin):
    list_display = ("attempt_time", "username", "ip_address", "locked_out", "user_agent")
    list_filter = ("attempt_time", "locked_out")
    search_fields = ("username", "ip_address")
    fields = list_display


class AccountChangeAdmin(ReadOnlyAdmin):
    list_display = ("history_date", "who", "whose", "what")
    list_display_links = None
    list_filter = ("history_date",)
    list_select_related = ("history_user",)

    @admin.display(description="by")
    def who(self, record: Any) -> str:
        return str(record.history_user or "a command")

    @admin.display(description="account or group")
    def whose(self, record: Any) -> str:
        return str(getattr(record, "username", None) or record.name)

    @admin.display(description="what")
    def what(self, record: Any) -> str:
        before = record.prev_record
        if before is None or record.history_type != "~":
            return record.get_history_type_display().lower()
        changes = record.diff_against(before, foreign_keys_are_objs=True).changes
        return "; ".join(map(_in_words, changes)) or "the password, or nothing that is kept"


def _in_words(change: Any) -> str:
    label = change.field.replace("_", " ")
    if not isinstance(change.new, list):
        return f"{label}: {_value(change.old)} → {_value(change.new)}"
    # Rows between an account and its groups: what is not the account itself.
    old, new = (_names(rows) for rows in (change.old, change.new))
    given = [f"+ {name}" for name in sorted(new - old)]
    taken = [f"− {name}" for name in sorted(old - new)]
    return f"{label}: {', '.join(given + taken)}"


def _names(rows: list[dict[str, Any]]) -> set[str]:
    other = ("permission",) if rows and "permission" in rows[0] else ("group",)
    return {str(row[name]) for row in rows for name in other}


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "empty" if value in ("", None) else str(value)


for account in (User, Group):
    admin.site.register(account.history.model, AccountChangeAdmin)
