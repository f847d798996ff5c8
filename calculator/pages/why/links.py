"""From a changed run back to the calculator."""

from __future__ import annotations

from django.urls import reverse

from calculator.estimation import TrainingSettings
from calculator.estimation.settings import changed_fields
from calculator.question.reading import Question
from calculator.question.training_fields import FIELDS
from calculator.question.training_form import Run, precise_query


def calculator_url(
    question: Question, run: Run, settings: TrainingSettings, changed: TrainingSettings
) -> str:
    """The calculator with the changed settings, at the method's card; empty where it cannot."""
    values = {name: getattr(changed, name) for name in changed_fields(changed, settings)}
    values.pop("method", None)
    if not set(values) <= set(FIELDS):
        return ""
    query = precise_query(run.with_(**values), question.subject_query)
    page = reverse(
        "calculator:training", query={**question.subject_query, **query, **question.own_gpu.query}
    )
    return f"{page}#card-{changed.method}"
