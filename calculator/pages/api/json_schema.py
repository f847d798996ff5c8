"""Types → JSON Schema (2020-12), so that no shape is typed twice."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from calculator.estimation import TrainingSettings
from calculator.estimation.cluster.sharding import MAXIMUM_GPUS, OFFLOADS, STRATEGIES
from calculator.estimation.settings import (
    ALL_LINEAR,
    CHOICES,
    MAXIMUM_OF_FIELD,
    MAXIMUM_TARGETS,
    MINIMUM_OF_FIELD,
)
from calculator.question.cluster import CLUSTER_FIELDS
from calculator.question.training_fields import FIELDS

Schema = dict[str, Any]
PLAIN: dict[Any, str] = {int: "integer", float: "number", str: "string", bool: "boolean"}


def name_of(shape: type) -> str:
    """`EstimateJson` is called Estimate."""
    return shape.__name__.removesuffix("Json")


def schema_of(shape: Any) -> Schema:
    """A type's schema; a TypedDict's is a reference to its component.

    Raises:
        TypeError: a kind of type that no answer has had yet.
    """
    if is_typeddict(shape):
        return {"$ref": f"#/components/schemas/{name_of(shape)}"}
    if shape in PLAIN:
        return {"type": PLAIN[shape]}
    origin, arguments = get_origin(shape), get_args(shape)
    if origin is Annotated:
        return {**schema_of(arguments[0]), "description": arguments[1]}
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    if origin in (Union, UnionType):
        kinds = [each for each in arguments if each is not NoneType]
        return {
            "anyOf": [
                *map(schema_of, kinds),
                *([{"type": "null"}] if NoneType in arguments else []),
            ]
        }
    raise TypeError(f"No schema for {shape!r}.")


def components_of(*shapes: Any) -> dict[str, Schema]:
    """The components of these TypedDicts and of all that they are made of, by name."""
    found: dict[str, Schema] = {}
    waiting = list(shapes)
    while waiting:
        shape = waiting.pop()
        if not is_typeddict(shape):
            waiting += get_args(shape)
        elif name_of(shape) not in found:
            hints = get_type_hints(shape, include_extras=True)
            found[name_of(shape)] = {
                "type": "object",
                "description": " ".join((shape.__doc__ or "").split()),
                "properties": {name: schema_of(hint) for name, hint in hints.items()},
                "required": [name for name in hints if name in shape.__required_keys__],
            }
            waiting += hints.values()
    return dict(sorted(found.items()))


def settings_schemas() -> dict[str, Schema]:
    """Each training setting as a value of a JSON object, with its bounds and its default."""
    return {
        item.name: _setting_schema(item)
        for item in fields(TrainingSettings)
        if item.name != "method"
    }


def _setting_schema(item: Field[Any]) -> Schema:
    name, default = item.name, item.default
    assert default is not MISSING
    field = FIELDS.get(name)
    words = {} if field is None else {"description": f"{field.label}. {field.hint}".strip()}
    if name == "lora_targets":
        module = {"type": "string", "pattern": r"^[A-Za-z_][A-Za-z0-9_.]*$", "maxLength": 64}
        listed = {"type": "array", "items": module, "minItems": 1, "maxItems": MAXIMUM_TARGETS}
        shape: Schema = {"anyOf": [{"const": ALL_LINEAR}, {**listed, "uniqueItems": True}]}
    elif name in CHOICES:
        shape = {"type": "string", "enum": list(CHOICES[name])}
    elif name in MAXIMUM_OF_FIELD:
        least = MINIMUM_OF_FIELD.get(name, 1)
        shape = {"type": "integer", "minimum": least, "maximum": MAXIMUM_OF_FIELD[name]}
    elif isinstance(default, bool):
        shape = {"type": "boolean"}
    else:
        shape = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}
    return {**shape, "default": default, **words}


def query_schema(shape: Schema) -> Schema:
    """The same value as it stands in an address: a list is one text with commas."""
    if "anyOf" in shape:
        return {"type": "string", **{k: v for k, v in shape.items() if k != "anyOf"}}
    return shape


def cluster_schemas() -> dict[str, Schema]:
    """Number of GPUs, strategy and offload."""
    shapes: dict[str, Schema] = {
        "gpu_count": {"type": "integer", "minimum": 1, "maximum": MAXIMUM_GPUS},
        "strategy": {"type": "string", "enum": list(STRATEGIES)},
        "offload": {"type": "string", "enum": list(OFFLOADS)},
    }
    hints = {field.name: f"{field.label}. {field.hint}" for field in CLUSTER_FIELDS.fields}
    return {name: {**shape, "description": hints[name]} for name, shape in shapes.items()}
