"""A request's bytes → what is asked, checked. Everything wrong is named by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from calculator.catalog import Catalog
from calculator.estimation import (
    Architecture,
    FieldError,
    InputError,
    TrainingSettings,
    settings_from_mapping,
)
from calculator.estimation.cluster.sharding import (
    Sharding,
    impossible_reason,
    sharding_from_mapping,
)
from calculator.estimation.lora_targets import check_targets
from calculator.estimation.settings import CHOICES
from calculator.language_models.search import find_model, nearest_models
from calculator.presets.forms import LARGEST_SIZE_B, SMALLEST_SIZE_B
from calculator.question.subjects import (
    Subject,
    subject_of_config,
    subject_of_model,
    subject_of_size,
)
from calculator.words.formatting import format_number

MODEL_FIELDS = ("model", "config", "params_b")
FIELDS = (*MODEL_FIELDS, "method", "settings", "cluster")
METHODS = CHOICES["method"]
ALL_METHODS = "all"


@dataclass(frozen=True, slots=True)
class EstimateRequest:
    """What is asked for: one run, or the same of every method.

    sharding is how the run is spread over several GPUs, where that is asked.
    """

    subject: Subject
    architecture: Architecture
    runs: tuple[TrainingSettings, ...]
    is_of_all_methods: bool
    sharding: Sharding | None


def read_estimate_request(catalog: Catalog, value: object) -> EstimateRequest:
    """What is asked for.

    Raises:
        InputError: with every field that is wrong, as far as they can be told apart.
    """
    if not isinstance(value, dict):
        raise InputError([FieldError("body", "must be a JSON object.")])
    errors = [
        FieldError(str(name)[:40], f"is not one of {', '.join(FIELDS)}.", "unknown_name")
        for name in value
        if name not in FIELDS
    ]
    subject = sharding = None
    runs: tuple[TrainingSettings, ...] = ()
    try:
        subject = _read_subject(catalog, value)
    except InputError as error:
        errors += error.errors
    try:
        runs = _read_settings(value)
    except InputError as error:
        errors += error.errors
    try:
        sharding = _read_cluster(value)
    except InputError as error:
        errors += error.errors
    if sharding is not None:
        reasons = filter(None, (impossible_reason(settings, sharding) for settings in runs))
        errors += [FieldError("cluster.strategy", reason) for reason in reasons]
    if errors or subject is None or subject.architecture is None or not runs:
        raise InputError(errors)
    for settings in runs:
        check_targets(subject.architecture, settings)
    is_of_all = value["method"] == ALL_METHODS
    return EstimateRequest(subject, subject.architecture, runs, is_of_all, sharding)


def _read_subject(catalog: Catalog, value: dict[str, Any]) -> Subject:
    given = [name for name in MODEL_FIELDS if name in value]
    if len(given) != 1:
        wrong = "model" if not given else given[-1]
        message = "Give exactly one of model, config and params_b."
        raise InputError([FieldError(wrong, message, "invalid" if given else "missing")])
    if given == ["model"]:
        return _read_model(catalog, value["model"])
    if given == ["config"]:
        return _read_config(value["config"])
    return _read_size(value["params_b"])


def _read_model(catalog: Catalog, typed: object) -> Subject:
    """The model of a slug, or of a name as people have it in their scripts."""
    model = find_model(catalog, typed) if isinstance(typed, str) and typed.strip() else None
    subject = None if model is None else subject_of_model(catalog, model.slug)
    if subject is None:
        near = nearest_models(catalog, typed) if isinstance(typed, str) else ()
        hint = f" Nearest: {', '.join(each.slug for each in near)}." if near else ""
        raise InputError(
            [FieldError("model", f"is not the slug of a model of the catalog.{hint}", "not_found")]
        )
    if subject.architecture is None:
        reason = subject.parameters_only_reason
        raise InputError([FieldError("model", f"has no precise estimate. {reason}".strip())])
    return subject


def _read_config(config: object) -> Subject:
    if not isinstance(config, Mapping):
        raise InputError([FieldError("config", "must be the JSON object of a config.json.")])
    try:
        return subject_of_config(config)
    except InputError as error:
        raise InputError(
            [
                FieldError(f"config.{e.field}" if e.field else "config", e.message, e.reason)
                for e in error.errors
            ]
        ) from error


def _read_size(params_b: object) -> Subject:
    if (
        isinstance(params_b, bool)
        or not isinstance(params_b, int | float)
        or not SMALLEST_SIZE_B <= params_b <= LARGEST_SIZE_B
    ):
        bounds = f"{SMALLEST_SIZE_B} and {format_number(LARGEST_SIZE_B)}"
        message = f"must be a number between {bounds}: billions."
        raise InputError([FieldError("params_b", message, "out_of_bounds")])
    return subject_of_size(Decimal(str(params_b)))


def _read_settings(value: dict[str, Any]) -> tuple[TrainingSettings, ...]:
    errors = []
    method, settings = value.get("method"), value.get("settings", {})
    if method is None:
        listed = ", ".join((*METHODS, ALL_METHODS))
        errors.append(FieldError("method", f"must be one of {listed}.", "missing"))
    if not isinstance(settings, dict):
        errors.append(FieldError("settings", "must be a JSON object."))
    elif "method" in settings:
        errors.append(FieldError("method", "stands beside “settings”, not in it."))
    if errors:
        raise InputError(errors)
    methods = METHODS if method == ALL_METHODS else (method,)
    return tuple(settings_from_mapping(settings, method=each) for each in methods)


def _read_cluster(value: dict[str, Any]) -> Sharding | None:
    cluster = value.get("cluster")
    if cluster is None:
        return None
    if not isinstance(cluster, dict):
        raise InputError([FieldError("cluster", "must be a JSON object.")])
    try:
        return sharding_from_mapping(cluster)
    except InputError as error:
        raise InputError(
            [FieldError(f"cluster.{e.field}", e.message, e.reason) for e in error.errors]
        ) from error
