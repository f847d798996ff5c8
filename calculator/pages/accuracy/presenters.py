"""The accuracy page as its template prints it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from calculator.pages.accuracy.causes import CAUSES, PEERS, rows_about
from calculator.pages.accuracy.field.presenters import FieldView, present_field
from calculator.pages.accuracy.forms import COUNTERS, AccuracyForm
from calculator.pages.accuracy.percent import percent, within
from calculator.pages.accuracy.plot import Plot, draw_plot
from calculator.pages.accuracy.records import AccuracyRow, accuracy_rows, left_out_rows
from calculator.pages.accuracy.selection import METHODS, errors_of
from calculator.pages.accuracy.summary import SummaryGroup, device_note, lead, summary_groups
from calculator.words.addresses import path_of
from calculator.words.formatting import format_gb
from calculator.words.methods import METHOD_NAMES
from calculator.words.paging import PageOf, Paging, page_of, paging

ROWS_PER_PAGE = 25
# More would be read by nobody on a phone; the rest of the page is a tap away.
ROWS_IN_SIGHT = 5


@dataclass(frozen=True, slots=True)
class LegendItem:
    method: str
    label: str
    count: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """One comparison. range and actual_range are "" where there is one figure."""

    id: str
    model: str
    method: str
    settings: str
    source: str
    url: str
    gpu: str
    counter: str
    predicted: str
    range: str
    actual: str
    error: str
    is_within_range: bool | None
    rule_error: str
    remarks: str
    calculator_query: str


@dataclass(frozen=True, slots=True)
class Results:
    """The chosen rows: drawn, and a page of them listed, the first in sight and the rest folded."""

    status: str
    description: str
    plot: Plot | None
    legend: tuple[LegendItem, ...]
    rows: tuple[TableRow, ...]
    folded_rows: tuple[TableRow, ...]
    folded: str
    paging: Paging


@dataclass(frozen=True, slots=True)
class CauseView:
    title: str
    words: str
    figures: str


@dataclass(frozen=True, slots=True)
class PeerView:
    name: str
    median: str
    p90: str
    note: str


@dataclass(frozen=True, slots=True)
class AccuracyView:
    """The whole page. `results` is None while the form has an error."""

    form: AccuracyForm
    lead: str
    groups: tuple[SummaryGroup, ...]
    device_note: str
    results: Results | None
    field: FieldView
    report_paging: Paging
    causes: tuple[CauseView, ...]
    left_out: tuple[tuple[str, str], ...]
    left_out_count: str
    compared_count: str
    peers: tuple[PeerView, ...]


def present_accuracy(query: Mapping[str, str]) -> AccuracyView:
    form = AccuracyForm(query)
    rows = accuracy_rows()
    left_out = left_out_rows()
    reasons = Counter(item.reason for item in left_out)
    is_valid = form.is_valid()
    field = present_field(form.cleaned_data.get("reports", 1))
    return AccuracyView(
        form=form,
        lead=lead(),
        groups=summary_groups(),
        device_note=device_note(),
        results=_results(form) if is_valid else None,
        field=field,
        report_paging=_paging(form, "reports", field.page, field.page_count),
        causes=_causes(),
        left_out=tuple((reason, f"{count:,}") for reason, count in reasons.most_common()),
        left_out_count=f"{len(left_out):,}",
        compared_count=f"{len(rows):,}",
        peers=tuple(
            PeerView(
                peer.name, percent(peer.median_fraction), percent(peer.p90_fraction), peer.note
            )
            for peer in PEERS
        ),
    )


def _results(form: AccuracyForm) -> Results:
    rows = form.to_selection().of(accuracy_rows())
    order = form.cleaned_data["order"]
    if order == "id":
        rows.sort(key=lambda row: (row.source, row.id))
    else:
        rows.sort(key=lambda row: abs(row.error_fraction), reverse=order == "worst")
    page = page_of(rows, form.cleaned_data["page"], ROWS_PER_PAGE)
    return Results(
        status=_status(rows, page),
        description=_description(rows),
        plot=draw_plot(rows, [_title(row) for row in rows]),
        legend=_legend(rows),
        rows=tuple(map(table_row, page.items[:ROWS_IN_SIGHT])),
        folded_rows=tuple(map(table_row, page.items[ROWS_IN_SIGHT:])),
        folded=_folded(page.items[ROWS_IN_SIGHT:]),
        paging=_paging(form, "page", page.number, page.count),
    )


def _paging(form: AccuracyForm, field: str, page: int, page_count: int) -> Paging:
    """One table's pages; the form keeps the other table's."""
    path = path_of("calculator:accuracy")
    return paging(path, lambda number: form.to_query(**{field: str(number)}), page, page_count)


def _status(rows: list[AccuracyRow], page: PageOf[AccuracyRow]) -> str:
    if not rows:
        return "Nothing to compare with these filters."
    errors = errors_of(row.error_fraction for row in rows)
    assert errors is not None
    shown = f"Rows {page.first}–{page.last} of {len(rows)}."
    return (
        f"{shown} Median error {percent(errors.median_fraction)},"
        f" nine in ten within {within(errors.p90_fraction)}."
    )


def _folded(rows: Sequence[AccuracyRow]) -> str:
    """“19 more rows, each within 4.8 %”"""
    if not rows:
        return ""
    largest = within(max(abs(row.error_fraction) for row in rows))
    return (
        f"1 more row, within {largest}"
        if len(rows) == 1
        else (f"{len(rows)} more rows, each within {largest}")
    )


def _description(rows: list[AccuracyRow]) -> str:
    """The plot in words."""
    if not rows:
        return ""
    near = sum(abs(row.error_fraction) <= 0.1 for row in rows)
    low = sum(row.error_fraction < -0.1 for row in rows)
    figures = [row.actual_bytes for row in rows]
    return (
        f"{near} of {len(rows)} points lie within ±10 % of the actual figure, {low} below and"
        f" {len(rows) - near - low} above; from {format_gb(min(figures))} to"
        f" {format_gb(max(figures))}. The table below lists them."
    )


def _legend(rows: Iterable[AccuracyRow]) -> tuple[LegendItem, ...]:
    counts = Counter(row.method for row in rows)
    return tuple(
        LegendItem(method, METHOD_NAMES[method], f"{counts[method]:,}")
        for method in METHODS
        if counts[method]
    )


def _title(row: AccuracyRow) -> str:
    return (
        f"{row.model}, {METHOD_NAMES[row.method]}: predicted {format_gb(row.predicted_bytes)},"
        f" actual {format_gb(row.actual_bytes)} ({percent(row.error_fraction, signed=True)})"
    )


def table_row(row: AccuracyRow) -> TableRow:
    is_range = row.predicted_low_bytes != row.predicted_high_bytes
    low, high = format_gb(row.predicted_low_bytes), format_gb(row.predicted_high_bytes)
    rule = row.rule_of_thumb_error_fraction
    gpu = row.gpu if row.gpu_count == 1 else f"{row.gpu_count} × {row.gpu}"
    return TableRow(
        id=row.id,
        model=row.model,
        method=METHOD_NAMES[row.method],
        settings=row.settings,
        source=row.source,
        url=row.url,
        gpu="" if "unknown" in row.gpu else gpu,
        counter=COUNTERS[row.counter],
        predicted=format_gb(row.predicted_bytes),
        range=f"{low} to {high}" if is_range else "",
        actual=format_gb(row.actual_bytes),
        error=percent(row.error_fraction, signed=True),
        is_within_range=row.is_within_range if is_range else None,
        rule_error="" if rule is None else percent(rule, signed=True),
        remarks=row.remarks,
        calculator_query=row.calculator_query,
    )


@lru_cache(maxsize=1)
def _causes() -> tuple[CauseView, ...]:
    rows = accuracy_rows()
    views = []
    for cause in CAUSES:
        errors = errors_of(row.error_fraction for row in rows_about(cause, rows))
        if errors is not None:
            figures = f"{errors.count} figures, median error {percent(errors.median_fraction)}"
            views.append(CauseView(cause.title, cause.words, figures))
    return tuple(views)
