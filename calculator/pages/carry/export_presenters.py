"""/export/<tool>/ as its template prints it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse

from calculator.carrying.exports.exporting import TOOL_NAMES, Export, export
from calculator.carrying.exports.job import PLACEHOLDER_MODEL
from calculator.catalog import Catalog
from calculator.pages.carry.asked import Asked, read_asked
from calculator.words.formatting import format_gb
from calculator.words.methods import METHOD_NAMES


@dataclass(frozen=True, slots=True)
class FileView:
    name: str
    anchor: str
    text: str
    url: str
    notes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ToolChoice:
    name: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class ExportView:
    """The whole page. Without files, `error` or `reason` says why."""

    title: str
    lead: str
    error: str
    reason: str
    tools: tuple[ToolChoice, ...]
    methods: tuple[ToolChoice, ...]
    files: tuple[FileView, ...]
    command: str
    versions: str
    cannot: tuple[str, ...]
    is_placeholder: bool
    markdown_url: str
    csv_url: str
    calculator_url: str
    card: str
    canonical_path: str


def present_export(catalog: Catalog, tool: str, query: Mapping[str, str]) -> ExportView:
    """Turn a query string's values into the files for a tool."""
    asked = read_asked(catalog, query)
    found = None if asked.job is None else export(asked.job, tool)
    question = asked.question
    model = "your model" if question.subject is None else question.subject.name
    return ExportView(
        title=f"{METHOD_NAMES[asked.method]} of {model} with {TOOL_NAMES[tool]}",
        lead=_lead(asked, tool, found),
        error=asked.error,
        reason="" if found is None else found.reason,
        tools=tuple(
            ToolChoice(name, export_url(each, asked.query), each == tool)
            for each, name in TOOL_NAMES.items()
        ),
        methods=tuple(
            ToolChoice(
                name, export_url(tool, {**question.query, "method": each}), each == asked.method
            )
            for each, name in METHOD_NAMES.items()
        ),
        files=() if found is None else _files(found, asked),
        command="" if found is None else found.command,
        versions="" if found is None else found.versions,
        cannot=() if found is None else found.cannot,
        is_placeholder=asked.job is not None and asked.job.model_id == PLACEHOLDER_MODEL,
        markdown_url=reverse(
            "calculator:export_markdown", query={**question.query, **asked.cluster}
        ),
        csv_url=reverse("calculator:export_csv", query={**question.query, **asked.cluster}),
        calculator_url=reverse("calculator:training", query={**question.query, **asked.cluster}),
        card=f"card-{asked.method}",
        canonical_path=export_url(tool, asked.query),
    )


def export_url(tool: str, query: Mapping[str, str]) -> str:
    return reverse("calculator:export", args=[tool], query=dict(query))


def _lead(asked: Asked, tool: str, found: Export | None) -> str:
    job = asked.job
    if job is None or found is None or not found.files:
        return "The settings of the page as a file for the tool that trains."
    where = f"on {job.where}" if job.gpu_count == 1 else f"on each of {job.where}"
    page, file = format_gb(job.likely_bytes), format_gb(found.likely_bytes)
    if page == file:
        return f"About {page} {where}, as on the page. Each line that costs memory says how much."
    return (
        f"About {file} {where} by this file; the page says {page}, and what differs stands below."
        " Each line that costs memory says how much."
    )


def _files(found: Export, asked: Asked) -> tuple[FileView, ...]:
    return tuple(
        FileView(
            name=file.name,
            anchor=file.name.replace(".", "-"),
            text=file.text,
            url=reverse("calculator:export_file", args=[found.tool, file.name], query=asked.query),
            notes=file.notes,
        )
        for file in found.files
    )
