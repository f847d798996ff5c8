"""The calculator's pages and fragments. The work is done by the presenters."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from calculator.catalog import Catalog, current_catalog
from calculator.faq.presenters import present_front_page_faq
from calculator.models import Task
from calculator.pages.calculator.differences import DIFFERENCES, present_differences
from calculator.pages.calculator.presenters import (
    CalculatorView,
    address_of,
    present_calculator,
    present_search,
)
from calculator.pages.heads import calculator_head
from calculator.question.cluster import CLUSTER_NAMES
from calculator.question.config_links import read_config_text
from calculator.question.meant.one_form import FORM_NAMES, WAS, meant_training
from calculator.question.reading import PAGE_QUESTION_NAMES
from calculator.serving.public_views import keeps_own_gpu, public
from calculator.words.fragments import HtmxHttpRequest, fragment_response

CLUSTERED_NAMES = (*PAGE_QUESTION_NAMES, *CLUSTER_NAMES)
PAGE_NAMES = (*CLUSTERED_NAMES, DIFFERENCES, *FORM_NAMES)


@public(more=PAGE_NAMES)
@require_safe
def training(request: HttpRequest) -> HttpResponse:
    catalog, today, query = current_catalog(), timezone.localdate(), request.GET.dict()
    if WAS in query:
        return redirect(address_of(catalog, meant_training(query)))
    calculator = present_calculator(catalog, query, today=today, fills_in=True)
    return _page(request, catalog, calculator)


@public(more=PAGE_NAMES, fragment=True)
@require_safe
def training_fragment(request: HtmxHttpRequest) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    query = meant_training(request.GET.dict())
    calculator = present_calculator(catalog, query, today=today)
    template = "calculator/pages/calculator/fragment.jinja"
    return fragment_response(
        request,
        template,
        {"calculator": calculator},
        calculator.page_url,
        has_answer=not calculator.error,
    )


def _page(request: HttpRequest, catalog: Catalog, calculator: CalculatorView) -> HttpResponse:
    question, url = calculator.question, calculator.canonical_url
    head = calculator_head(catalog, Task.TRAINING, question, canonical_url=url)
    context = {"calculator": calculator, "faq": present_front_page_faq(catalog), "head": head}
    return render(request, "calculator/pages/calculator/training.html", context)


@public(more=CLUSTERED_NAMES)
@require_safe
def models_fragment(request: HttpRequest) -> HttpResponse:
    """What a search for a model finds, as one types."""
    matches = present_search(current_catalog(), request.GET.dict())
    return render(request, "calculator/pages/calculator/_matches.jinja", {"matches": matches})


@public("group", more=CLUSTERED_NAMES)
@require_safe
def differences_fragment(request: HttpRequest) -> HttpResponse:
    """What each option of one group of settings would change, once the group is opened."""
    query = request.GET.dict()
    differences = present_differences(current_catalog(), query.get("group", ""), query)
    template = "calculator/pages/calculator/_differences.jinja"
    return render(request, template, {"differences": differences})


@keeps_own_gpu
@csrf_exempt  # Visitors have no cookie, and nothing is changed.
@require_http_methods(["GET", "HEAD", "POST"])
def config(request: HttpRequest) -> HttpResponse:
    """A pasted or uploaded config.json: on to the page that has it in its address."""
    if request.method != "POST":
        return redirect("calculator:training")
    text = read_config_text(request)
    query = {**request.POST.dict(), "config": text}
    catalog, today = current_catalog(), timezone.localdate()
    calculator = present_calculator(catalog, query, today=today, fills_in=True)
    if not calculator.question.config_error:
        return redirect(calculator.page_url)
    return _page(request, catalog, calculator)
