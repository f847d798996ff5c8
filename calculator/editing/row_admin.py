"""The admin pages of a table that editors keep, and of rows below another one's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models
from django.forms.models import _get_foreign_key
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from calculator.changes.differences import name_of
from calculator.changes.locking import conflict_of, hold
from calculator.changes.models import Kind
from calculator.changes.recording import change_set
from calculator.changes.requests import change_url, may_publish, reason_of
from calculator.changes.row_history import history_of
from calculator.editing.forms import MULTILINE_TEXT, RowForm, labelled
from calculator.editing.gone_rows import without_gone_rows
from calculator.editing.publishing import save_each
from calculator.looking_ahead.admin import SHOW, LookAheadAdmin, findings_with

# A link typed without its scheme is https, as it will be by default from Django 6.
FIELDS = {**MULTILINE_TEXT, models.URLField: {"assume_scheme": "https"}}
VERSION = "row_version"
# On the page of a row's history.
CHANGES_SHOWN = 100


class RowInline(admin.TabularInline):
    """Rows that belong to another one and are edited on its page."""

    form = RowForm
    formfield_overrides = FIELDS

    def get_formset(
        self, request: HttpRequest, obj: Any = None, **kwargs: Any
    ) -> type[forms.BaseInlineFormSet]:
        return labelled(without_gone_rows(super().get_formset(request, obj, **kwargs)))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_fields(request, obj)
        if not self.has_change_permission(request, obj):
            return [each for each in fields if each != VERSION]
        return [*(each for each in fields if each != VERSION), VERSION]


class RowAdmin(LookAheadAdmin):
    """A table that editors keep.

    Each request that changes something is one change set, with the reason that its form gives. A
    row that somebody else saved in the meantime is refused by its form (`RowForm`). What is public
    is a publisher's: whoever may only edit adds rows that wait unpublished. To delete a row is to
    unpublish it, unless a superuser insists.
    """

    # For rows that are a matter of course once they are checked, such as prices: who may edit them
    # decides whether they count.
    editors_publish = False

    form = RowForm
    formfield_overrides = FIELDS
    change_form_template = "admin/changes/row_form.html"
    change_list_template = "admin/changes/row_list.html"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets: Any = [
            (title, {**options, "fields": [each for each in options["fields"] if each != VERSION]})
            for title, options in super().get_fieldsets(request, obj)
        ]
        if obj is not None and self.has_change_permission(request, obj):
            fieldsets[-1][1]["fields"].append(VERSION)
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        if self.can_be_unpublished and not self.has_publish_permission(request):
            return (*fields, "published")
        return fields

    @property
    def can_be_unpublished(self) -> bool:
        return any(field.name == "published" for field in self.opts.concrete_fields)

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = self.editors_publish or may_publish(request)
        return may and self.has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A row that cannot wait unpublished is a publisher's to add."""
        may = self.can_be_unpublished or may_publish(request)
        return may and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        unpublishes = self.can_be_unpublished and self.has_publish_permission(request, obj)
        may = unpublishes or request.user.is_superuser
        return may and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        if not request.user.is_superuser:
            actions.pop("delete_selected", None)
        return actions

    def get_changelist_formset(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[forms.BaseModelFormSet]:
        formset = super().get_changelist_formset(request, **kwargs)
        published = formset.form.base_fields.get("published")
        if published is not None and not self.has_publish_permission(request):
            published.disabled = True
        return labelled(formset)

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, **{"form": self.form, **kwargs})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if SHOW in request.POST:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with self._as_one_change(request):
            if request.method == "POST" and object_id is not None:
                key = unquote(object_id)
                if key.isdecimal() and not self.get_queryset(request).filter(pk=key).exists():
                    return self._gone_view(request, key)
                self._hold(request, key)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _gone_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """What was typed for a row that somebody deleted meanwhile: to copy, not to lose."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        deletion = conflict_of(self.model, key, "", None).by
        form = self.get_form(request)(request.POST)
        context = {
            **self.admin_site.each_context(request),
            "title": f"This {self.opts.verbose_name} is gone",
            "opts": self.opts,
            "who": (deletion.who_name if deletion else "") or "somebody",
            "change_url": deletion
            and reverse("admin:calculator_changeset_change", args=[deletion.pk]),
            "typed": [(field.label, field.data) for field in form.visible_fields() if field.data],
            "list_url": self._url("changelist"),
        }
        return TemplateResponse(request, "admin/changes/gone.html", context, status=409)

    def _hold(self, request: HttpRequest, key: str) -> None:
        """Lock the row and those below it, so that nobody saves them between check and save."""
        if not key.isdecimal():
            return
        hold(self.model, key)
        for inline in self.get_inline_instances(request):
            parent = _get_foreign_key(self.model, inline.model, fk_name=inline.fk_name)
            assert parent is not None
            below = inline.model._base_manager.filter(**{parent.attname: key})
            hold(inline.model, *below.values_list("pk", flat=True))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        with self._as_one_change(request, Kind.LIST):
            if request.method == "POST":
                hold(self.model, *self._posted_keys(request))
            return super().changelist_view(request, extra_context)

    def _posted_keys(self, request: HttpRequest) -> list[str]:
        key = re.compile(rf"form-\d+-{self.opts.pk.name}")
        posted = ((name, str(each)) for name, each in request.POST.items())
        return [each for name, each in posted if key.fullmatch(name) and each.isdecimal()]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Every change of the row, also of one that was deleted."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        key = unquote(object_id)
        row = self.model._base_manager.filter(pk=key).first() if key.isdecimal() else None
        entries = history_of(self.model, key, at_most=CHANGES_SHOWN) if key.isdecimal() else []
        if row is None and not entries:
            raise Http404
        name = f"{self.opts.verbose_name} {key}" if row is None else name_of(row)
        context = {
            **self.admin_site.each_context(request),
            "title": f"History: {name}",
            "opts": self.opts,
            "name": name,
            "entries": entries,
            "is_cut": len(entries) == CHANGES_SHOWN,
            "list_url": self._url("changelist"),
            "row_url": None if row is None else self._url("change", row.pk),
        }
        return TemplateResponse(request, "admin/changes/row_history.html", context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        insists = request.user.is_superuser and "for_good" in request.GET
        with self._as_one_change(request):
            if self.can_be_unpublished and not insists:
                return self._unpublish_view(request, unquote(object_id))
            return super().delete_view(request, object_id, extra_context)

    def _unpublish_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """What “Delete” leads to: the row leaves the site and stays with us."""
        row = self.get_object(request, key)
        if row is None:
            raise Http404
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        findings = findings_with(request, [row], published=False)
        if request.method == "POST" and not findings.hold_back:
            row.published = False
            save_each(self, request, [row], "published")
            messages.success(request, f"“{row}” is off the site and kept here, unpublished.")
            return HttpResponseRedirect(self._url("changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Take “{row}” off the site?",
            "opts": self.opts,
            "row": row,
            "findings": findings,
            "list_url": self._url("changelist"),
            "row_url": self._url("change", row.pk),
        }
        return TemplateResponse(request, "admin/changes/unpublish.html", context)

    def _url(self, page: str, *arguments: Any) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=arguments)

    @contextmanager
    def _as_one_change(self, request: HttpRequest, kind: Kind = Kind.EDIT) -> Iterator[None]:
        """Record what a request changes under one change set, and offer to undo it."""
        if request.method != "POST":
            yield
            return
        with change_set(kind=kind, who=request.user, why=reason_of(request)) as changes:
            yield
        if url := change_url(request, changes):
            words = 'See or undo what you just did: <a href="{}">{}</a>.'
            messages.info(request, format_html(words, url, changes))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for gone in formset.gone:
            who = gone.by.who_name or "Somebody"
            what = formset.model._meta.verbose_name
            name = "" if gone.seen is None else f" “{name_of(gone.seen)}”"
            messages.info(
                request, f"{who} had deleted the {what}{name} already: it stays deleted."
            )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change and not form.changed_data:
            return  # Nothing was typed: a save would only look like a change.
        if not change and self.can_be_unpublished and not self.has_publish_permission(request):
            obj.published = False
            messages.warning(request, f"“{obj}” is saved and waits for a publisher.")
        super().save_model(request, obj, form, change)
