"""The GPU list as its templates print it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from calculator.words.addresses import path_of, with_query
from calculator.words.formatting import format_number, format_usd
from calculator.words.paging import PageOf, Paging, page_of, paging, whole_list_query
from calculator.words.query_forms import Order
from gpus.catalog import GpuCatalog
from gpus.listing.forms import ORDERS, GpuListForm, to_query
from gpus.listing.price_notes import NotedPrice, PriceNote, PriceNotes
from gpus.listing.selection import (
    GpuFilter,
    loosened,
    newest_check,
    select_gpus,
    sort_gpus,
    without_asked_price,
)
from gpus.presenters import MAY_BE_OUT_OF_DATE_AFTER, cloud_price_view, retail_price_view
from gpus.specs import GpuSpec
from gpus.tiers import Audience

# Column, its words, its unit, and the direction that a first click sorts in.
COLUMNS = (
    ("name", "GPU", "", "name"),
    ("memory", "Memory", "GB", "-memory"),
    ("bandwidth", "Bandwidth", "GB/s", "-bandwidth"),
    ("tflops", "Dense bf16", "TFLOPS", "-tflops"),
    ("launch", "Launched", "", "-launch"),
    ("retail_price", "To buy", "USD", "retail_price"),
    ("cloud_price", "To rent", "USD per hour", "cloud_price"),
)

# A phone's page of them is some five thousand pixels tall.
GPUS_PER_PAGE = 25

# Criteria that stand before “GPUs” in a title; the others follow it.
KINDS = ("vendor", "audience")


@dataclass(frozen=True, slots=True)
class ColumnView:
    key: str
    label: str
    unit: str
    query: str  # what a click on the heading asks for
    aria_sort: str  # “ascending”, “descending” or nothing


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One GPU. A figure that nobody knows is empty."""

    slug: str
    url: str
    name: str
    vendor: str
    audience: str
    has_nvlink: bool
    memory_gb: int
    bandwidth: str
    tflops: str
    tflops_basis: str
    tflops_basis_kind: str
    launched_on: dt.date | None
    retail_price: NotedPrice | None
    cloud_price: NotedPrice | None
    source: str


@dataclass(frozen=True, slots=True)
class LooserView:
    """A link that drops one criterion, “at least 96 GB”, and how many GPUs that brings."""

    words: str
    gpu_count: str
    query: str


@dataclass(frozen=True, slots=True)
class TableView:
    columns: tuple[ColumnView, ...]
    rows: tuple[GpuRow, ...]
    notes: tuple[PriceNote, ...]
    paging: Paging
    looser: tuple[LooserView, ...]


@dataclass(frozen=True, slots=True)
class GpuListView:
    """The whole page. `table` is None while a filter has an error."""

    form: GpuListForm
    title: str
    lead: str
    status: str
    table: TableView | None
    is_filtered: bool
    page_url: str
    canonical_path: str
    newest_check_on: dt.date | None
    days_until_out_of_date: int


def present_gpu_list(
    catalog: GpuCatalog, query: Mapping[str, str], *, today: dt.date
) -> GpuListView:
    form = GpuListForm(query, catalog.gpus)
    if not form.is_valid():
        return _list_view(
            catalog,
            form,
            title="Check the filters",
            status=_errors_in_words(form),
            table=None,
            is_filtered=True,
            query=form.typed(),
        )
    wanted, order = form.to_filter(), form.to_order()
    found = select_gpus(catalog.gpus, wanted)
    page = page_of(sort_gpus(found, order), form.cleaned_data["page"], GPUS_PER_PAGE)
    notes = PriceNotes()
    return _list_view(
        catalog,
        form,
        title=_title(wanted),
        status=_status(catalog.gpus, found, wanted, order, page),
        table=TableView(
            columns=_columns(wanted, order),
            rows=tuple(gpu_row(gpu, notes, today=today) for gpu in page.items),
            notes=notes.all(),
            paging=paging(
                path_of("gpus:list"),
                lambda number: to_query(wanted, order, number),
                page.number,
                page.count,
            ),
            looser=() if found else _looser(catalog.gpus, wanted, order),
        ),
        is_filtered=bool(wanted.criteria()),
        query=to_query(wanted, order, page.number),
        page=page.number,
    )


def gpu_row(gpu: GpuSpec, notes: PriceNotes, *, today: dt.date) -> GpuRow:
    return GpuRow(
        slug=gpu.slug,
        url=path_of("gpus:card", gpu.slug),
        name=gpu.name,
        vendor=gpu.vendor,
        audience=_audience_words(gpu.audience),
        has_nvlink=gpu.has_nvlink,
        memory_gb=gpu.memory_gb,
        bandwidth=_in_units(gpu.bandwidth_bytes_per_second, 10**9),
        tflops=_in_units(gpu.bf16_dense_flops, 10**12),
        tflops_basis=gpu.bf16_flops_basis,
        tflops_basis_kind=_basis_kind(gpu),
        launched_on=gpu.launched_on,
        retail_price=notes.noted(retail_price_view(gpu, today=today)),
        cloud_price=notes.noted(cloud_price_view(gpu, today=today)),
        source=gpu.source,
    )


