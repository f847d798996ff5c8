"""A query string with the pages' own names → what is asked, or what is wrong, by field."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms

from calculator.catalog import Catalog
from calculator.estimation import FieldError, InputError
from calculator.pages.api.requests import ALL_METHODS, METHODS, EstimateRequest
from calculator.question.cluster import ONE_GPU
from calculator.question.reading import Question, precise_question, read_question, with_cluster
from calculator.question.training_form import TrainingForm

METHOD = "method"


def read_estimate_query(catalog: Catalog, query: Mapping[str, str]) -> EstimateRequest:
    """What a page's address asks; without a method, of all of them.

    Raises:
        InputError: with every field that is wrong.
    """
    question = with_cluster(read_question(catalog, query), query)
    method = query.get(METHOD, "").strip() or ALL_METHODS
    errors = list(question_errors(question))
    if method not in (*METHODS, ALL_METHODS):
        listed = ", ".join((*METHODS, ALL_METHODS))
        errors.append(FieldError(METHOD, f"must be one of {listed}.", "not_a_choice"))
    question = precise_question(question)
    subject, run = question.subject, question.run
    if errors or subject is None or subject.architecture is None or run is None:
        raise InputError(errors)
    methods = METHODS if method == ALL_METHODS else (method,)
    return EstimateRequest(
        subject,
        subject.architecture,
        tuple(run.settings_for(each) for each in methods),
        is_of_all_methods=method == ALL_METHODS,
        sharding=None if question.sharding == ONE_GPU else question.sharding,
    )


def question_errors(question: Question) -> tuple[FieldError, ...]:
    """All that is wrong with a question that needs a precise answer."""
    named = {
        "size": question.size_error,
        "model": question.model_error,
        "config": question.config_error,
        **question.training.errors,
    }
    subject = precise_question(question).subject
    if subject is not None and subject.architecture is None:
        reason = subject.parameters_only_reason
        named["model"] = f"{subject.name} has no precise estimate. {reason}".strip()
    reasons = {"size": "out_of_bounds", "model": "not_found"}
    return tuple(
        FieldError(name, message, reasons.get(name, "invalid"))
        for name, message in named.items()
        if message
    )


def form_errors(form: forms.Form) -> tuple[FieldError, ...]:
    """What is wrong with a form of a page, by field."""
    return tuple(
        FieldError(name, " ".join(map(str, messages))) for name, messages in form.errors.items()
    )


def settings_errors(training: TrainingForm) -> tuple[FieldError, ...]:
    """What is wrong with the settings of a query, by field."""
    return tuple(FieldError(name, message) for name, message in training.errors.items())
