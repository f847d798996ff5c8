"""The addresses that a question leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.urls import reverse

from calculator.models import Task
from calculator.question.training_form import Run, precise_query


@dataclass(frozen=True, slots=True)
class Links:
    """Page and fragment of one task; `subject_query` is the model that is asked about."""

    task: str
    subject_query: Mapping[str, str]
    cluster_query: Mapping[str, str] = field(default_factory=dict)

    @property
    def page_path(self) -> str:
        return reverse(f"calculator:{self.task}")

    @property
    def fragment_path(self) -> str:
        return reverse(f"calculator:{self.task}_fragment")

    def other_task_url(self, query: Mapping[str, str]) -> str:
        other = Task.INFERENCE if self.task == Task.TRAINING else Task.TRAINING
        return reverse(f"calculator:{other}", query=query)

    def page_url(self, query: Mapping[str, str]) -> str:
        return reverse(f"calculator:{self.task}", query=query)

    def fragment_url(self, query: Mapping[str, str]) -> str:
        return reverse(f"calculator:{self.task}_fragment", query=query)

    def query_with(self, run: Run) -> dict[str, str]:
        """The same model, trained in another way."""
        precise = precise_query(run, self.subject_query)
        return {**self.subject_query, **precise, **self.cluster_query}
