"""The field reports of the accuracy page: every report beside what the estimate says of it."""

from __future__ import annotations

from calculator.estimation.errors import ConfigError
from calculator.estimation.settings import TrainingSettings
from calculator.pages.accuracy.field.records import FieldReportRow, field_reports_csv_text
from validation.accuracy import calculator_query
from validation.field import (
    FieldReport,
    Judged,
    architecture_of_report,
    model_name,
    settings_of_report,
)
from validation.field.records import ReportedStrategy
from validation.field_reports import judged_reports
from validation.setting_words import said_of, settings_in_words

_STRATEGIES: dict[ReportedStrategy, str] = {
    "none": "",
    "ddp": "DDP",
    "zero1": "ZeRO-1",
    "zero2": "ZeRO-2",
    "zero3": "ZeRO-3",
    "fsdp1": "FSDP 1",
    "fsdp2": "FSDP 2",
    "fsdp2_whole": "FSDP 2, quantised weights whole",
}
_OFFLOADS = {
    "none": "",
    "optimizer": "optimizer on the host",
    "parameters": "parameters on the host",
}
_MISSING = {"model": "the model’s layers", "task": "preference training"}


def field_reports_csv() -> str:
    """The whole file calculator/data/field_reports.csv, computed from the committed reports."""
    return field_reports_csv_text(_row(item) for item in judged_reports())


def _row(item: Judged) -> FieldReportRow:
    report = item.report
    settings = _said(report)
    is_asked = item.likely_bytes > 0
    return FieldReportRow(
        id=report.id,
        source=report.source,
        url=report.url,
        date=report.date,
        model=model_name(report),
        method=report.method,
        settings=settings_in_words(settings),
        gpus=_gpus(report),
        report=report.report,
        assumed=report.certainty,
        kind=report.kind,
        card_bytes=report.card_bytes,
        measured_bytes=report.measured_bytes,
        measured_as=report.measured_as,
        counter=report.counter,
        low_bytes=item.low_bytes if is_asked else None,
        likely_bytes=item.likely_bytes if is_asked else None,
        high_bytes=item.high_bytes if is_asked else None,
        answer=item.answer,
        outcome=item.outcome,
        missing=", ".join(_MISSING.get(name, name.replace("_", " ")) for name in item.missing),
        calculator_query=_query(item, settings),
    )


def _said(report: FieldReport) -> TrainingSettings:
    settings, _ = settings_of_report(report)
    try:
        return said_of(architecture_of_report(report), settings)
    except ConfigError:
        return settings


def _gpus(report: FieldReport) -> str:
    """“4 × RTX 3090, ZeRO-3, parameters on the host”."""
    gpu = report.gpu or ("GPU" if report.gpu_count == 1 else "GPUs")
    count = f"{report.gpu_count} × " if report.gpu_count > 1 else ""
    words = (f"{count}{gpu}", _STRATEGIES[report.strategy], _OFFLOADS[report.offload])
    return ", ".join(word for word in words if word)


def _query(item: Judged, settings: TrainingSettings) -> str:
    """The calculator's address; of runs on one GPU that can be stated there whole."""
    report = item.report
    if not report.model or report.gpu_count > 1 or report.offload != "none" or item.missing:
        return ""
    return calculator_query(report.model, settings)
