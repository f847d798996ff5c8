"""Query string ↔ how a run is spread over GPUs, under the names of the API and of /fit/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calculator.estimation import SettingsError
from calculator.estimation.cluster.sharding import (
    OFFLOAD_NAMES,
    STRATEGY_NAMES,
    Sharding,
    impossible_reason,
    sharding_from_mapping,
)
from calculator.question.setting_fields import FieldGroup, SettingField
from calculator.question.training_form import Run, parse_count

ONE_GPU = Sharding()
_CHOICES = tuple((slug, name) for slug, name in STRATEGY_NAMES.items() if slug != "none")
CLUSTER_FIELDS = FieldGroup(
    "cluster",
    "Several GPUs and offload",
    (
        SettingField("gpu_count", "Number of GPUs", "count", "Each takes its own micro-batch."),
        SettingField(
            "strategy",
            "Shared out by",
            "choice",
            "ZeRO is DeepSpeed’s, FSDP is the second of its kind unless it says 1.",
            _CHOICES,
        ),
        SettingField(
            "offload",
            "In host memory",
            "choice",
            "ZeRO and FSDP can, on one GPU too.",
            tuple(OFFLOAD_NAMES.items()),
        ),
    ),
)
CLUSTER_NAMES = tuple(field.name for field in CLUSTER_FIELDS.fields)


@dataclass(frozen=True, slots=True)
class ClusterForm:
    """A query's cluster. `sharding` is None while something of it is wrong."""

    typed: Mapping[str, str]
    sharding: Sharding | None
    errors: Mapping[str, str]


def read_cluster(query: Mapping[str, str], run: Run | None) -> ClusterForm:
    """Read number, strategy and offload; what is absent or empty has its default.

    DDP of one GPU is the plain run, which the form's first choice says as well.
    """
    typed = {name: text for name in CLUSTER_NAMES if (text := query.get(name, "").strip())}
    values: dict[str, object] = {**typed}
    if "gpu_count" in typed:
        values["gpu_count"] = parse_count(typed["gpu_count"])
    if values.get("gpu_count", 1) == 1 and values.get("strategy") == "ddp":
        del values["strategy"]
    try:
        sharding = sharding_from_mapping(values)
    except SettingsError as error:
        return ClusterForm(
            typed, None, {e.field: _sentence(e.field, e.message) for e in error.errors}
        )
    reasons = () if run is None else _reasons(run, sharding)
    errors = {"strategy": reasons[0]} if reasons else {}
    return ClusterForm(typed, None if errors else sharding, errors)


def cluster_query(sharding: Sharding) -> dict[str, str]:
    """The shortest query that says the same; nothing for one plain GPU."""
    if sharding == ONE_GPU:
        return {}
    query = {"gpu_count": str(sharding.gpu_count), "strategy": sharding.strategy}
    if sharding.offload != "none":
        query["offload"] = sharding.offload
    return query


def cluster_values(sharding: Sharding) -> dict[str, str]:
    """What stands in each field of the form."""
    return {"gpu_count": "1", "strategy": "ddp", "offload": "none", **cluster_query(sharding)}


def cluster_words(sharding: Sharding) -> str:
    """“4 GPUs with ZeRO-3”, its hyphen no place to break at; nothing for one plain GPU."""
    if sharding == ONE_GPU:
        return ""
    count = "one GPU" if sharding.gpu_count == 1 else f"{sharding.gpu_count:,} GPUs"
    return f"{count} with {sharding.name}".replace("-", "\u2011")


def _reasons(run: Run, sharding: Sharding) -> tuple[str, ...]:
    reasons = (impossible_reason(run.settings_for(m), sharding) for m in ("full", "lora", "qlora"))
    return tuple(filter(None, reasons))


def _sentence(name: str, message: str) -> str:
    label = next((f.label for f in CLUSTER_FIELDS.fields if f.name == name), name)
    return f"{label}: {message[:1].lower()}{message[1:]}" if message[:4] == "must" else message


def changed_cluster(sharding: Sharding, name: str, value: str) -> Sharding | None:
    """The same cluster with another strategy or offload; None where it cannot be."""
    form = read_cluster({**cluster_values(sharding), name: value}, None)
    return form.sharding
