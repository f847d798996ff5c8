"""The API as an OpenAPI 3.1 document, written from the code that answers."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from django import forms

from calculator.estimation import FORMULA_VERSION
from calculator.pages.api import shapes
from calculator.pages.api.json_schema import (
    Schema,
    cluster_schemas,
    components_of,
    query_schema,
    schema_of,
    settings_schemas,
)
from calculator.pages.api.questions import METHOD
from calculator.pages.api.requests import ALL_METHODS, METHODS
from calculator.pages.fit.forms import FitForm
from calculator.pages.my_gpu.forms import CardForm
from calculator.presets.forms import LARGEST_SIZE_B, SMALLEST_SIZE_B
from calculator.question.json_text import LARGEST_BYTES

API_VERSION = "1"
EXAMPLE_MODEL = "llama-3-1-8b"
ABOUT = (
    "How much GPU memory fine-tuning a language model takes. No key, no login, no cookie. Any page"
    " in any browser may ask (CORS). Names that an address does not know are left alone, as on the"
    " pages; in a JSON body they are errors. Nothing is clamped or guessed."
)
ERRORS = {
    "400": "The body is not JSON.",
    "404": "There is nothing at this address.",
    "405": "This address is not asked by this method; Allow says by which.",
    "406": "Only application/json is answered.",
    "413": f"The body has more than {LARGEST_BYTES:,} bytes.",
    "422": "A value is missing, unknown or out of its bounds: one error for each.",
    "429": "Too many requests from this address in a minute. Retry-After says when to ask again.",
    "503": "The database does not answer. Retry-After says when to ask again.",
}
OF_EVERY_ADDRESS = ("404", "405", "406", "429", "503")


class Operation(NamedTuple):
    """One thing to ask. `names` are its query's, `body` its request's schema and example."""

    method: str
    path: str
    summary: str
    answer: Any
    names: tuple[str, ...] = ()
    body: tuple[Schema, Any] | None = None
    errors: tuple[str, ...] = ()
    example: str = ""


def _parameters() -> dict[str, Schema]:
    """Every name of a query with its schema."""
    text: Schema = {"type": "string", "maxLength": 200}
    settings = {name: query_schema(shape) for name, shape in settings_schemas().items()}
    forms_: dict[str, Schema] = {
        name: {**_form_schema(field), "description": str(field.label)}
        for form in (CardForm, FitForm)
        for name, field in form.base_fields.items()
    }
    return {
        **forms_,
        **settings,
        **cluster_schemas(),
        "model": {**text, "description": "Slug, name or Hugging Face name of a model."},
        "size": {
            "type": "number",
            "minimum": float(SMALLEST_SIZE_B),
            "maximum": float(LARGEST_SIZE_B),
            "description": "Billions of parameters, in place of a model.",
        },
        "config": {"type": "string", "description": "A config.json, in place of a model."},
        "gpu": {**text, "description": "Slug of a GPU."},
        METHOD: {"type": "string", "enum": [*METHODS, ALL_METHODS]},
    }


def _form_schema(field: forms.Field) -> Schema:
    if isinstance(field, forms.ChoiceField):
        values = [str(value) for value, _ in field.choices]  # type: ignore[union-attr,misc]
        return {"type": "string", **({"enum": values} if values else {})}
    return {"type": "string", "maxLength": 40}


SETTING_NAMES = tuple(settings_schemas())
CLUSTER_NAMES = tuple(cluster_schemas())
_MODEL = ("model", "size", "config")
_REQUEST: Schema = {
    "type": "object",
    "description": "Exactly one of model, config and params_b says which model.",
    "properties": {
        "model": {"type": "string", "description": "Slug of a model of the catalog."},
        "config": {"type": "object", "description": "The object of a config.json."},
        "params_b": {
            "type": "number",
            "minimum": float(SMALLEST_SIZE_B),
            "maximum": float(LARGEST_SIZE_B),
            "description": "Billions of parameters: a typical architecture of that size.",
        },
        "method": {"type": "string", "enum": [*METHODS, ALL_METHODS]},
        "settings": {
            "type": "object",
            "description": "Trainers' own names of them are understood too.",
            "properties": settings_schemas(),
        },
        "cluster": {
            "type": "object",
            "properties": cluster_schemas(),
            "additionalProperties": False,
        },
    },
    "required": ["method"],
    "additionalProperties": False,
}
_EXAMPLE = {"model": EXAMPLE_MODEL, "method": "qlora", "settings": {"sequence_length": 4096}}
_FILE = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
         "num_attention_heads": 32, "intermediate_size": 14336, "vocab_size": 128256}  # fmt: skip
_ESTIMATES = shapes.EstimateJson | shapes.AllEstimatesJson

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post",
        "/api/v1/estimate",
        "What fine-tuning takes, from a JSON object. Method “all” answers for every method.",
        _ESTIMATES,
        body=(_REQUEST, _EXAMPLE),
        errors=("400", "413", "422"),
    ),
    Operation(
        "get",
        "/api/v1/estimate",
        "The same by the calculator's own address. Without a method, every method.",
        _ESTIMATES,
        names=(*_MODEL, METHOD, *SETTING_NAMES, *CLUSTER_NAMES),
        errors=("422",),
        example=f"?model={EXAMPLE_MODEL}&method=qlora&sequence_length=4096",
    ),
    Operation(
        "get",
        "/api/v1/fit",
        "Which GPUs hold a run, what they cost and how long it takes: the page /fit/.",
        shapes.FitJson,
        names=tuple(dict.fromkeys((*_MODEL, *FitForm.base_fields, *SETTING_NAMES))),
        errors=("422",),
        example=f"?model={EXAMPLE_MODEL}&method=lora&sort=price_per_hour",
    ),
    Operation(
        "get",
        "/api/v1/my-gpu",
        "What so many of one GPU can fine-tune: the page of that GPU.",
        shapes.MyGpuJson,
        names=tuple(dict.fromkeys(("gpu", *CardForm.base_fields, *SETTING_NAMES))),
        errors=("422",),
        example="?gpu=rtx-4090&gpu_count=2",
    ),
    Operation(
        "post",
        "/api/v1/import-config",
        "What a config.json, an adapter_config.json or a trainer's file means here: its text.",
        shapes.ImportJson,
        body=({"type": "object", "description": "The file."}, _FILE),
        errors=("400", "413", "422"),
    ),
    Operation("get", "/api/v1/models", "All language models.", shapes.ModelsJson),
    Operation("get", "/api/v1/models/{slug}", "One of them.", shapes.ModelJson, ("slug",)),
    Operation("get", "/api/v1/gpus", "All GPUs, with their prices.", shapes.GpusJson),
    Operation("get", "/api/v1/gpus/{slug}", "One of them.", shapes.GpuJson, ("slug",)),
    Operation("get", "/api/v1/tiers", "All sizes of GPU memory.", shapes.TiersJson),
    Operation("get", "/api/v1/tiers/{memory_gb}", "One of them.", shapes.TierJson, ("memory_gb",)),
    Operation("get", "/api/v1/presets", "The rule of thumb's methods.", shapes.PresetsJson),
    Operation("get", "/api/v1/presets/{slug}", "One of them.", shapes.PresetJson, ("slug",)),
)
_IN_PATH: dict[str, tuple[Schema, Any]] = {
    "slug": ({"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,80}$"}, EXAMPLE_MODEL),
    "memory_gb": ({"type": "integer", "minimum": 0, "maximum": 100_000}, 24),
}


@cache
def openapi_document() -> dict[str, Any]:
    """The whole document."""
    known = _parameters()
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _as_item(operation, known)
    answers = (operation.answer for operation in OPERATIONS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Fine-Tuning VRAM Calculator",
            "version": f"{API_VERSION}.{FORMULA_VERSION}",
            "description": ABOUT,
        },
        "paths": paths,
        "components": {
            "schemas": components_of(*answers, shapes.ErrorsJson),
            "responses": {
                status: {
                    "description": words,
                    "content": _json(schema_of(shapes.ErrorsJson)),
                }
                for status, words in ERRORS.items()
            },
        },
    }


def _as_item(operation: Operation, known: dict[str, Schema]) -> dict[str, Any]:
    item: dict[str, Any] = {
        "summary": operation.summary,
        "operationId": _id(operation),
        "responses": {
            "200": {"description": "The answer.", "content": _json(schema_of(operation.answer))},
            **{
                status: {"$ref": f"#/components/responses/{status}"}
                for status in sorted({*operation.errors, *OF_EVERY_ADDRESS})
            },
        },
    }
    if operation.names:
        item["parameters"] = [_parameter(name, known) for name in operation.names]
    if operation.body is not None:
        schema, example = operation.body
        item["requestBody"] = {"required": True, "content": _json(schema, example=example)}
    return item


def _parameter(name: str, known: dict[str, Schema]) -> dict[str, Any]:
    if name in _IN_PATH:
        schema, example = _IN_PATH[name]
        return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}
    return {"name": name, "in": "query", "schema": known[name]}


def _id(operation: Operation) -> str:
    words = operation.path.removeprefix("/api/v1/").replace("{", "by_").replace("}", "")
    return f"{operation.method}_{words}".replace("/", "_").replace("-", "_")


def _json(schema: Schema, **more: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema, **more}}
