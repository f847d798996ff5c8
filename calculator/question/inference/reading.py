"""A query string, read: which model is run, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from calculator.catalog import Catalog
from calculator.question.inference.form import (
    NAME_THAT_MAKES_A_SIZE_PRECISE,
    InferenceForm,
    read_inference_form,
)
from calculator.question.own_gpu import read_own_gpu
from calculator.question.reading import Question, precise_question, read_subject
from calculator.question.training_form import Run, TrainingForm

NO_TRAINING = TrainingForm({}, Run(), {})


@dataclass(frozen=True, slots=True)
class InferenceQuestion(Question):
    """The model is read as a question about training reads it; the settings are inference's."""

    inference: InferenceForm = field(default_factory=InferenceForm)

    @property
    def is_understood(self) -> bool:
        return self.subject is not None and self.inference.settings is not None

    @property
    def errors(self) -> Mapping[str, str]:
        return {**self.subject_errors, **self.inference.errors}

    @property
    def settings_query(self) -> dict[str, str]:
        """The settings to take along to another model; a plain size stays precise with them."""
        query = self.inference.query
        if self.is_precise and not query and "size" in self.subject_query:
            return self._kept
        return query

    @property
    def run_query(self) -> dict[str, str]:
        """The shortest query that asks the same, whatever GPU the visitor has."""
        return {**self.subject_query, **self.settings_query}

    @property
    def _kept(self) -> dict[str, str]:
        name = NAME_THAT_MAKES_A_SIZE_PRECISE
        return {name: self.inference.value_of(name)}


def read_inference_question(catalog: Catalog, query: Mapping[str, str]) -> InferenceQuestion:
    """Read a query. A plain size is precise, of the architecture usual for it, with a setting."""
    form = read_inference_form(query)
    asked = read_subject(catalog, query, NO_TRAINING)
    asked = replace(asked, own_gpu=read_own_gpu(catalog.gpus, query))
    if form.is_stated:
        asked = precise_question(asked)
    values = {each.name: getattr(asked, each.name) for each in fields(asked)}
    return InferenceQuestion(**{**values, "training": NO_TRAINING}, inference=form)
