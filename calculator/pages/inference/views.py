"""The pages and fragments of inference. The work is done by the presenters."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from calculator.catalog import current_catalog
from calculator.faq.presenters import present_front_page_faq
from calculator.models import Task
from calculator.pages.heads import calculator_head, page_head
from calculator.pages.inference.presenters import (
    InferenceView,
    inference_address_of,
    present_inference,
    present_inference_search,
)
from calculator.pages.inference.published import held_to
from calculator.question.config_links import read_config_text
from calculator.question.inference.form import INFERENCE_NAMES
from calculator.question.meant.one_form import FORM_NAMES, WAS, meant_inference
from calculator.question.own_gpu import OWN_GPU
from calculator.serving.public_views import keeps_own_gpu, public
from calculator.words.addresses import path_of
from calculator.words.fragments import HtmxHttpRequest, fragment_response

PAGE_NAMES = ("size", "model", "config", *INFERENCE_NAMES, OWN_GPU, *FORM_NAMES)


@public(more=PAGE_NAMES)
@require_safe
def inference(request: HttpRequest) -> HttpResponse:
    catalog, today, query = current_catalog(), timezone.localdate(), request.GET.dict()
    if WAS in query:
        return redirect(inference_address_of(catalog, meant_inference(query)))
    return _page(request, present_inference(catalog, query, today=today, fills_in=True))


@public(more=PAGE_NAMES, fragment=True)
@require_safe
def inference_fragment(request: HtmxHttpRequest) -> HttpResponse:
    catalog, today = current_catalog(), timezone.localdate()
    query = meant_inference(request.GET.dict())
    calculator = present_inference(catalog, query, today=today)
    template = "calculator/pages/inference/fragment.jinja"
    return fragment_response(
        request,
        template,
        {"calculator": calculator},
        calculator.page_url,
        has_answer=not calculator.error,
    )


@public(more=PAGE_NAMES)
@require_safe
def inference_models_fragment(request: HttpRequest) -> HttpResponse:
    """What a search for a model finds, as one types."""
    matches = present_inference_search(current_catalog(), request.GET.dict())
    return render(request, "calculator/pages/calculator/_matches.jinja", {"matches": matches})


@public()
@keeps_own_gpu
@require_safe
def published(request: HttpRequest) -> HttpResponse:
    """The published figures that the estimate is held to."""
    head = page_head(
        "inference-published",
        path_of("calculator:inference_published"),
        "Published figures",
        crumbs=(("Inference", path_of("calculator:inference")),),
    )
    context = {"held_to": held_to(current_catalog()), "head": head}
    return render(request, "calculator/pages/inference/published.html", context)


@keeps_own_gpu
@csrf_exempt  # Visitors have no cookie, and nothing is changed.
@require_http_methods(["GET", "HEAD", "POST"])
def inference_config(request: HttpRequest) -> HttpResponse:
    """A pasted or uploaded config.json: on to the page that has it in its address."""
    if request.method != "POST":
        return redirect("calculator:inference")
    query = {**request.POST.dict(), "config": read_config_text(request)}
    catalog, today = current_catalog(), timezone.localdate()
    calculator = present_inference(catalog, query, today=today, fills_in=True)
    if not calculator.question.config_error:
        return redirect(calculator.page_url)
    return _page(request, calculator)


def _page(request: HttpRequest, calculator: InferenceView) -> HttpResponse:
    catalog, question = current_catalog(), calculator.question
    head = calculator_head(
        catalog, Task.INFERENCE, question, canonical_url=calculator.canonical_url
    )
    context = {"calculator": calculator, "faq": present_front_page_faq(catalog), "head": head}
    return render(request, "calculator/pages/inference/page.html", context)
