"""/compare/: a page without a script; its form adds a configuration to the address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.compare.configurations import SLOTS
from calculator.pages.compare.forms import AddForm
from calculator.pages.compare.presenters import (
    added_configuration,
    present_compare,
    url_with_added,
)
from calculator.pages.heads import run_head
from calculator.serving.public_views import keeps_own_gpu, public


@public("add", more=(*SLOTS, *AddForm.base_fields))
@keeps_own_gpu
@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    catalog, query = current_catalog(), request.GET.dict()
    added = None
    if "add" in query:
        added = added_configuration(catalog, query)
        if added is None or not added.errors:
            return redirect(url_with_added(catalog, query, added))
    view = present_compare(catalog, query, added)
    # Every comparison is somebody's own.
    head = run_head(reverse("calculator:compare"), "Side by side", "", is_indexed=False)
    return render(request, "calculator/pages/compare/page.html", {"compare": view, "head": head})
