"""What is to be taken along: the model, its settings, a method and perhaps GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calculator.answer.precise import PRECISE_METHODS
from calculator.carrying.exports.job import PLACEHOLDER_MODEL, Job
from calculator.catalog import Catalog
from calculator.estimation import SettingsError
from calculator.estimation.cluster import Sharding, impossible_reason, sharding_from_mapping
from calculator.models import Task
from calculator.question.reading import Question, precise_question, question_error, read_question

CLUSTER_NAMES = ("gpu_count", "strategy", "offload")
DEFAULT_METHOD = "lora"


@dataclass(frozen=True, slots=True)
class Asked:
    """error says what is wrong with it; then there is no job."""

    question: Question
    method: str
    cluster: Mapping[str, str]
    job: Job | None
    error: str = ""

    @property
    def query(self) -> dict[str, str]:
        """The shortest query that asks the same."""
        return {**self.question.query, "method": self.method, **self.cluster}


def read_asked(catalog: Catalog, query: Mapping[str, str]) -> Asked:
    question = precise_question(read_question(catalog, Task.TRAINING, query))
    method = query.get("method", "").strip().lower() or DEFAULT_METHOD
    cluster = {name: query[name].strip() for name in CLUSTER_NAMES if query.get(name, "").strip()}
    error = question_error(question)
    if method not in PRECISE_METHODS:
        error = f"{error} The method is full, lora or qlora.".strip()
        method = DEFAULT_METHOD
    sharding, wrong = _sharding(cluster)
    subject, run = question.subject, question.run
    if sharding is not None and run is not None:
        wrong = wrong or impossible_reason(run.settings_for(method), sharding)
    error = f"{error} {wrong}".strip()
    if error or subject is None or run is None or subject.architecture is None or sharding is None:
        return Asked(question, method, cluster, None, error)
    model = catalog.language_models_by_slug.get(subject.slug)
    is_published = model is not None and "/" in model.hf_id
    job = Job(
        model_id=model.hf_id if model is not None and is_published else PLACEHOLDER_MODEL,
        model_name=subject.name,
        architecture=subject.architecture,
        settings=run.settings_for(method),
        sharding=sharding,
        names=() if model is None else (model.name, model.hf_id),
    )
    return Asked(question, method, cluster, job)


def _sharding(cluster: Mapping[str, str]) -> tuple[Sharding | None, str]:
    values: dict[str, object] = dict(cluster)
    count = cluster.get("gpu_count", "1")
    if not (count.isascii() and count.isdigit() and len(count) < 6):
        return None, "The number of GPUs has to be a whole number."
    values["gpu_count"] = int(count)
    try:
        return sharding_from_mapping(values), ""
    except SettingsError as error:
        return None, " ".join(f"{e.field}: {e.message}" for e in error.errors)
