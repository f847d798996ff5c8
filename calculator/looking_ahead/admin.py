"""Admin pages that show what a change does before it is saved, and ask before it does harm."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from calculator.looking_ahead.changes import (
    CONFIRMED,
    Change,
    Changes,
    Finding,
    Findings,
    Preview,
    as_it_is,
    findings_of,
    previewer_of,
    with_children,
)

SHOW = "_preview"


@dataclass(frozen=True)
class Looked:
    """What was sent by a row's form, checked but not saved."""

    changes: Changes
    mistakes: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)


class LookAheadAdmin(admin.ModelAdmin):
    """Pages of a table whose rows other things follow from."""

    def get_urls(self) -> list[URLPattern]:
        show = self.admin_site.admin_view(self.preview_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_preview"
        return [
            path("preview/", show, name=name),
            path("<path:object_id>/preview/", show, name=name),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """What the form as it is now would change: the part of its page that htmx swaps."""
        return require_POST(self._preview)(request, object_id)

    def _preview(self, request: HttpRequest, object_id: str | None) -> HttpResponse:
        looked = self._look(request, object_id)
        if looked is None or previewer_of(self.model) is None:
            raise Http404
        context = {"looked": self._drawn(request, looked)}
        return render(request, "admin/looking_ahead/panel.html", context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The row's page. What was sent is saved unless it is only to be shown, or held back."""
        context = dict(extra_context or {})
        if request.method == "POST" and (looked := self._look(request, object_id)) is not None:
            wants_preview = SHOW in request.POST
            if wants_preview and previewer_of(self.model):
                context["looked"] = self._drawn(request, looked)
            elif not wants_preview and not looked.mistakes and looked.findings.hold_back:
                context["findings"] = looked.findings
            if wants_preview or "findings" in context:
                request.is_held_back = True  # type: ignore[attr-defined]
        return super().changeform_view(request, object_id, form_url, context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change, **options)
        if not getattr(request, "is_held_back", False):
            return form

        class HeldBack(form):  # type: ignore[valid-type, misc]
            """Keeps what was typed and shows what is wrong, but is never saved."""

            def is_valid(self) -> bool:
                super().is_valid()
                return False

        return HeldBack

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        if (found := previewer_of(self.model)) and self._may_save(request, context["original"]):
            context["preview_title"] = found[0]
            context["preview_url"] = self._preview_url(context["original"])
        return super().render_change_form(request, context, *args, **options)

    def _preview_url(self, row: models.Model | None) -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_preview"
        return reverse(name, args=[] if row is None else [row.pk])

    def _may_save(self, request: HttpRequest, row: Any) -> bool:
        if row is None:
            return self.has_add_permission(request)
        return self.has_change_permission(request, row)

    def _look(self, request: HttpRequest, object_id: str | None) -> Looked | None:
        """What was sent, as a change; None where there is no such row.

        Raises:
            PermissionDenied: who sent it may not save it either.
        """
        row = None if object_id is None else self.get_object(request, unquote(object_id))
        if row is None and object_id is not None:
            return None
        if not self._may_save(request, row):
            raise PermissionDenied
        fields = flatten_fieldsets(self.get_fieldsets(request, row))
        form_class = self.get_form(request, row, change=row is not None, fields=fields)
        form = form_class(request.POST, request.FILES, instance=row)
        formsets, _ = self._create_formsets(  # type: ignore[attr-defined]
            request, form.instance, change=row is not None
        )
        is_valid = all([form.is_valid(), *(each.is_valid() for each in formsets)])
        row_as_sent = with_children(form.instance, _children(formsets))
        changes = Changes([Change(row_as_sent, as_it_is(form.instance))])
        if not is_valid:
            return Looked(changes, tuple(dict.fromkeys(_mistakes(form, formsets))))
        return Looked(changes, (), findings_of(changes, request.POST.get(CONFIRMED, "")))

    def _drawn(self, request: HttpRequest, looked: Looked) -> dict[str, Any]:
        found = previewer_of(self.model)
        assert found is not None
        _, draw = found
        can_be_saved = not looked.mistakes
        preview: Preview = draw(request, looked.changes, can_be_saved)
        return {
            "mistakes": looked.mistakes,
            "can_be_saved": can_be_saved,
            "asked": looked.findings.found if looked.findings.hold_back else (),
            "template": preview.template,
            "view": preview.view,
        }

    # Lists ------------------------------------------------------------------------------------

    def get_changelist_formset(
        self, request: HttpRequest, **options: Any
    ) -> type[forms.BaseModelFormSet]:
        formset = super().get_changelist_formset(request, **options)

        class LookedAt(formset):  # type: ignore[valid-type, misc]
            """All changed rows of the list together are one change of the site."""

            findings = Findings()

            def clean(self) -> None:
                super().clean()
                if any(self.errors):
                    return
                changed = [form.instance for form in self.forms if form.has_changed()]
                self.findings = findings_of(
                    Changes(Change(row, as_it_is(row)) for row in changed),
                    self.data.get(CONFIRMED, ""),
                )
                if self.findings.hold_back:
                    raise ValidationError(HELD_BACK)

        return LookedAt

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        removed = Changes(Change(row, as_it_is(row), is_removed=True) for row in objs)
        said = [_in_one_line(each) for each in findings_of(removed).found]
        return deleted, counts, lacking, [*protected, *said]


HELD_BACK = "Nothing is saved yet. Read below what this would do."


def ask_before_action(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    rows: Sequence[Any],
    action: str,
    **changes: Any,
) -> HttpResponse | None:
    """A page that asks, where setting these fields on all rows does harm; None: nothing to ask."""
    findings = findings_with(request, rows, **changes)
    if not findings.hold_back:
        return None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Are you sure?",
        "opts": model_admin.opts,
        "findings": findings,
        "action": action,
        "rows": rows,
    }
    return TemplateResponse(request, "admin/looking_ahead/confirm_action.html", context)


def findings_with(request: HttpRequest, rows: Sequence[Any], **changes: Any) -> Findings:
    """What guards say to setting these fields on all rows, with the editor's answer to it."""
    would_be = []
    for row in rows:
        changed = copy.copy(row)
        for name, value in changes.items():
            setattr(changed, name, value)
        would_be.append(Change(changed, row))
    return findings_of(Changes(would_be), request.POST.get(CONFIRMED, ""))


def _children(formsets: Iterable[Any]) -> dict[str, list[Any]]:
    """The rows of the inline forms that would be kept, by the name of their relation.

    A form of a row that was there and is not any more has none, as for Django when it saves.
    """
    return {
        formset.fk.remote_field.get_accessor_name(): [
            form.instance
            for form in formset.forms
            if form not in formset.deleted_forms
            and (form.instance.pk or (form in formset.extra_forms and form.has_changed()))
        ]
        for formset in formsets
    }


def _mistakes(form: Any, formsets: Iterable[Any]) -> Iterator[str]:
    """“Parameters (billions): Enter a number.”, of the row and of its children."""
    yield from _mistakes_of(form, "")
    for formset in formsets:
        name = capfirst(str(formset.model._meta.verbose_name))
        yield from formset.non_form_errors()
        for number, each in enumerate(formset.forms, start=1):
            yield from _mistakes_of(each, f"{name} {number}, ")


def _mistakes_of(form: Any, where: str) -> Iterator[str]:
    if not form.errors:
        return  # Django gives forms that may not be changed a plain dict.
    for name, errors in form.errors.as_data().items():
        label = f"{form[name].label}: " if name in form.fields else ""
        for error in errors:
            if error.code == "conflict":
                yield "Somebody saved this row after you opened it. Saving shows both versions."
            else:
                yield from (f"{where}{label}{message}" for message in error.messages)


def _in_one_line(finding: Finding) -> str:
    return " ".join((finding.message, "; ".join(finding.details))).strip()
