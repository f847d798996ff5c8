"""The summary of the accuracy page: errors by method, and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from calculator.pages.accuracy.percent import percent, within
from calculator.pages.accuracy.records import accuracy_rows
from calculator.pages.accuracy.selection import METHODS, Selection, errors_of, share_within_range
from calculator.words.methods import METHOD_NAMES


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A line of the summary: errors in percent, as text; "" where there is nothing to say."""

    label: str
    method: str
    count: str
    median: str
    p90: str
    rule_median: str
    rule_p90: str
    query: str


@dataclass(frozen=True, slots=True)
class SummaryGroup:
    slug: str
    title: str
    note: str
    rows: tuple[SummaryRow, ...]


@lru_cache(maxsize=1)
def summary_groups() -> tuple[SummaryGroup, ...]:
    """Errors by method, against traces and against measured runs."""
    groups = [
        _group(
            "traced",
            "Traced steps",
            "The same step run by transformers and peft on tensors without data, every allocation"
            " counted.",
            Selection(kind="traced", counter="allocated"),
        ),
        _group(
            "measured",
            "Measured runs, one GPU",
            "Published runs whose every input is known: the peak that PyTorch allocated.",
            Selection(counter="allocated"),
        ),
        _group(
            "several",
            "Measured runs, several GPUs",
            "Per GPU, mostly FSDP on 2 and 4 GPUs.",
            Selection(counter="allocated", gpus="several", evidence=""),
        ),
    ]
    return tuple(group for group in groups if group.rows)


def _group(slug: str, title: str, note: str, selection: Selection) -> SummaryGroup:
    lines = [
        _summary_row(METHOD_NAMES[method], selection.with_method(method)) for method in METHODS
    ]
    lines.append(_summary_row("All three", selection))
    return SummaryGroup(slug, title, note, tuple(line for line in lines if line is not None))


def _summary_row(label: str, selection: Selection) -> SummaryRow | None:
    rows = selection.of(accuracy_rows())
    errors = errors_of(row.error_fraction for row in rows)
    if errors is None:
        return None
    rule = errors_of(row.rule_of_thumb_error_fraction for row in rows)
    return SummaryRow(
        label=label,
        method=selection.method,
        count=f"{errors.count:,}",
        median=percent(errors.median_fraction),
        p90=percent(errors.p90_fraction),
        rule_median=percent(rule.median_fraction) if rule else "",
        rule_p90=percent(rule.p90_fraction) if rule else "",
        query=urlencode(_query_of(selection)),
    )


def _query_of(selection: Selection) -> dict[str, str]:
    values = {
        "against": "" if selection.kind == "measured" else selection.kind,
        "evidence": "" if selection.evidence == "best" else "all",
        "method": selection.method,
        "figure": "" if selection.counter == "allocated" else selection.counter or "any",
        "gpus": selection.gpus,
    }
    return {name: value for name, value in values.items() if value}


@lru_cache(maxsize=1)
def lead() -> str:
    """“Half of 75 published runs are met within 1.5 %, nine in ten within 12 %. …”"""
    rows = Selection(counter="allocated").of(accuracy_rows())
    errors = errors_of(row.error_fraction for row in rows)
    rule = errors_of(row.rule_of_thumb_error_fraction for row in rows)
    if errors is None or rule is None:
        return "No published run is compared at the moment."
    words = (
        f"Of {errors.count} published figures whose every input is known, half are met within"
        f" {within(errors.median_fraction)} and nine in ten within"
        f" {within(errors.p90_fraction)}. The rule of thumb needs"
        f" {percent(rule.median_fraction)} and {percent(rule.p90_fraction)} for that."
    )
    traced = Selection(kind="traced").of(accuracy_rows())
    against_traces = errors_of(row.error_fraction for row in traced)
    if against_traces is None:
        return words
    return (
        f"{words} Of {against_traces.count} traced steps, nine in ten are met within"
        f" {within(against_traces.p90_fraction)}."
    )


@lru_cache(maxsize=1)
def device_note() -> str:
    """How often what nvidia-smi shows lies in our range."""
    found = Selection(counter="device").of(accuracy_rows())
    if not found:
        return ""
    return (
        f"What nvidia-smi shows lies between our low and high in {percent(share_within_range(found))}"
        f" of {len(found)} such runs."
    )
