"""The calculator's page: everything on it that depends on the inputs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from calculator.answer.on_cluster import result_on_cluster
from calculator.answer.precise import precise_methods_of, precise_result
from calculator.answer.rule_of_thumb import Fitted, estimate_methods
from calculator.catalog import Catalog
from calculator.models import Task
from calculator.pages.calculator.answer_view import AnswerView, present_answer
from calculator.pages.calculator.beside.gpu_choices import GpuChoice, gpu_choices
from calculator.pages.calculator.differences import (
    DIFFERENCES,
    FieldDifferencesView,
    differences_of_group,
)
from calculator.pages.calculator.headline import figures_in_a_title
from calculator.pages.calculator.links import Links
from calculator.pages.calculator.model_choice import MatchesView, present_matches, present_typed
from calculator.pages.calculator.settings_panel import SettingsPanel, present_settings
from calculator.presets.forms import DEFAULT_SIZE_B
from calculator.question.cluster import CLUSTER_NAMES, ONE_GPU
from calculator.question.meant.one_form import shortest_query
from calculator.question.meant.stand_ins import InsteadView, first_of, stand_in, stand_in_words
from calculator.question.own_gpu import OWN_GPU
from calculator.question.reading import SUBJECT_NAMES, Question, read_question, with_cluster
from calculator.question.training_fields import FIELDS
from calculator.question.training_form import SETTING_NAMES
from calculator.words.addresses import path_of
from calculator.words.formatting import format_number, query_number


@dataclass(frozen=True, slots=True)
class SizeChoice:
    label: str
    page_url: str
    fragment_url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class RuleOfThumbView:
    """A method and its bytes per parameter, for the note on where figures come from."""

    name: str
    bytes_per_parameter: str


@dataclass(frozen=True, slots=True)
class CalculatorView:
    """Everything on the calculator's page that depends on the inputs.

    `answer` is None while the input has an error, and a browser keeps the last one; or it is
    `instead`'s, which says what was answered.
    """

    task: str
    title: str
    question: Question
    sizes: tuple[SizeChoice, ...]
    rules_of_thumb: tuple[RuleOfThumbView, ...]
    matches: MatchesView
    gpu_names: tuple[str, ...]
    """What the field of the visitor's GPU suggests."""
    gpu_choices: tuple[GpuChoice, ...]
    """What is in it may be one of these."""
    settings: SettingsPanel | None
    answer: AnswerView | None
    instead: InsteadView | None
    page_path: str
    page_url: str
    canonical_url: str
    fragment_url: str
    other_task_url: str
    rule_of_thumb_url: str
    rule_of_thumb_fragment_url: str

    @property
    def models_fragment_url(self) -> str:
        return path_of("calculator:models_fragment")

    @property
    def config_url(self) -> str:
        return path_of("calculator:config")

    @property
    def error(self) -> str:
        """All errors in one text, for the announcement."""
        return " ".join(self.question.errors.values())


def present_calculator(
    catalog: Catalog,
    query: Mapping[str, str],
    *,
    today: dt.date | None = None,
    fills_in: bool = False,
) -> CalculatorView:
    """Turn a query string's values into the page: the answer, or the error beside its field.

    `today` is what prices are old or fresh by; without it none is called out of date. With
    `fills_in`, what is wrong has its default in an answer that says so.
    """

    def read(query: Mapping[str, str]) -> Question:
        return with_cluster(read_question(catalog, query), query)

    question = read(query)
    found = stand_in(question, query, read) if fills_in else None
    if found is None:
        return present_question(catalog, Task.TRAINING, question, query, today=today)
    fields = (*SUBJECT_NAMES, *FIELDS, *CLUSTER_NAMES)
    instead = InsteadView(stand_in_words(found), first_of(found.names, fields))
    return present_question(
        catalog,
        Task.TRAINING,
        question,
        query,
        today=today,
        answered=found.question,
        instead=instead,
    )


