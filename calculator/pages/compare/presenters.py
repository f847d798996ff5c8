"""/compare/ as its template prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse

from calculator.catalog import Catalog
from calculator.pages.compare.configurations import (
    SLOTS,
    Configuration,
    default_configurations,
    read_configuration,
    read_configurations,
)
from calculator.pages.compare.forms import AddForm, added_values, initial_values
from calculator.pages.compare.results import compare
from calculator.pages.compare.rows import Row, RowGroup, row_groups
from calculator.words.methods import METHOD_NAMES

DEFAULT_MODEL = "llama-3-1-8b"


@dataclass(frozen=True, slots=True)
class Column:
    """One configuration's heading, its links, and its error if it has one."""

    slot: str
    name: str
    method_name: str
    error: str
    instead: str
    calculator_url: str
    fit_url: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class CompareView:
    title: str
    summary: str
    columns: tuple[Column, ...]
    groups: tuple[RowGroup, ...]
    form: AddForm | None
    """None when there is no room for another configuration."""
    kept: tuple[tuple[str, str], ...]
    kept_url: str
    """The address of the configurations that were asked for; empty where none was."""


def present_compare(
    catalog: Catalog, query: Mapping[str, str], added: Configuration | None = None
) -> CompareView:
    """Turn a query string's values into the columns and rows of the comparison.

    added: what the form was sent off with, where it has a mistake: it stays in the form.
    """
    asked = read_configurations(catalog, query)
    found = asked or default_configurations(catalog, DEFAULT_MODEL)
    compared = [compare(each, catalog.usable_tiers) for each in found]
    groups = row_groups(compared)
    has_room = len(found) < len(SLOTS)
    models = [
        (model.slug, model.name)
        for model in catalog.language_models
        if model.architecture is not None
    ]
    return CompareView(
        title=f"Compare: {_names(found)}",
        summary=_summary(groups),
        columns=tuple(_column(each, found) for each in found),
        groups=groups,
        form=_form(catalog, models, found[-1], query, added) if has_room else None,
        kept=tuple((each.slot, each.value) for each in _renamed(found)),
        kept_url=compare_url(asked) if asked else "",
    )


def _form(
    catalog: Catalog,
    models: list[tuple[str, str]],
    last: Configuration,
    query: Mapping[str, str],
    added: Configuration | None,
) -> AddForm:
    if added is None:
        return AddForm(models, catalog.gpus, initial=initial_values(last))
    return AddForm(models, catalog.gpus, typed=query, errors=added.errors)


def added_configuration(catalog: Catalog, query: Mapping[str, str]) -> Configuration | None:
    """What the form adds; None where there is no room for it: the fifth is not taken."""
    if len(read_configurations(catalog, query)) >= len(SLOTS):
        return None
    return read_configuration(catalog, "", added_values(query))


def url_with_added(catalog: Catalog, query: Mapping[str, str], added: Configuration | None) -> str:
    """The address of the comparison with what its form adds."""
    found = read_configurations(catalog, query)
    return compare_url(found if added is None else (*found, added))


def compare_url(configurations: Sequence[Configuration]) -> str:
    values = {slot: each.value for slot, each in zip(SLOTS, configurations, strict=False)}
    return reverse("calculator:compare", query=values)


def _renamed(found: Sequence[Configuration]) -> tuple[Configuration, ...]:
    """The same in the first slots: a removed one leaves no gap."""
    return tuple(replace(each, slot=slot) for slot, each in zip(SLOTS, found, strict=False))


def _column(configuration: Configuration, found: Sequence[Configuration]) -> Column:
    subject = configuration.question.subject
    others = [each for each in found if each is not configuration]
    query = configuration.asked.query
    fit_query = {**query, "method": configuration.method}
    return Column(
        slot=configuration.slot,
        name="?" if subject is None else subject.name,
        method_name=METHOD_NAMES[configuration.method],
        error=configuration.error,
        instead=configuration.instead,
        calculator_url=reverse("calculator:training", query=query),
        fit_url=reverse("fit:page", query=fit_query),
        remove_url=compare_url(others) if others else "",
    )


def _names(found: Sequence[Configuration]) -> str:
    names = [
        f"{METHOD_NAMES[each.method]} of {each.question.subject.name}"
        for each in found
        if each.question.subject is not None
    ]
    return ", ".join(dict.fromkeys(names)) or "configurations"


def _summary(groups: tuple[RowGroup, ...]) -> str:
    """“They differ in method and sequence length.”"""
    differing = [row.label.lower() for row in _asked(groups) if row.differs]
    if not differing:
        return "They ask the same."
    listed = ", ".join(differing[:-1])
    last = differing[-1]
    return f"They differ in {f'{listed} and {last}' if listed else last}."


def _asked(groups: tuple[RowGroup, ...]) -> tuple[Row, ...]:
    return groups[0].rows if groups else ()
