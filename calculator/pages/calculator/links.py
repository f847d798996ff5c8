"""The addresses that a question leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from calculator.models import Task
from calculator.question.training_form import Run, precise_query
from calculator.words.addresses import path_of, with_query


@dataclass(frozen=True)
class Links:
    """Page and fragment of one task; `subject_query` is the model that is asked about."""

    task: str
    subject_query: Mapping[str, str]
    beside_run_query: Mapping[str, str] = field(default_factory=dict)
    """The cluster and the visitor's own GPU, which stay while the run changes."""

    @cached_property
    def page_path(self) -> str:
        return path_of(f"calculator:{self.task}")

    @cached_property
    def fragment_path(self) -> str:
        return path_of(f"calculator:{self.task}_fragment")

    def other_task_url(self, query: Mapping[str, str]) -> str:
        other = Task.INFERENCE if self.task == Task.TRAINING else Task.TRAINING
        return with_query(path_of(f"calculator:{other}"), query)

    def page_url(self, query: Mapping[str, str]) -> str:
        return with_query(self.page_path, query)

    def fragment_url(self, query: Mapping[str, str]) -> str:
        return with_query(self.fragment_path, query)

    def urls(self, query: Mapping[str, str]) -> tuple[str, str]:
        """The page's and the fragment's address for one query, which is written once."""
        text = with_query("", query)
        return self.page_path + text, self.fragment_path + text

    def query_with(self, run: Run) -> dict[str, str]:
        """The same model, trained in another way."""
        precise = precise_query(run, self.subject_query)
        return {**self.subject_query, **precise, **self.beside_run_query}
