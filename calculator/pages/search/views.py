"""/search/ as a page, and its results as the part that is swapped as one types."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.heads import page_head
from calculator.pages.search.presenters import present_search
from calculator.serving.public_views import keeps_own_gpu, public
from calculator.words.fragments import HtmxHttpRequest, fragment_response


@public("q")
@keeps_own_gpu
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    view = present_search(current_catalog(), request.GET.dict())
    head = page_head("faq", "/search/", "Search", is_indexed=False)
    return render(request, "calculator/pages/search/page.html", {"search": view, "head": head})


@public("q", fragment=True)
@keeps_own_gpu
@require_safe
def search_fragment(request: HtmxHttpRequest) -> HttpResponse:
    """The results below the page's own field; the address follows."""
    view = present_search(current_catalog(), request.GET.dict())
    template = "calculator/pages/search/fragment.html"
    return fragment_response(request, template, {"search": view}, view.page_url)


@public("q", fragment=True)
@keeps_own_gpu
@require_safe
def header_search_fragment(request: HtmxHttpRequest) -> HttpResponse:
    """The results below the field of the header: the page stays, and so does its address."""
    view = present_search(current_catalog(), request.GET.dict())
    response = fragment_response(
        request, "calculator/pages/search/header.html", {"search": view}, view.page_url
    )
    del response["HX-Push-Url"]
    return response
