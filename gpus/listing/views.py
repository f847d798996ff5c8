"""The list of GPUs, as a page and as the part of it that filters and headings swap."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from gpus.catalog import current_gpus
from gpus.listing.presenters import GpuListView, present_gpu_list


@require_safe
def gpu_list(request: HttpRequest) -> HttpResponse:
    return render(request, "gpus/list.html", {"gpu_list": _present(request)})


@require_safe
@vary_on_headers("HX-Request")
def gpu_table(request: HttpRequest) -> HttpResponse:
    gpu_list = _present(request)
    if not request.htmx:
        return redirect(gpu_list.page_url)
    response = render(request, "gpus/fragment.html", {"gpu_list": gpu_list})
    return push_url(response, gpu_list.page_url)


def _present(request: HttpRequest) -> GpuListView:
    return present_gpu_list(current_gpus(), request.GET.dict(), today=timezone.localdate())
