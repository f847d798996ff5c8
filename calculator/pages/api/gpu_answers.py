"""/fit and /my-gpu: the same questions and answers as the pages of that name, as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from calculator.answer.my_gpu import LargestModel, LargestValues, largest_models, largest_values
from calculator.answer.setups import FitRow, fit_rows, runs_on
from calculator.catalog import Catalog
from calculator.estimation import FORMULA_VERSION, FieldError, InputError
from calculator.estimation.cluster.my_gpu import Cards
from calculator.estimation.cluster.run_time import SECONDS_PER_HOUR, Range
from calculator.pages.api.questions import form_errors, question_errors, settings_errors
from calculator.pages.api.requests import METHODS
from calculator.pages.api.responses import device_as_json
from calculator.pages.api.shapes import (
    FitJson,
    FitRowJson,
    MyGpuJson,
    MyGpuMethodJson,
    NumberRangeJson,
)
from calculator.pages.fit.forms import FitForm
from calculator.pages.fit.ordering import sort_rows
from calculator.pages.my_gpu.forms import CardForm
from calculator.pages.my_gpu.presenters import DEFAULT_MODEL
from calculator.question.reading import read_precise_question
from calculator.question.training_form import read_training_form

GPU = "gpu"


def fit_as_json(catalog: Catalog, query: Mapping[str, str], *, today: dt.date) -> FitJson:
    """Every setup that holds the run, as /fit/ lists them.

    Raises:
        InputError: with every field that is wrong.
    """
    question = read_precise_question(catalog, query)
    form = FitForm(query, catalog.gpus)
    errors = (*question_errors(question), *form_errors(form))
    subject, run = question.subject, question.run
    if errors or subject is None or subject.architecture is None or run is None:
        raise InputError(errors)
    settings = run.settings_for(form.cleaned_data["method"])
    rows = fit_rows(
        catalog.gpus,
        subject.architecture,
        settings,
        form.workload(settings.sequence_length),
        today=today,
        stated=form.stated(),
    )
    ordered = sort_rows(rows, form.cleaned_data["sort"])
    return {
        "method": settings.method,
        "setups": [_row_as_json(row) for row in ordered],
        "formula_version": FORMULA_VERSION,
    }


def _row_as_json(row: FitRow) -> FitRowJson:
    setup, time = row.setup, row.run_time
    hours = None if time is None else time.run_seconds.times(1 / SECONDS_PER_HOUR)
    return {
        "gpu": {"slug": row.gpu.slug, "name": row.gpu.name},
        "gpu_count": row.gpu_count,
        "strategy": setup.sharding.strategy,
        "offload": setup.sharding.offload,
        "verdict": setup.verdict,
        "verdict_sentence": setup.verdict_sentence,
        "device_bytes_per_gpu": device_as_json(setup.estimate.device_bytes),
        "usable_bytes_per_gpu": setup.usable_bytes,
        "usd_per_hour": _usd(row.usd_per_hour),
        "is_rent_stale": row.is_rent_stale,
        "retail_usd": _usd(row.retail_usd),
        "is_retail_stale": row.is_retail_stale,
        "hours": _range_as_json(hours),
        "cost_usd": _range_as_json(row.cost_usd),
    }


def _usd(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _range_as_json(found: Range | None) -> NumberRangeJson | None:
    if found is None:
        return None
    return {"low": found.low, "likely": found.likely, "high": found.high}


def my_gpu_as_json(catalog: Catalog, query: Mapping[str, str]) -> MyGpuJson:
    """What so many of one GPU can fine-tune, as its page says.

    Raises:
        InputError: with every field that is wrong.
    """
    gpus = {each.slug: each for each in catalog.gpus}
    models = {m.slug: m for m in catalog.language_models if m.architecture is not None}
    gpu = gpus.get(query.get(GPU, "").strip())
    default = DEFAULT_MODEL if DEFAULT_MODEL in models else next(iter(models), "")
    form = CardForm(query, ((slug, each.name) for slug, each in models.items()), default)
    training = read_training_form(query)
    errors = [*form_errors(form), *settings_errors(training)]
    if gpu is None:
        reason = "not_found" if query.get(GPU, "").strip() else "missing"
        errors.append(FieldError(GPU, "must be the slug of a GPU of the catalog.", reason))
    if errors or gpu is None or training.run is None:
        raise InputError(errors)
    model = models[form.cleaned_data["model"]]
    cards = Cards(gpu.usable_bytes, form.cleaned_data["gpu_count"])
    settings_of = {
        method: training.run.settings_for(method) for method in METHODS if runs_on(gpu, method)
    }
    assert model.architecture is not None
    return {
        "gpu": {"slug": gpu.slug, "name": gpu.name},
        "gpu_count": cards.gpu_count,
        "usable_bytes_per_gpu": gpu.usable_bytes,
        "model": model.slug,
        "methods": [
            _method_as_json(largest, values)
            for largest, values in zip(
                largest_models(catalog.language_models, settings_of, cards),
                largest_values(model.architecture, settings_of, cards),
                strict=True,
            )
        ],
        "formula_version": FORMULA_VERSION,
    }


def _method_as_json(largest: LargestModel, values: LargestValues) -> MyGpuMethodJson:
    model, setup = largest.model, values.setup
    return {
        "method": values.settings.method,
        "largest_model": (
            None
            if model is None
            else {"slug": model.slug, "name": model.name, "parameters": model.params_total_count}
        ),
        "verdict": None if setup is None else setup.verdict,
        "device_bytes_per_gpu": (
            None if setup is None else device_as_json(setup.estimate.device_bytes)
        ),
        "strategy": None if setup is None else setup.sharding.strategy,
        "largest_values": values.values,
    }
