"""The list of GPUs, as a page and as the part of it that filters and headings swap."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from calculator.serving.public_views import keeps_own_gpu, public
from calculator.words.fragments import HtmxHttpRequest, fragment_response
from calculator.words.page_head import PageHead
from gpus.catalog import current_gpus
from gpus.listing.forms import GpuListForm
from gpus.listing.presenters import GpuListView, present_gpu_list


@public(more=GpuListForm.base_fields)
@keeps_own_gpu
@require_safe
def gpu_list(request: HttpRequest) -> HttpResponse:
    gpus = _present(request)
    is_whole = not set(request.GET) - {"page"}
    picture = reverse("share:page", args=["gpus"])
    head = PageHead(gpus.canonical_path, picture, "GPUs", is_indexed=is_whole)
    return render(request, "gpus/listing/page.html", {"gpu_list": gpus, "head": head})


@public(more=GpuListForm.base_fields, fragment=True)
@keeps_own_gpu
@require_safe
def gpu_table(request: HtmxHttpRequest) -> HttpResponse:
    gpu_list = _present(request)
    template = "gpus/listing/fragment.html"
    return fragment_response(
        request,
        template,
        {"gpu_list": gpu_list},
        gpu_list.page_url,
        has_answer=not gpu_list.form.errors,
    )


def _present(request: HttpRequest) -> GpuListView:
    return present_gpu_list(current_gpus(), request.GET.dict(), today=timezone.localdate())
