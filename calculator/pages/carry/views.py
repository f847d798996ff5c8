"""Exports, figures as text, badges, and the page that reads a configuration."""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from calculator.carrying.exports.exporting import TOOL_NAMES, export
from calculator.carrying.imports.documents import LARGEST_BYTES
from calculator.catalog import current_catalog
from calculator.pages.carry.asked import read_asked
from calculator.pages.carry.badges import present_badge
from calculator.pages.carry.export_presenters import present_export
from calculator.pages.carry.figures import Figures, as_csv, as_markdown, read_figures
from calculator.pages.carry.import_presenters import EMPTY, present_import
from calculator.pages.heads import page_head, run_head
from calculator.question.cluster import CLUSTER_NAMES
from calculator.question.json_text import decode_text
from calculator.question.reading import PAGE_QUESTION_NAMES
from calculator.serving.public_views import keeps_own_gpu, public

EXPORT_NAMES = (*PAGE_QUESTION_NAMES, "method", *CLUSTER_NAMES)
DAY_SECONDS = 86_400


@public(more=EXPORT_NAMES)
@require_safe
def export_page(request: HttpRequest, tool: str) -> HttpResponse:
    if tool not in TOOL_NAMES:
        raise Http404("No such tool is exported to.")
    view = present_export(current_catalog(), tool, request.GET.dict())
    head = run_head(view.canonical_path, view.title, view.calculator_url, is_indexed=False)
    return render(request, "calculator/pages/carry/export.html", {"export": view, "head": head})


@public(more=EXPORT_NAMES)
@require_safe
def export_file(request: HttpRequest, tool: str, name: str) -> HttpResponse:
    """One file of an export, to save."""
    job = read_asked(current_catalog(), request.GET.dict()).job
    files = () if job is None or tool not in TOOL_NAMES else export(job, tool).files
    text = next((file.text for file in files if file.name == name), None)
    if text is None:
        raise Http404("No such file belongs to this export.")
    return _download(text, name, "application/json" if name.endswith(".json") else "text/plain")


@public(more=(*PAGE_QUESTION_NAMES, *CLUSTER_NAMES))
@require_safe
def export_markdown(request: HttpRequest) -> HttpResponse:
    figures = read_figures(current_catalog(), request.GET.dict())
    if figures.error:
        return _refusal(request, figures)
    text = as_markdown(figures, _address(request, figures))
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@public(more=(*PAGE_QUESTION_NAMES, *CLUSTER_NAMES))
@require_safe
def export_csv(request: HttpRequest) -> HttpResponse:
    figures = read_figures(current_catalog(), request.GET.dict())
    if figures.error:
        return _refusal(request, figures)
    return _download(as_csv(figures, _address(request, figures)), "gpu-memory.csv", "text/csv")


@require_safe
def badge(request: HttpRequest, slug: str, method: str) -> HttpResponse:
    view = present_badge(current_catalog(), slug, method)
    if view is None:
        raise Http404("No badge of that model and method.")
    response = render(
        request,
        "calculator/pages/carry/badge.html",
        {"badge": view},
        content_type="image/svg+xml",
    )
    response.headers["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return response


@keeps_own_gpu
@csrf_exempt  # Visitors have no cookie, and nothing is changed.
@require_http_methods(["GET", "HEAD", "POST"])
def import_page(request: HttpRequest) -> HttpResponse:
    """A pasted or uploaded configuration, line by line, or straight on to its estimate."""
    view = EMPTY
    if request.method == "POST":
        view = present_import(current_catalog(), _given_text(request))
        if request.POST.get("then") == "estimate" and view.tool_name:
            return redirect(view.calculator_url)
    head = page_head(
        "import", reverse("calculator:import"), "Your configuration", is_indexed=view == EMPTY
    )
    return render(request, "calculator/pages/carry/import.html", {"import": view, "head": head})


def _given_text(request: HttpRequest) -> str:
    """The text of the chosen file, or else what was pasted; too long, its reader says so."""
    try:
        upload = request.FILES.get("file")
    except RequestDataTooBig:
        return "x" * (LARGEST_BYTES + 1)
    if upload is None:
        return str(request.POST.get("text", ""))
    return decode_text(upload.read(LARGEST_BYTES + 1))


def _address(request: HttpRequest, figures: Figures) -> str:
    path = reverse("calculator:training", query=figures.question.query)
    return request.build_absolute_uri(path)


def _download(text: str, name: str, content_type: str) -> HttpResponse:
    return HttpResponse(
        text,
        content_type=f"{content_type}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _refusal(request: HttpRequest, figures: Figures) -> HttpResponse:
    """Where the page says what is wrong; nothing that was typed stands in a text by itself."""
    text = f"Nothing to print yet. What is wrong is said at {_address(request, figures)}\n"
    return HttpResponse(text, status=400, content_type="text/plain; charset=utf-8")
