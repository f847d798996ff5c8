"""The methodology page, and what changed from version to version of the formula."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.models import Task
from calculator.pages.heads import page_head
from calculator.pages.methodology.figures import methodology_figures
from calculator.pages.methodology.trainers import trainer_views
from calculator.serving.public_views import keeps_own_gpu, public


@public()
@keeps_own_gpu
@require_safe
def methodology(request: HttpRequest) -> HttpResponse:
    context = {
        "n": methodology_figures(),
        "presets": current_catalog().methods(Task.TRAINING),
        "trainers": trainer_views(),
        "head": page_head("methodology", reverse("calculator:methodology"), "Method"),
    }
    return render(request, "calculator/pages/methodology/page.html", context)


@require_safe
def formula_versions(request: HttpRequest) -> FileResponse:
    document = settings.BASE_DIR / "docs" / "formula-versions.md"
    return FileResponse(document.open("rb"), content_type="text/plain; charset=utf-8")