def _list_view(
    catalog: GpuCatalog,
    form: GpuListForm,
    *,
    title: str,
    status: str,
    table: TableView | None,
    is_filtered: bool,
    query: dict[str, str],
    page: int = 1,
) -> GpuListView:
    path = path_of("gpus:list")
    return GpuListView(
        form=form,
        title=title,
        lead=_lead(catalog.gpus),
        status=status,
        table=table,
        is_filtered=is_filtered,
        page_url=with_query(path, query),
        canonical_path=with_query(path, whole_list_query(page if not is_filtered else 1)),
        newest_check_on=newest_check(catalog.gpus),
        days_until_out_of_date=MAY_BE_OUT_OF_DATE_AFTER.days,
    )


def _lead(gpus: tuple[GpuSpec, ...]) -> str:
    if not gpus:
        return "The catalog has no GPUs at the moment. Please come back soon."
    sizes = [gpu.memory_gb for gpu in gpus]
    return f"{_count(len(gpus))} from {min(sizes)} to {max(sizes)} GB."


def _title(wanted: GpuFilter) -> str:
    """“NVIDIA data center GPUs, at least 80 GB, up to $2 an hour to rent”."""
    criteria = wanted.criteria()
    if not criteria:
        return "GPUs for fine-tuning: memory, speed and prices"
    kinds = [_criterion_words(wanted, name) for name in criteria if name in KINDS]
    limits = [_criterion_words(wanted, name) for name in criteria if name not in KINDS]
    head = " ".join([*kinds, "GPUs"])
    return ", ".join([head[0].upper() + head[1:], *limits])


def _criterion_words(wanted: GpuFilter, criterion: str) -> str:
    if criterion == "text":
        return f"“{wanted.text}”"
    if criterion == "vendor":
        return wanted.vendor
    if criterion == "audience":
        return _audience_words(wanted.audience)
    limit: Decimal = getattr(wanted, criterion)
    if criterion == "min_memory_gb":
        return f"at least {format_number(limit, decimals=3)} GB"
    if criterion == "max_retail_price_usd":
        return f"up to {format_usd(limit)} to buy"
    return f"up to {format_usd(limit)} an hour to rent"


def _status(
    gpus: tuple[GpuSpec, ...],
    found: tuple[GpuSpec, ...],
    wanted: GpuFilter,
    order: Order,
    page: PageOf[GpuSpec],
) -> str:
    """“24 of 119 GPUs, cheapest to rent first. 31 more have no such price.”"""
    if not found:
        return f"None of {_count(len(gpus))} fits." if gpus else ""
    if len(found) == len(gpus):
        how_many = f"All {_count(len(gpus))}"
    else:
        how_many = f"{len(found)} of {_count(len(gpus))}"
    unpriced_count = len(without_asked_price(gpus, wanted))
    status = f"{how_many}, {ORDERS[str(order)]}{page.words}."
    if unpriced_count:
        status += f" {unpriced_count} more would fit, but their price is not known."
    return status


def _errors_in_words(form: GpuListForm) -> str:
    names = [str(form.fields[name].label) for name in form.errors]
    return f"No list yet. Check: {', '.join(names)}."


def _columns(wanted: GpuFilter, order: Order) -> tuple[ColumnView, ...]:
    views = []
    for key, label, unit, first_click in COLUMNS:
        is_current = key == order.column
        click = order.reversed() if is_current else Order.parse(first_click)
        direction = "descending" if order.is_descending else "ascending"
        views.append(
            ColumnView(
                key=key,
                label=label,
                unit=unit,
                query=urlencode(to_query(wanted, click)),
                aria_sort=direction if is_current else "",
            )
        )
    return tuple(views)


def _looser(gpus: tuple[GpuSpec, ...], wanted: GpuFilter, order: Order) -> tuple[LooserView, ...]:
    return tuple(
        LooserView(
            # The link puts its own quotation marks around the words.
            words=_criterion_words(wanted, name).strip("“”"),
            gpu_count=_count(gpu_count),
            query=urlencode(to_query(wanted.without(name), order)),
        )
        for name, gpu_count in loosened(gpus, wanted)
    )


def _basis_kind(gpu: GpuSpec) -> str:
    """One word for where the TFLOPS come from; the basis itself is a step away."""
    first_word = gpu.bf16_flops_basis.casefold().partition(" ")[0].rstrip(":,;")
    if gpu.bf16_dense_flops is None:
        return "no figure"
    return first_word if first_word in {"derived", "published"} else "source"


def _audience_words(audience: str) -> str:
    return Audience(audience).label


def _in_units(value: Decimal | None, unit: int) -> str:
    if value is None:
        return ""
    amount = value / unit
    return format_number(amount, decimals=0 if amount >= 100 else 1)


def _count(gpu_count: int) -> str:
    return f"{gpu_count:,} GPU" if gpu_count == 1 else f"{gpu_count:,} GPUs"
