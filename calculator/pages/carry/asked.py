"""What is to be taken along: the model, its settings, a method and perhaps GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calculator.answer.precise import PRECISE_METHODS
from calculator.carrying.exports.job import PLACEHOLDER_MODEL, Job
from calculator.catalog import Catalog
from calculator.estimation.cluster import impossible_reason
from calculator.question.cluster import cluster_query, read_cluster
from calculator.question.reading import Question, question_error, read_precise_question

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
    question = read_precise_question(catalog, query)
    method = query.get("method", "").strip().lower() or DEFAULT_METHOD
    error = question_error(question)
    if method not in PRECISE_METHODS:
        error = f"{error} The method is full, lora or qlora.".strip()
        method = DEFAULT_METHOD
    # Only this method has to run so: another one's file is another one's question.
    form = read_cluster(query, None)
    sharding = form.sharding
    cluster = form.typed if sharding is None else cluster_query(sharding)
    subject, run = question.subject, question.run
    wrong = [*form.errors.values()]
    if sharding is not None and run is not None:
        wrong.append(impossible_reason(run.settings_for(method), sharding))
    error = " ".join(filter(None, [error, *wrong]))
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
