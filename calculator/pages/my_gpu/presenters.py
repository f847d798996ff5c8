"""One GPU's page as its templates print it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from django.urls import reverse

from calculator.answer.my_gpu import LargestModel, largest_models, largest_values
from calculator.answer.setups import runs_on
from calculator.catalog import Catalog
from calculator.estimation import TrainingSettings
from calculator.estimation.cluster.counts import words_for_count
from calculator.estimation.cluster.my_gpu import Cards
from calculator.estimation.spellings import NAMES
from calculator.estimation.verdict import VERDICT_WORDS
from calculator.language_models.specs import LanguageModelSpec
from calculator.pages.my_gpu.answer_views import (
    Asked,
    ModelAnswerView,
    ValuesRow,
    model_answer,
    values_row,
)
from calculator.pages.my_gpu.facts import FactsView, facts_view
from calculator.pages.my_gpu.forms import ONE_CARD, CardForm
from calculator.pages.my_gpu.matrix import MatrixView, matrix_view
from calculator.question.meant.stand_ins import (
    InsteadView,
    StandIn,
    first_of,
    stand_in,
    stand_in_words,
)
from calculator.question.own_gpu import OwnGpu
from calculator.question.reading import Question, read_question
from calculator.question.training_form import (
    SETTING_NAMES,
    Run,
    read_training_form,
    run_of_settings,
)
from calculator.words.methods import METHOD_NAMES, METHOD_WORDS
from calculator.words.query_forms import without_mistakes
from gpus.specs import GpuSpec

# What a visitor is most likely to ask about first; any other model is a choice away.
DEFAULT_MODEL = "llama-3-1-8b"


@dataclass(frozen=True, slots=True)
class AnswersView:
    """What the cards can fine-tune."""

    status: str
    count_words: str
    """Of a number of cards that cannot be had as such."""
    largest: tuple[ModelAnswerView, ...]
    model_name: str
    cards_words: str
    """“one GeForce RTX 4090”, “2× GeForce RTX 4090”."""
    values: tuple[ValuesRow, ...]
    settings_words: str
    fit_url: str
    missing: tuple[str, ...]
    """Methods that do not run on this GPU's software."""


@dataclass(frozen=True, slots=True)
class CardView:
    """The whole page. `answers` is None while something asked has an error."""

    gpu: GpuSpec
    facts: FactsView
    form: CardForm
    title: str
    error: str
    instead: InsteadView | None
    answers: AnswersView | None
    matrix: MatrixView
    kept_query: tuple[tuple[str, str], ...]
    page_url: str
    canonical_path: str
    fragment_path: str


def present_card(
    catalog: Catalog,
    slug: str,
    query: Mapping[str, str],
    *,
    today: dt.date,
    fills_in: bool = False,
) -> CardView | None:
    """One GPU's page for a query string's values; None where no such GPU is published.

    With `fills_in`, what is wrong has its default in answers that say so.
    """
    gpu = next((each for each in catalog.gpus if each.slug == slug), None)
    if gpu is None:
        return None
    models = {
        model.slug: model for model in catalog.language_models if model.architecture is not None
    }
    default = DEFAULT_MODEL if DEFAULT_MODEL in models else next(iter(models), "")

    def asked_form(query: Mapping[str, str]) -> CardForm:
        return CardForm(query, ((key, each.name) for key, each in models.items()), default)

    form, training = asked_form(query), read_training_form(query)
    answered, run, instead = form, training.run, None
    if fills_in and (form.errors or training.errors):
        answered, names = without_mistakes(form, asked_form)
        found = _settings_without_mistakes(catalog, query) if training.errors else None
        run = run if found is None else found.question.run
        default_words = {"gpu_count": ONE_CARD, "model": models[default].name if default else ""}
        instead = InsteadView(
            stand_in_words(found, *(default_words[name] for name in names)),
            first_of(names, CardForm.base_fields, prefix="card-"),
            " ".join(training.errors.values()),
        )
    answers = None
    if answered.is_valid() and run is not None:
        model = models[answered.cleaned_data["model"]]
        answers = _answers(catalog, gpu, model, answered.cleaned_data["gpu_count"], run)
    # What is wrong with a setting has no field here to put it right in.
    kept = dict(training.typed) if run is None else run.query()
    path = reverse("gpus:card", args=[slug])
    asked = {name: form.data[name] for name in form.fields if form.data[name] != ""}
    page_query = kept | {
        name: value
        for name, value in asked.items()
        if value != {"gpu_count": "1", "model": default}[name]
    }
    return CardView(
        gpu=gpu,
        facts=facts_view(gpu, today=today),
        form=form,
        title=f"{gpu.name}: what it can fine-tune",
        error=" ".join(training.errors.values()),
        instead=instead if answers else None,
        answers=answers,
        matrix=matrix_view(catalog, gpu),
        kept_query=tuple(kept.items()),
        page_url=reverse("gpus:card", args=[slug], query=page_query),
        canonical_path=path,
        fragment_path=reverse("gpus:card_answers", args=[slug]),
    )


