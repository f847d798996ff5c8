"""The FAQ: all answers on one page, and a page for each."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.faq.presenters import present_answer, present_faq, present_topics
from calculator.pages.heads import answer_head, faq_head
from calculator.serving.public_views import keeps_own_gpu, public


@public()
@keeps_own_gpu
@require_safe
def faq_list(request: HttpRequest) -> HttpResponse:
    entries = present_faq(current_catalog())
    context = {"topics": present_topics(entries), "head": faq_head(entries)}
    return render(request, "calculator/faq/list.html", context)


@public()
@keeps_own_gpu
@require_safe
def faq_answer(request: HttpRequest, slug: str) -> HttpResponse:
    answer = present_answer(current_catalog(), slug)
    if answer is None:
        present_slug = current_catalog().former_faq_slugs.get(slug)
        if present_slug is None:
            raise Http404
        return redirect("calculator:faq_answer", present_slug, permanent=True)
    return render(
        request,
        "calculator/faq/answer.html",
        {"answer": answer, "head": answer_head(answer.entry)},
    )
