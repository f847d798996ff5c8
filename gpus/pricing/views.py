"""The list of what to look at next: each line is saved by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe

from calculator.changes.models import ChangeSet, Kind
from calculator.changes.recording import change_set
from calculator.changes.requests import change_url
from calculator.words.formatting import format_day, format_usd
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from gpus.prices.observing import end_offer, says_the_same, unchanged
from gpus.pricing.work import (
    ROWS_PER_PAGE,
    WorkRow,
    gpu_row,
    price_row,
    stale_prices,
    unpriced_gpus,
)

may_view = permission_required("gpus.view_priceobservation", raise_exception=True)
may_change = permission_required(
    ("gpus.add_priceobservation", "gpus.change_priceobservation"), raise_exception=True
)


def said_at_the_line(
    site: admin.AdminSite, view: Callable[..., HttpResponse]
) -> Callable[..., HttpResponse]:
    """The view, which says at its line that nobody is signed in any more (401).

    Otherwise the page to sign in on would be swapped in for the line and what was typed into it.
    """

    @wraps(view)
    def said(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        if request.headers.get("HX-Request") and not site.has_permission(request):
            return HttpResponse(
                "Not saved: you are not signed in any more. Sign in in another tab, then press "
                "the button again; what you typed stays here.",
                status=401,
                content_type="text/plain; charset=utf-8",
            )
        return view(request, *args, **more)

    return said


@may_view
@require_safe
def work_list(request: HttpRequest) -> HttpResponse:
    return _page(request)


@may_change
@require_POST
def price_again(request: HttpRequest, pk: int) -> HttpResponse:
    """One line of a price: it is unchanged, or gone, or this is the new one."""
    price = get_object_or_404(PriceObservation.objects.select_related("gpu"), pk=pk)
    today = timezone.localdate()
    # A line without its day's price has nothing to be saved over.
    row = price_row(price, today, request.POST)
    what = f"{price.gpu}, {row.what}"
    if question := _question(request, row, price):
        return _ask(request, price_row(price, today, request.POST, question))
    if "unchanged" in request.POST:
        with change_set(kind=Kind.LIST, who=request.user) as changes:
            unchanged(price, today, request.user, replaces=True)
        return _done(request, row, f"{what}: {row.last}, checked today.", changes)
    if "gone" in request.POST:
        with change_set(kind=Kind.LIST, who=request.user, why="no longer offered") as changes:
            end_offer(price, today)
        return _done(request, row, f"{what}: no longer offered since today.", changes)
    return _save(request, row, what)


@may_change
@require_POST
def first_price(request: HttpRequest, pk: int) -> HttpResponse:
    """The line of a GPU that has no price yet."""
    gpu = get_object_or_404(Gpu, pk=pk)
    return _save(request, gpu_row(gpu, timezone.localdate(), request.POST), str(gpu))


def _save(request: HttpRequest, row: WorkRow, what: str) -> HttpResponse:
    form = row.form
    if form.is_valid() and (meanwhile := _meanwhile(request, row)):
        form.add_error(
            "usd",
            f"{meanwhile}; you typed {format_usd(form.cleaned_data['usd'])}. "
            "Save again to replace it.",
        )
    if form.is_valid():
        form.instance.editor = request.user
        try:
            with change_set(kind=Kind.LIST, who=request.user) as changes:
                saved = form.save()
        except IntegrityError:
            form.add_error(None, "Somebody saved this price at the same moment. Save again.")
        else:
            words = f"{what}: {format_usd(saved.usd)}, saved for today."
            return _done(request, row, words, changes)
    return _ask(request, row)


def _meanwhile(request: HttpRequest, row: WorkRow) -> str:
    """What others did to the line's price since it was shown; empty: nothing."""
    seen, stands = request.POST.get("replaces", ""), row.stands
    # A line that does not say which version it showed, showed that of its own price.
    if seen == row.form.replaces or (not seen and stands and stands.pk == row.price_pk):
        return ""
    if stands is None:
        return "Somebody took it off the site meanwhile"
    if stands.ended_on:
        return f"Somebody said meanwhile that it is gone since {format_day(stands.ended_on)}"
    day = stands.checked_on
    when = "today" if day == timezone.localdate() else format_day(day)
    who = stands.editor or "Somebody"
    return f"{who} entered {format_usd(stands.usd)} ({stands.source_name}) for {when} meanwhile"


def _question(request: HttpRequest, row: WorkRow, price: PriceObservation) -> str:
    """What “Unchanged” and “No longer offered” are asked about, where others were here meanwhile."""
    meanwhile, stands = _meanwhile(request, row), row.stands
    if not meanwhile:
        return ""
    if "gone" in request.POST and stands and not stands.ended_on:
        again = "Press “No longer offered” again to end that one."
        return f"{meanwhile}; you say that it is no longer offered. {again}"
    if "unchanged" not in request.POST:
        return ""
    if stands and stands.pk == price.pk:
        return f"{meanwhile}. Press “Unchanged” again if it still is that."
    if stands and says_the_same(stands, price):
        return ""
    again = "Press “Unchanged” again to say so for today."
    return f"{meanwhile}; you say that it still is {row.last} ({row.source_name}). {again}"


def _ask(request: HttpRequest, row: WorkRow) -> HttpResponse:
    """The line again, with what is wrong or asked."""
    if request.headers.get("HX-Request"):
        return render(request, "gpus/pricing/_row.html", {"row": row})
    return _page(request, row)


def _done(request: HttpRequest, row: WorkRow, said: str, changes: ChangeSet) -> HttpResponse:
    undo = change_url(request, changes)
    if request.headers.get("HX-Request"):
        done = {"row": row, "said": said, "undo": undo, **_left()}
        return render(request, "gpus/pricing/_done.html", done)
    messages.success(
        request, format_html('{} <a href="{}">Undo</a>', said, undo) if undo else said
    )
    return HttpResponseRedirect(reverse("admin:price_work"))


def _page(request: HttpRequest, typed: WorkRow | None = None) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Prices to look at",
        "work": work(request, typed),
    }
    return render(request, "gpus/pricing/work.html", context)


def work(
    request: HttpRequest, typed: WorkRow | None = None, per_page: int = ROWS_PER_PAGE
) -> dict[str, Any]:
    """What the list shows: a page of stale prices, then of GPUs without one.

    `typed` stands in its line's place, with what is wrong with it.
    """
    today = timezone.localdate()
    stale = Paginator(stale_prices(today), per_page).get_page(request.GET.get("page"))
    unpriced = Paginator(unpriced_gpus(today), per_page).get_page(request.GET.get("gpus"))
    return {
        "stale": stale,
        "stale_rows": _rows(price_row, stale, typed),
        "unpriced": unpriced,
        "unpriced_rows": _rows(gpu_row, unpriced, typed),
        "stale_count": stale.paginator.count,
        "unpriced_count": unpriced.paginator.count,
    }


def _rows(line: Callable[..., WorkRow], page: Any, typed: WorkRow | None) -> list[WorkRow]:
    today = timezone.localdate()
    rows = [line(each, today) for each in page]
    if typed is None:
        return rows
    return [typed if row.key == typed.key else row for row in rows]


def _left() -> dict[str, int]:
    today = timezone.localdate()
    return {
        "stale_count": stale_prices(today).count(),
        "unpriced_count": unpriced_gpus(today).count(),
    }
