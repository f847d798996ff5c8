"""Plain texts for crawlers and for language models that read sites."""

from __future__ import annotations

from django.contrib.sitemaps.views import sitemap as sitemap_of
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from calculator.catalog import current_catalog
from calculator.pages.discovery.feeds import ChangesFeed
from calculator.pages.discovery.sitemaps import SITEMAPS
from calculator.serving.public_views import public


@public()
@require_safe
def sitemap(request: HttpRequest) -> TemplateResponse:
    return sitemap_of(request, SITEMAPS)


@public()
@require_safe
def changes(request: HttpRequest) -> HttpResponse:
    return ChangesFeed()(request)


@public()
@require_safe
def robots_txt(request: HttpRequest) -> HttpResponse:
    return _text(request, "robots.txt")


@public()
@require_safe
def llms_txt(request: HttpRequest) -> HttpResponse:
    return _text(request, "llms.txt", catalog=current_catalog())


def _text(request: HttpRequest, name: str, **context: object) -> HttpResponse:
    template = f"calculator/pages/discovery/{name}"
    return render(
        request,
        template,
        {"site": f"{request.scheme}://{request.get_host()}", **context},
        content_type="text/plain; charset=utf-8",
    )
