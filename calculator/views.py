"""The calculator's pages and fragments. The work is done by the presenters."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from calculator.catalog import current_catalog
from calculator.config_links import read_config_text
from calculator.faq import present_answer, present_faq
from calculator.models import Task
from calculator.presenters import present_calculator, present_search


@require_safe
def training(request: HttpRequest) -> HttpResponse:
    return _page(request, Task.TRAINING)


@require_safe
def inference(request: HttpRequest) -> HttpResponse:
    return _page(request, Task.INFERENCE)


@require_safe
@vary_on_headers("HX-Request")
def training_fragment(request: HttpRequest) -> HttpResponse:
    return _fragment(request, Task.TRAINING)


@require_safe
@vary_on_headers("HX-Request")
def inference_fragment(request: HttpRequest) -> HttpResponse:
    return _fragment(request, Task.INFERENCE)


def _page(request: HttpRequest, task: str) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    context = {
        "calculator": present_calculator(catalog, task, request.GET.dict(), today=today),
        "faq": present_faq(catalog),
    }
    return render(request, f"calculator/{task}.html", context)


def _fragment(request: HttpRequest, task: str) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    calculator = present_calculator(catalog, task, request.GET.dict(), today=today)
    if not request.htmx:
        return redirect(calculator.page_url)
    response = render(request, "calculator/fragment.html", {"calculator": calculator})
    return push_url(response, calculator.page_url)


@require_safe
def models_fragment(request: HttpRequest) -> HttpResponse:
    """What a search for a model finds, as one types."""
    matches = present_search(current_catalog(), request.GET.dict())
    return render(request, "calculator/_matches.html", {"matches": matches})


@csrf_exempt  # Visitors have no cookie, and nothing is changed.
@require_http_methods(["GET", "HEAD", "POST"])
def config(request: HttpRequest) -> HttpResponse:
    """A pasted or uploaded config.json: on to the page that has it in its address."""
    if request.method != "POST":
        return redirect("calculator:training")
    query = {**request.POST.dict(), "config": read_config_text(request)}
    catalog, today = current_catalog(), timezone.localdate()
    calculator = present_calculator(catalog, Task.TRAINING, query, today=today)
    if not calculator.question.config_error:
        return redirect(calculator.page_url)
    context = {"calculator": calculator, "faq": present_faq(catalog)}
    return render(request, "calculator/training.html", context)


@require_safe
def faq(request: HttpRequest) -> HttpResponse:
    return render(request, "calculator/faq.html", {"faq": present_faq(current_catalog())})


@require_safe
def faq_answer(request: HttpRequest, slug: str) -> HttpResponse:
    answer = present_answer(current_catalog(), slug)
    if answer is None:
        raise Http404
    return render(request, "calculator/faq_answer.html", {"answer": answer})