def present_question(
    catalog: Catalog,
    task: str,
    question: Question,
    query: Mapping[str, str],
    *,
    today: dt.date | None = None,
    answered: Question | None = None,
    instead: InsteadView | None = None,
) -> CalculatorView:
    """The page for a question that has been read from the query.

    answered: the question that is answered in its place, as `instead` says.
    """
    links = Links(task, question.subject_query, question.beside_run_query)
    answered = answered or question
    answer_links = Links(task, answered.subject_query, answered.beside_run_query)
    results = _results(catalog, task, answered)
    page_url = links.page_url(question.query)
    thumb_query = answered.rule_of_thumb_query or {}
    own_query = question.own_gpu.query
    thumb_url, thumb_fragment_url = (
        links.urls({**thumb_query, **own_query}) if thumb_query else ("", "")
    )
    run_query = question.run_query
    is_front_page = run_query == {"size": query_number(DEFAULT_SIZE_B)}
    return CalculatorView(
        task=task,
        title=_title(task, question, results),
        question=question,
        sizes=size_choices(
            catalog,
            question.subject_query.get("size") if question.subject else None,
            {**question.settings_query, **own_query},
            links,
        ),
        rules_of_thumb=tuple(
            RuleOfThumbView(m.name, format_number(m.bytes_per_parameter, decimals=4))
            for m in catalog.methods(task)
        ),
        matches=present_matches(
            question.matches,
            question.model_typed if question.model_error or question.matches.total_count else "",
            {**question.settings_query, **own_query}
            if question.run is None
            else {**question.run.query(), **question.beside_run_query},
            links,
        ),
        gpu_names=tuple(gpu.name for gpu in catalog.gpus),
        gpu_choices=gpu_choices(question, links),
        settings=(
            present_settings(question, links, _differences(catalog, query, question))
            if task == Task.TRAINING
            else None
        ),
        answer=present_answer(catalog, task, answered, answer_links, results, today),
        instead=instead,
        page_path=links.page_path,
        page_url=page_url,
        # Whose GPU is asked about makes no page of its own.
        canonical_url=(
            links.page_path
            if is_front_page or not question.is_understood
            else links.page_url(run_query)
        ),
        fragment_url=links.fragment_path,
        other_task_url=links.other_task_url(
            {
                **(
                    question.subject_query
                    if question.subject is not None and "model" in question.subject_query
                    else thumb_query
                ),
                **own_query,
            }
        ),
        rule_of_thumb_url=thumb_url,
        rule_of_thumb_fragment_url=thumb_fragment_url,
    )


def _differences(
    catalog: Catalog, query: Mapping[str, str], question: Question
) -> dict[str, tuple[FieldDifferencesView, ...]]:
    """Of the group that the address names."""
    slug = query.get(DIFFERENCES, "")
    found = differences_of_group(catalog, slug, question) if slug else ()
    return {slug: found} if found else {}


def address_of(catalog: Catalog, query: Mapping[str, str]) -> str:
    """The page's address for a question, its shortest."""
    question = with_cluster(read_question(catalog, query), query)
    return Links(Task.TRAINING, {}).page_url(shortest_query(question, query))


def present_search(catalog: Catalog, query: Mapping[str, str]) -> MatchesView:
    """The models that match what stands in the model field so far, with links that answer."""
    typed = query.get("model", "")
    names = (*SETTING_NAMES, *CLUSTER_NAMES, OWN_GPU)
    settings = {name: query[name] for name in names if query.get(name)}
    links = Links(Task.TRAINING, {})
    return present_typed(catalog, typed, settings, links)


def _results(catalog: Catalog, task: str, question: Question) -> tuple[Fitted, ...]:
    subject, run = question.subject, question.run
    if subject is None or run is None:
        return ()
    if subject.architecture is None:
        has_typical = not subject.parameters_only_reason
        return estimate_methods(catalog, task, subject.params_b, has_typical=has_typical)
    slugs = precise_methods_of(catalog)
    architecture, sharding = subject.architecture, question.sharding
    if sharding == ONE_GPU:
        return tuple(
            precise_result(catalog, subject, architecture, run.settings_for(slug))
            for slug in slugs
        )
    return tuple(
        result_on_cluster(catalog, subject, architecture, run.settings_for(slug), sharding)
        for slug in slugs
    )


def _title(task: str, question: Question, results: tuple[Fitted, ...]) -> str:
    if question.subject is None:
        return "Check the size" if question.size_error else "Check the model"
    if question.run is None:
        return "Check the training settings"
    verb = "Fine-tune" if task == Task.TRAINING else "Run"
    return f"{verb} {question.subject.name}: {figures_in_a_title(results)}"


def size_choices(
    catalog: Catalog, current: str | None, settings: Mapping[str, str], links: Links
) -> tuple[SizeChoice, ...]:
    """The catalog's sizes; settings that are in use are taken along."""
    sizes = [(size_b, query_number(size_b)) for size_b in catalog.sizes_b]
    return tuple(
        SizeChoice(
            format_number(size_b, decimals=3),
            *links.urls({"size": size, **settings}),
            is_current=size == current,
        )
        for size_b, size in sizes
    )
