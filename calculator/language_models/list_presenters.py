"""The list of models as its templates print it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calculator.catalog import Catalog
from calculator.estimation import TrainingSettings
from calculator.language_models.forms import ModelListForm, to_query
from calculator.language_models.selection import (
    ModelFilter,
    default_bytes,
    is_mixture,
    select_models,
)
from calculator.language_models.specs import LanguageModelSpec
from calculator.words.addresses import path_of, with_query
from calculator.words.formatting import format_count, format_likely
from calculator.words.paging import PageOf, Paging, page_of, paging, whole_list_query

# A phone's page of them is some five thousand pixels tall.
MODELS_PER_PAGE = 60
TITLE = "Language models: GPU memory to fine-tune each"


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model. `memory` is by method, and empty where only the parameters are known."""

    url: str
    name: str
    parameters: str
    active: str
    memory: tuple[tuple[str, str], ...]
    context: str
    released_on: dt.date | None


@dataclass(frozen=True, slots=True)
class FamilyGroup:
    name: str
    slug: str
    rows: tuple[ModelRow, ...]


@dataclass(frozen=True, slots=True)
class ModelListView:
    """The whole page. `groups` is None while a filter has an error."""

    form: ModelListForm
    title: str
    status: str
    groups: tuple[FamilyGroup, ...] | None
    paging: Paging
    is_filtered: bool
    sequence_length: str
    page_url: str
    canonical_path: str


def present_model_list(catalog: Catalog, query: Mapping[str, str]) -> ModelListView:
    form = ModelListForm(query)
    if not form.is_valid():
        errors = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _view(form, "Check the filters", errors, None, None, True, form.typed())
    wanted = form.to_filter()
    found = select_models(catalog, wanted)
    page = page_of(found, form.cleaned_data["page"], MODELS_PER_PAGE)
    return _view(
        form,
        _title(wanted),
        _status(page, len(found), len(catalog.language_models)),
        _groups(page.items),
        page,
        bool(wanted.criteria()),
        to_query(wanted, page.number),
    )


def _view(
    form: ModelListForm,
    title: str,
    status: str,
    groups: tuple[FamilyGroup, ...] | None,
    page: PageOf[LanguageModelSpec] | None,
    is_filtered: bool,
    query: dict[str, str],
) -> ModelListView:
    path = path_of("calculator:models")
    return ModelListView(
        form=form,
        title=title,
        status=status,
        groups=groups,
        paging=(
            Paging()
            if page is None
            else paging(
                path,
                lambda number: to_query(form.to_filter(), number),
                page.number,
                page.count,
            )
        ),
        is_filtered=is_filtered,
        sequence_length=f"{TrainingSettings().sequence_length:,}",
        page_url=with_query(path, query),
        canonical_path=with_query(
            path, whole_list_query(1 if page is None or is_filtered else page.number)
        ),
    )


def _groups(models: Iterable[LanguageModelSpec]) -> tuple[FamilyGroup, ...]:
    by_family: dict[str, list[LanguageModelSpec]] = {}
    for model in models:
        by_family.setdefault(model.family, []).append(model)
    return tuple(
        FamilyGroup(family, f"family-{number}", tuple(model_row(model) for model in members))
        for number, (family, members) in enumerate(by_family.items(), start=1)
    )


def model_row(model: LanguageModelSpec) -> ModelRow:
    return ModelRow(
        url=path_of("calculator:model", model.slug),
        name=model.name,
        parameters=format_count(model.params_total_count),
        active=format_count(model.params_active_count) if is_mixture(model) else "",
        memory=tuple(
            (method, format_likely(device)) for method, device in default_bytes(model).items()
        ),
        context="" if model.context_length is None else f"{model.context_length:,}",
        released_on=model.released_on,
    )


def _title(wanted: ModelFilter) -> str:
    """“Models, “qwen”, dense, up to 8B”."""
    if not wanted.criteria():
        return TITLE
    words = ["Language models"]
    if wanted.text:
        words.append(f"“{wanted.text}”")
    if wanted.kind:
        words.append({"dense": "dense", "moe": "mixtures of experts"}[wanted.kind])
    if wanted.most_params_b is not None:
        words.append(f"up to {to_query(wanted)['size']}B")
    return ", ".join(words)


def _status(page: PageOf[LanguageModelSpec], found_count: int, total_count: int) -> str:
    if not total_count:
        return "The catalog has no models at the moment. Please come back soon."
    if not found_count:
        return f"None of {total_count} models fits."
    if found_count == total_count:
        return f"All {total_count} models, by family{page.words}."
    return f"{found_count} of {total_count} models, by family{page.words}."
