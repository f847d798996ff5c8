"""Publishing and unpublishing: what is public, and who may say so."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse

from calculator.looking_ahead.admin import ask_before_action


@admin.action(description="Publish", permissions=["publish"])
def publish(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: models.QuerySet
) -> HttpResponse | None:
    return _set_published(model_admin, request, queryset, published=True)


@admin.action(description="Unpublish: keep, but show nowhere", permissions=["publish"])
def unpublish(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: models.QuerySet
) -> HttpResponse | None:
    return _set_published(model_admin, request, queryset, published=False)


def _set_published(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    queryset: models.QuerySet,
    *,
    published: bool,
) -> HttpResponse | None:
    rows = list(queryset.exclude(published=published))
    action = "publish" if published else "unpublish"
    if asked := ask_before_action(model_admin, request, rows, action, published=published):
        return asked
    for row in rows:
        row.published = published
    save_each(model_admin, request, rows, "published")
    done = "published" if published else "unpublished"
    messages.success(request, f"{count(rows, model_admin)} {done}.")
    return None


def save_each(
    model_admin: admin.ModelAdmin, request: HttpRequest, rows: list[Any], field: str
) -> None:
    """Save one field of each row, as an editor's change: in the history and seen by the site.

    `queryset.update()` would leave `updated_at`, by which the site notices a change.
    """
    for row in rows:
        row.save(update_fields=[field, "updated_at"])
        model_admin.log_change(request, row, [{"changed": {"fields": [_label(row, field)]}}])


def count(rows: list[Any], model_admin: admin.ModelAdmin) -> str:
    names = model_admin.opts
    return f"{len(rows)} {names.verbose_name if len(rows) == 1 else names.verbose_name_plural}"


def _label(row: models.Model, field: str) -> str:
    each = row._meta.get_field(field)
    assert isinstance(each, models.Field)
    return str(each.verbose_name).capitalize()
