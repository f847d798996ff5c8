"""One GPU's page, and the answers that its form swaps."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.heads import gpu_head
from calculator.pages.my_gpu.forms import CardForm
from calculator.pages.my_gpu.presenters import CardView, present_card
from calculator.question.reading import QUESTION_NAMES
from calculator.serving.public_views import keeps_own_gpu, public
from calculator.words.fragments import HtmxHttpRequest, fragment_response

CARD_NAMES = (*QUESTION_NAMES, *CardForm.base_fields)


@public(more=CARD_NAMES)
@keeps_own_gpu
@require_safe
def card_page(request: HttpRequest, slug: str) -> HttpResponse:
    card = _present(request, slug, fills_in=True)
    head = gpu_head(card.gpu.name, slug, card.canonical_path, is_indexed=not request.GET)
    return render(request, "calculator/pages/my_gpu/page.html", {"card": card, "head": head})


@public(more=CARD_NAMES, fragment=True)
@keeps_own_gpu
@require_safe
def card_answers(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    card = _present(request, slug)
    template = "calculator/pages/my_gpu/fragment.html"
    return fragment_response(
        request, template, {"card": card}, card.page_url, has_answer=card.answers is not None
    )


def _present(request: HttpRequest, slug: str, *, fills_in: bool = False) -> CardView:
    query, today = request.GET.dict(), timezone.localdate()
    card = present_card(current_catalog(), slug, query, today=today, fills_in=fills_in)
    if card is None:
        raise Http404("No GPU of that name is published.")
    return card
