"""The reports from the field, as the accuracy page's template prints them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.dates import MONTHS
from django.utils.text import capfirst

from calculator.estimation.verdict import VERDICT_WORDS
from calculator.pages.accuracy.field.causes import causes_of
from calculator.pages.accuracy.field.records import (
    KINDS,
    OUTCOMES,
    FieldReportRow,
    field_report_rows,
)
from calculator.pages.accuracy.percent import percent
from calculator.words.formatting import NO_BREAK_SPACE, format_gb
from calculator.words.methods import METHOD_NAMES

REPORTS_PER_PAGE = 20
REPORTS_IN_SIGHT = 4
KIND_NAMES = {"fitted": "Fitted", "out_of_memory": "Ran out of memory", "measured": "Measured"}
OUTCOME_NAMES = {"right": "right", "wrong": "wrong", "inexpressible": "cannot be stated"}
COUNTER_NAMES = {
    "nvidia-smi": "nvidia-smi",
    "max_memory_reserved": "reserved",
    "max_memory_allocated": "allocated",
    "stated": "counter not stated",
}
ALL = "All three"


@dataclass(frozen=True, slots=True)
class KindRow:
    """A line of the summary: how many reports of a kind come out how."""

    label: str
    right: str
    wrong: str
    unstated: str
    share: str
    is_sum: bool


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """A line of what became of an answer: how many runs of one GPU and of several ended how."""

    label: str
    one_fitted: int
    one_ran_out: int
    several_fitted: int
    several_ran_out: int


@dataclass(frozen=True, slots=True)
class FieldCauseView:
    title: str
    words: str
    figures: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report. ours and range are "" where nothing can be asked."""

    id: str
    model: str
    method: str
    settings: str
    gpus: str
    report: str
    source: str
    url: str
    date: str
    seen: str
    seen_note: str
    ours: str
    range: str
    outcome: str
    outcome_note: str
    is_wrong: bool
    assumed: str
    calculator_query: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """The section: the first reports of a page in sight, the rest folded. page counts from 1."""

    lead: str
    kinds: tuple[KindRow, ...]
    answers: tuple[AnswerRow, ...]
    causes: tuple[FieldCauseView, ...]
    status: str
    rows: tuple[ReportRow, ...]
    folded_rows: tuple[ReportRow, ...]
    folded: str
    page: int
    page_count: int
    count: str


