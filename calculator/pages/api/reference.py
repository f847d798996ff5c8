"""/api/: the OpenAPI document as a page that one can read, with requests to copy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from calculator.pages.api.json_schema import Schema, name_of
from calculator.pages.api.openapi import EXAMPLE_MODEL, OPERATIONS, Operation, openapi_document
from calculator.pages.heads import page_head
from calculator.serving.public_views import keeps_own_gpu, public

LIMIT_WORDS = "A body may have 256 kB. POST may be asked 120 times a minute from one address."
EXAMPLES_IN_PATHS = {
    "/api/v1/models/{slug}": f"/api/v1/models/{EXAMPLE_MODEL}",
    "/api/v1/gpus/{slug}": "/api/v1/gpus/rtx-4090",
    "/api/v1/tiers/{memory_gb}": "/api/v1/tiers/24",
    "/api/v1/presets/{slug}": "/api/v1/presets/qlora",
}


@dataclass(frozen=True, slots=True)
class ValueView:
    """A name of a query, of a body or of an answer: `kind` says what it may be."""

    name: str
    kind: str
    default: str
    words: str


@dataclass(frozen=True, slots=True)
class OperationView:
    anchor: str
    method: str
    path: str
    summary: str
    example: str
    """A command line to copy."""
    parameters: tuple[ValueView, ...]
    answers: tuple[str, ...]
    """Names of shapes."""
    errors: str


@dataclass(frozen=True, slots=True)
class ShapeView:
    name: str
    words: str
    values: tuple[ValueView, ...]


@public()
@keeps_own_gpu
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    document = openapi_document()
    site = f"{request.scheme}://{request.get_host()}"
    frame = f"{site}{reverse('calculator:embed')}?{urlencode({'model': EXAMPLE_MODEL})}"
    context = {
        "document": document,
        "operations": [
            _operation(each, document, site) for each in OPERATIONS if not _is_of_rows(each)
        ],
        "of_rows": [_operation(each, document, site) for each in OPERATIONS if _is_of_rows(each)],
        "request_values": _values(_request_schema(document)["properties"]),
        "settings": _values(_request_schema(document)["properties"]["settings"]["properties"]),
        "shapes": [_shape(name, s) for name, s in document["components"]["schemas"].items()],
        "errors": [
            (status, found["description"])
            for status, found in document["components"]["responses"].items()
        ],
        "limits": LIMIT_WORDS,
        "frame": f'<iframe src="{frame}" title="VRAM to fine-tune this model"'
        ' width="100%" height="260" loading="lazy"></iframe>',
        "frame_path": frame.removeprefix(site),
        "head": page_head("api", reverse("calculator:api"), "API"),
    }
    return render(request, "calculator/pages/api/reference.html", context)


def _is_of_rows(operation: Operation) -> bool:
    """Whether it tells what the catalog has, and asks no question that has to be worked out."""
    in_query = [name for name in operation.names if f"{{{name}}}" not in operation.path]
    return not in_query and operation.body is None


def _request_schema(document: Mapping[str, Any]) -> Schema:
    body = document["paths"]["/api/v1/estimate"]["post"]["requestBody"]
    schema: Schema = body["content"]["application/json"]["schema"]
    return schema


def _operation(operation: Operation, document: Mapping[str, Any], site: str) -> OperationView:
    item = document["paths"][operation.path][operation.method]
    path = EXAMPLES_IN_PATHS.get(operation.path, operation.path) + operation.example
    command = f"curl -s '{site}{path}'"
    if operation.body is not None:
        command += f" -d '{json.dumps(operation.body[1])}'"
    shapes = getattr(operation.answer, "__args__", (operation.answer,))
    return OperationView(
        anchor=item["operationId"],
        method=operation.method.upper(),
        path=operation.path,
        summary=operation.summary,
        example=command,
        parameters=_values({each["name"]: each["schema"] for each in item.get("parameters", ())}),
        answers=tuple(map(name_of, shapes)),
        errors=", ".join(status for status in item["responses"] if status != "200"),
    )


def _shape(name: str, schema: Schema) -> ShapeView:
    return ShapeView(name, schema["description"], _values(schema["properties"]))


def _values(properties: Mapping[str, Schema]) -> tuple[ValueView, ...]:
    return tuple(
        ValueView(
            name,
            _kind(schema),
            json.dumps(schema["default"]) if "default" in schema else "",
            schema.get("description", ""),
        )
        for name, schema in properties.items()
    )


def _kind(schema: Schema) -> str:
    """A schema in words: “whole number, 1 to 4,096”, “list of Component”."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return _joined(map(_kind, schema["anyOf"]))
    if "enum" in schema:
        return _joined(f"“{value}”" for value in schema["enum"])
    if "const" in schema:
        return f"“{schema['const']}”"
    kind = schema.get("type", "")
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    words = {"integer": "whole number", "string": "text", "boolean": "true or false"}
    least, most = schema.get("minimum"), schema.get("maximum")
    bounds = f", {least:,} to {most:,}" if least is not None and most is not None else ""
    return f"{words.get(kind, kind)}{bounds}"


def _joined(words: Iterable[str]) -> str:
    return " or ".join(words)