def _settings_without_mistakes(
    catalog: Catalog, query: Mapping[str, str]
) -> StandIn[Question] | None:
    settings = {name: query[name] for name in (*SETTING_NAMES, *NAMES) if name in query}
    read = partial(read_question, catalog)
    return stand_in(read(settings), settings, read)


def _answers(
    catalog: Catalog, gpu: GpuSpec, model: LanguageModelSpec, gpu_count: int, run: Run
) -> AnswersView:
    cards, asked = Cards(gpu.usable_bytes, gpu_count), Asked(OwnGpu(gpu, gpu_count))
    settings_of = {
        method: run.settings_for(method) for method in METHOD_NAMES if runs_on(gpu, method)
    }
    assert model.architecture is not None
    largest = largest_models(catalog.language_models, settings_of, cards)
    values = largest_values(model.architecture, settings_of, cards)
    kept = {name: value for name, value in run.query().items() if name in SETTING_NAMES}
    return AnswersView(
        status=_status(gpu, gpu_count, largest),
        count_words=words_for_count(gpu_count),
        largest=tuple(model_answer(answer, asked, _query) for answer in largest),
        model_name=model.name,
        cards_words=f"{gpu_count}× {gpu.name}" if gpu_count > 1 else f"one {gpu.name}",
        values=tuple(values_row(answer, model, asked, _query) for answer in values),
        settings_words=_settings_words(settings_of),
        fit_url=reverse(
            "fit:page", query={"model": model.slug, **kept, **OwnGpu(gpu, gpu_count).query}
        ),
        missing=tuple(name for method, name in METHOD_NAMES.items() if method not in settings_of),
    )


def _query(model: LanguageModelSpec, settings: TrainingSettings) -> dict[str, str]:
    """The calculator's query for a model with these settings."""
    query = run_of_settings(settings).query()
    return {"model": model.slug, **query}


def _status(gpu: GpuSpec, gpu_count: int, largest: tuple[LargestModel, ...]) -> str:
    """“2× RTX 4090: full fine-tuning up to Pythia 1.4B, LoRA up to …”."""
    times = f"{gpu_count}× " if gpu_count > 1 else ""
    found = [
        f"{METHOD_WORDS[answer.method]} up to {answer.model.name}{_tight(answer)}"
        for answer in largest
        if answer.model is not None
    ]
    if not found:
        return f"{times}{gpu.short_name} holds none of the models with these settings."
    return f"{times}{gpu.short_name}: {', '.join(found)}."


def _tight(answer: LargestModel) -> str:
    """The largest that is held at all is often held only just."""
    is_tight = answer.setup is not None and answer.setup.verdict == "tight"
    return f" ({VERDICT_WORDS['tight']})" if is_tight else ""


def _settings_words(settings_of: dict[str, TrainingSettings]) -> str:
    settings = next(iter(settings_of.values()), None)
    if settings is None:
        return ""
    checkpointing = "with" if settings.gradient_checkpointing else "without"
    return (
        f"micro-batch {settings.micro_batch:,}, {settings.sequence_length:,} tokens,"
        f" {checkpointing} gradient checkpointing"
    )