def present_field(page: int) -> FieldView:
    """The section with that page of its reports, or the last one."""
    rows = sorted(field_report_rows(), key=lambda row: OUTCOMES.index(row.outcome))
    page_count = max(1, -(-len(rows) // REPORTS_PER_PAGE))
    page = min(page, page_count)
    start = (page - 1) * REPORTS_PER_PAGE
    listed = rows[start : start + REPORTS_PER_PAGE]
    return FieldView(
        lead=field_lead(rows),
        kinds=kind_rows(rows),
        answers=answer_rows(rows),
        causes=tuple(
            FieldCauseView(cause.title, cause.words, reports(len(found)))
            for cause, found in causes_of(rows)
        ),
        status=f"Reports {start + 1}–{start + len(listed)} of {len(rows)}, the wrong ones first.",
        rows=tuple(map(report_row, listed[:REPORTS_IN_SIGHT])),
        folded_rows=tuple(map(report_row, listed[REPORTS_IN_SIGHT:])),
        folded=_folded(listed[REPORTS_IN_SIGHT:]),
        page=page,
        page_count=page_count,
        count=f"{len(rows):,}",
    )


def _folded(rows: Sequence[FieldReportRow]) -> str:
    """“15 more reports: 12 wrong, 3 right”"""
    counts = Counter(row.outcome for row in rows)
    said = [f"{counts[each]} {OUTCOME_NAMES[each]}" for each in OUTCOMES if counts[each]]
    return f"{len(rows)} more {'report' if len(rows) == 1 else 'reports'}: {', '.join(said)}"


def reports(count: int) -> str:
    """“1 report”, “13 reports”."""
    return f"{count:,} report" if count == 1 else f"{count:,} reports"


def field_lead(rows: Sequence[FieldReportRow]) -> str:
    """“Of 136 runs that people reported, 133 can be stated …”"""
    counts = Counter(row.outcome for row in rows)
    stated = counts["right"] + counts["wrong"]
    if not stated:
        return "No report is compared at the moment."
    words = (
        f"Of {len(rows):,} runs that people reported, {stated:,} can be stated in the calculator’s"
        f" settings, and its answer is right for {counts['right']:,} of them"
        f" ({percent(counts['right'] / stated)})."
    )
    stated_rows = [row for row in rows if row.outcome != "inexpressible"]
    fitted = [row for row in stated_rows if row.kind == "fitted"]
    ran_out = [row for row in stated_rows if row.kind == "out_of_memory"]
    return (
        f"{words} Of {len(fitted)} that fitted it denies {_wrong_count(fitted)}; of {len(ran_out)}"
        f" that ran out it holds {_wrong_count(ran_out)} for possible."
    )


def _wrong_count(rows: Sequence[FieldReportRow]) -> str:
    return str(sum(row.outcome == "wrong" for row in rows) or "none")


def answer_rows(rows: Sequence[FieldReportRow]) -> tuple[AnswerRow, ...]:
    """What became of the runs that fit, are tight or too small by our answer."""
    ended = Counter(
        (row.answer, " × " in row.gpus, row.kind) for row in rows if row.outcome != "inexpressible"
    )
    return tuple(
        AnswerRow(
            capfirst(answer),
            *(ended[answer, several, kind] for several in (False, True) for kind in KINDS[:2]),
        )
        for answer in VERDICT_WORDS.values()
    )


def kind_rows(rows: Sequence[FieldReportRow]) -> tuple[KindRow, ...]:
    lines = [(KIND_NAMES[kind], [row for row in rows if row.kind == kind]) for kind in KINDS]
    return tuple(
        _kind_row(label, found, is_sum=label == ALL)
        for label, found in [*lines, (ALL, list(rows))]
        if found
    )


def _kind_row(label: str, rows: Sequence[FieldReportRow], *, is_sum: bool) -> KindRow:
    counts = Counter(row.outcome for row in rows)
    stated = counts["right"] + counts["wrong"]
    return KindRow(
        label=label,
        right=f"{counts['right']:,}",
        wrong=f"{counts['wrong']:,}",
        unstated=f"{counts['inexpressible']:,}",
        share=percent(counts["right"] / stated) if stated else "",
        is_sum=is_sum,
    )


def report_row(row: FieldReportRow) -> ReportRow:
    ours, ours_range = _ours(row)
    return ReportRow(
        id=row.id,
        model=row.model,
        method=METHOD_NAMES[row.method],
        settings=row.settings,
        gpus=row.gpus,
        report=row.report,
        source=row.source,
        url=row.url,
        date=_month(row.date),
        seen=_seen(row),
        seen_note=_seen_note(row),
        ours=ours,
        range=ours_range,
        outcome=OUTCOME_NAMES[row.outcome],
        outcome_note=row.missing or _error(row),
        is_wrong=row.outcome == "wrong",
        assumed=row.assumed,
        calculator_query=row.calculator_query,
    )


def _seen(row: FieldReportRow) -> str:
    if row.measured_bytes is not None:
        return format_gb(row.measured_bytes)
    return "fitted" if row.kind == "fitted" else "ran out"


def _seen_note(row: FieldReportRow) -> str:
    if row.measured_bytes is not None:
        counter, seen = COUNTER_NAMES[row.counter], format_gb(row.measured_bytes)
        is_as_written = row.measured_as.replace(" ", "") == seen.replace(NO_BREAK_SPACE, "")
        return counter if is_as_written else f"{counter}: {row.measured_as}"
    assert row.card_bytes is not None
    return f"card of {format_gb(row.card_bytes)}"


def _ours(row: FieldReportRow) -> tuple[str, str]:
    """The figure or verdict that the report is held against, and what stands below it."""
    if row.likely_bytes is None or row.low_bytes is None or row.high_bytes is None:
        return "", ""
    low, likely, high = map(format_gb, (row.low_bytes, row.likely_bytes, row.high_bytes))
    whole = likely if low == high else f"{low} to {high}"
    if row.measured_bytes is not None:
        return likely, "" if low == high else whole
    return row.answer, whole


def _error(row: FieldReportRow) -> str:
    if row.measured_bytes is None or row.likely_bytes is None:
        return ""
    return percent(row.likely_bytes / row.measured_bytes - 1, signed=True)


def _month(text: str) -> str:
    """2025-01 → “January 2025”."""
    day = date.fromisoformat(f"{text}-01")
    return f"{MONTHS[day.month]} {day.year}"
