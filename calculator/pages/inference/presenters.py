"""The page of inference: everything on it that depends on the inputs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import partial

from calculator.answer.inference import InferenceResult, all_results, card_results
from calculator.catalog import Catalog
from calculator.models import Task
from calculator.pages.calculator.answer_view import AnswerView
from calculator.pages.calculator.beside.gpu_choices import gpu_choices
from calculator.pages.calculator.headline import inference_precise_headline
from calculator.pages.calculator.links import Links
from calculator.pages.calculator.model_choice import MatchesView, present_matches, present_typed
from calculator.pages.calculator.presenters import CalculatorView, present_question, size_choices
from calculator.pages.calculator.ruler import draw_ruler
from calculator.pages.inference.cards import (
    FormatGroup,
    InferenceCardView,
    format_groups,
    load_words,
    present_inference_card,
)
from calculator.pages.inference.published import HeldTo, held_to
from calculator.pages.inference.settings import present_inference_settings
from calculator.question.inference.form import DEFAULTS, INFERENCE_FIELDS, INFERENCE_NAMES
from calculator.question.inference.reading import InferenceQuestion, read_inference_question
from calculator.question.meant.one_form import shortest_query
from calculator.question.meant.stand_ins import (
    InsteadView,
    StandIn,
    first_of,
    setting_words,
    stand_in,
    stand_in_words,
)
from calculator.question.own_gpu import OWN_GPU
from calculator.question.reading import SUBJECT_NAMES
from calculator.question.subjects import Subject
from calculator.words.addresses import path_of
from calculator.words.formatting import format_figure


@dataclass(frozen=True, slots=True)
class PreciseView:
    """The precise answer: cards of 16, 8 and 4 bits, and a row for every format, by runtime."""

    cards: tuple[InferenceCardView, ...]
    formats: tuple[FormatGroup, ...]
    notes: tuple[str, ...]
    model_url: str


@dataclass(frozen=True, slots=True)
class InferenceView(CalculatorView):
    """The calculator's page with inference's question, settings and answer.

    `answer` holds headline and ruler either way, and the cards by the rule of thumb.
    """

    question: InferenceQuestion
    precise: PreciseView | None = None
    held_to: HeldTo | None = None

    @property
    def models_fragment_url(self) -> str:
        return path_of("calculator:inference_models_fragment")

    @property
    def config_url(self) -> str:
        return path_of("calculator:inference_config")


def present_inference(
    catalog: Catalog,
    query: Mapping[str, str],
    *,
    today: dt.date | None = None,
    fills_in: bool = False,
) -> InferenceView:
    """Turn a query string's values into the page: the answer, or the error beside its field.

    With `fills_in`, what is wrong has its default in an answer that says so.
    """
    read = partial(read_inference_question, catalog)
    question = read(query)
    found = stand_in(question, query, read) if fills_in else None
    answered = question if found is None else found.question
    links = Links(Task.INFERENCE, question.subject_query, question.own_gpu.query)
    # The page by the rule of thumb is the calculator's; what is precise takes the place of it.
    base = present_question(
        catalog,
        Task.INFERENCE,
        _rough(question),
        {},
        today=today,
        answered=_rough(answered),
    )
    results = _results(catalog, answered)
    is_rough = question.inference.settings is not None and not results
    values = {each.name: getattr(base, each.name) for each in fields(CalculatorView)}
    values |= {
        "question": question,
        "matches": present_matches(
            question.matches,
            question.model_typed if question.model_error or question.matches.total_count else "",
            {**question.inference.query, **question.own_gpu.query},
            links,
        ),
        "sizes": size_choices(
            catalog,
            question.subject_query.get("size") if question.subject else None,
            {**question.settings_query, **question.own_gpu.query},
            links,
        ),
        "settings": present_inference_settings(question, links),
        "instead": None if found is None else _instead(found),
        "gpu_choices": gpu_choices(question, links),
    }
    if not is_rough:
        page_url = links.page_url(question.query)
        values |= {
            "title": _title(question, results),
            "answer": _answer(catalog, answered, results),
            "page_url": page_url,
            "canonical_url": (
                links.page_url(question.run_query) if question.is_understood else links.page_path
            ),
        }
    if not results:
        values |= {"rule_of_thumb_url": "", "rule_of_thumb_fragment_url": ""}
    return InferenceView(
        **values,
        precise=(
            _precise(catalog, answered, answered.subject, results, today)
            if results and answered.subject is not None
            else None
        ),
        held_to=held_to(catalog),
    )


def _instead(found: StandIn[InferenceQuestion]) -> InsteadView:
    defaults = {
        each.name: setting_words(each, str(getattr(DEFAULTS, each.name)))
        for each in INFERENCE_FIELDS.fields
    }
    words = stand_in_words(found, defaults=defaults)
    return InsteadView(words, first_of(found.names, (*SUBJECT_NAMES, *defaults)))


def _rough(question: InferenceQuestion) -> InferenceQuestion:
    """The same question about no more than the model's size."""
    if question.subject is None:
        return question
    return replace(question, subject=replace(question.subject, architecture=None))


def inference_address_of(catalog: Catalog, query: Mapping[str, str]) -> str:
    """The page's address for a question, its shortest."""
    question = read_inference_question(catalog, query)
    return Links(Task.INFERENCE, {}).page_url(shortest_query(question, query))


def present_inference_search(catalog: Catalog, query: Mapping[str, str]) -> MatchesView:
    """The models that match what stands in the model field so far, with links that answer."""
    typed = query.get("model", "")
    settings = {name: query[name] for name in (*INFERENCE_NAMES, OWN_GPU) if query.get(name)}
    links = Links(Task.INFERENCE, {})
    return present_typed(catalog, typed, settings, links)


def _results(catalog: Catalog, question: InferenceQuestion) -> tuple[InferenceResult, ...]:
    subject, settings = question.subject, question.inference.settings
    if subject is None or settings is None or subject.architecture is None:
        return ()
    return card_results(catalog, subject.architecture, settings)


def _answer(
    catalog: Catalog, question: InferenceQuestion, results: tuple[InferenceResult, ...]
) -> AnswerView | None:
    subject, settings = question.subject, question.inference.settings
    if not results or subject is None or settings is None:
        return None
    load = load_words(settings.sequences, settings.context_length)
    return AnswerView(
        headline=inference_precise_headline(subject.name, load, results),
        ruler=draw_ruler(results, catalog.usable_tiers),
    )


def _precise(
    catalog: Catalog,
    question: InferenceQuestion,
    subject: Subject,
    results: tuple[InferenceResult, ...],
    today: dt.date | None,
) -> PreciseView:
    asked, own = results[0].estimate, question.own_gpu.own
    return PreciseView(
        cards=tuple(present_inference_card(each, today, own) for each in results),
        formats=format_groups(all_results(catalog, asked.architecture, asked.settings)),
        notes=subject.notes,
        model_url=path_of("calculator:model", subject.slug) if subject.slug else "",
    )


def _title(question: InferenceQuestion, results: tuple[InferenceResult, ...]) -> str:
    if question.subject is None:
        return "Check the size" if question.size_error else "Check the model"
    if question.inference.settings is None:
        return "Check the settings"
    figures = ", ".join(
        f"{r.name} {format_figure(r.memory_bytes, r.range_bytes)}" for r in results
    )
    return f"Run {question.subject.name}: {figures}"
