"""What each option of a group's choices would change, in GB beside its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from calculator.answer.option_differences import (
    Differences,
    differences_of_cluster,
    differences_of_setting,
)
from calculator.answer.precise import precise_methods_of
from calculator.catalog import Catalog
from calculator.estimation import Architecture
from calculator.models import Task
from calculator.pages.calculator.links import Links
from calculator.question.cluster import (
    CLUSTER_FIELDS,
    changed_cluster,
    cluster_query,
    cluster_values,
)
from calculator.question.reading import Question, precise_question, read_question, with_cluster
from calculator.question.setting_fields import SettingField
from calculator.question.training_fields import GROUPS as SETTING_GROUPS
from calculator.question.training_form import Run, as_text, parse
from calculator.words.formatting import NO_BREAK_SPACE, format_gb

DIFFERENCES = "differences"
GROUPS = {group.slug: group for group in (*SETTING_GROUPS, CLUSTER_FIELDS)}
COLUMNS = {"full": "Full", "lora": "LoRA", "qlora": "QLoRA"}
# Less than what a figure in GB with one decimal can show.
SMALLEST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class OptionDifferenceView:
    """figures: one for each method; empty where the method has no such setting."""

    label: str
    page_url: str
    fragment_url: str
    is_now: bool
    figures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldDifferencesView:
    label: str
    columns: tuple[str, ...]
    options: tuple[OptionDifferenceView, ...]


def present_differences(
    catalog: Catalog, slug: str, query: Mapping[str, str]
) -> tuple[FieldDifferencesView, ...]:
    """A group's choices for a query string's values; nothing while something of it is wrong."""
    question = with_cluster(read_question(catalog, query), query)
    return differences_of_group(catalog, slug, question)


def differences_of_group(
    catalog: Catalog, slug: str, question: Question
) -> tuple[FieldDifferencesView, ...]:
    """The choices of a group; nothing for one that is unknown, or where nothing is precise."""
    question = precise_question(question)
    group, subject, run = GROUPS.get(slug), question.subject, question.run
    if group is None or run is None or subject is None or subject.architecture is None:
        return ()
    methods = precise_methods_of(catalog)
    links = Links(Task.TRAINING, question.subject_query, question.beside_run_query)
    return tuple(
        _field(setting, subject.architecture, question, run, methods, links)
        for setting in group.fields
        if setting.choices
    )


def _field(
    setting: SettingField,
    architecture: Architecture,
    question: Question,
    run: Run,
    methods: Sequence[str],
    links: Links,
) -> FieldDifferencesView:
    shown = [method for method in methods if method in setting.methods]
    is_cluster = setting in CLUSTER_FIELDS.fields
    differences_of = differences_of_cluster if is_cluster else differences_of_setting
    found = differences_of(architecture, run, question.sharding, setting, shown)
    if is_cluster:
        now = cluster_values(question.sharding)[setting.name]
    else:
        value = run.value_of(setting)
        now = "" if value is None else as_text(value)
    views = []
    for option, label in setting.choices:
        page_query = _query(setting, option, question, run, links)
        views.append(
            OptionDifferenceView(
                label,
                links.page_url(page_query) if page_query else "",
                links.fragment_url(page_query) if page_query else "",
                is_now=option == now,
                figures=tuple(_figure(found[option], method) for method in shown),
            )
        )
    return FieldDifferencesView(
        setting.label, tuple(COLUMNS[method] for method in shown), tuple(views)
    )


def _query(
    setting: SettingField, option: str, question: Question, run: Run, links: Links
) -> dict[str, str]:
    """The address with that option; empty where there is no such cluster."""
    if setting not in CLUSTER_FIELDS.fields:
        return links.query_with(run.with_(**{setting.name: parse(setting.name, option)}))
    changed = changed_cluster(question.sharding, setting.name, option)
    if changed is None:
        return {}
    beside = {**cluster_query(changed), **question.own_gpu.query}
    return replace(links, beside_run_query=beside).query_with(run)


def _figure(differences: Differences, method: str) -> str:
    """“+1.2 GB”, “−3 GB”, “same”, “cannot”."""
    difference = differences[method]
    if difference is None:
        return "cannot"
    if abs(difference) < SMALLEST_BYTES:
        return "same"
    sign = "+" if difference > 0 else "−"
    return f"{sign}{format_gb(abs(difference)).replace(f'{NO_BREAK_SPACE}GB', '')}"
