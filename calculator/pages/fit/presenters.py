"""/fit/ as its templates print it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from django.urls import reverse

from calculator.answer.halves import halves
from calculator.answer.ladder import smallest_on_ladder, tight_below
from calculator.answer.own_gpu import on_own_gpu
from calculator.answer.setups import MOST_GPUS, FitRow, Stated, fit_rows, runs_on
from calculator.catalog import Catalog
from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.cluster.flops import flops_per_token
from calculator.pages.calculator.beside.minimum import minimum_words, smaller_but_tight
from calculator.pages.calculator.beside.own_gpu import OwnVerdictView, own_verdict
from calculator.pages.fit.forms import DEFAULT_WORDS, PRICE_FIELDS, FitForm
from calculator.pages.fit.ordering import best_of, sort_rows
from calculator.pages.fit.row_views import BestView, RowView, best_views, row_view
from calculator.pages.fit.split_words import HalvesView, halves_view
from calculator.question.meant.stand_ins import InsteadView, first_of, stand_in, stand_in_words
from calculator.question.reading import Question, question_error, read_precise_question
from calculator.words.addresses import comparison_of
from calculator.words.formatting import format_count
from calculator.words.methods import METHOD_NAMES, METHOD_WORDS
from calculator.words.query_forms import without_mistakes
from gpus.labels import setup_label
from gpus.listing.price_notes import PriceNote, PriceNotes
from gpus.presenters import MAY_BE_OUT_OF_DATE_AFTER

ROWS_AT_FIRST = 20


@dataclass(frozen=True, slots=True)
class MinimumView:
    """Of the sizes on the ladder, as the calculator's card says it."""

    words: str
    setup: str
    smaller_but_tight: str


@dataclass(frozen=True, slots=True)
class TableView:
    """The setups that hold the run. `more_url` shows the rest of a long table."""

    sort: str
    status: str
    count_words: str
    """Of a number of GPUs that cannot be had as such."""
    minimum: MinimumView | None
    """The calculator's for the same run; None where the cluster is stated."""
    own: OwnVerdictView | None
    own_name: str
    best: tuple[BestView, ...]
    cheapest_note: str
    halves: HalvesView | None
    has_tight: bool
    rows: tuple[RowView, ...]
    notes: tuple[PriceNote, ...]
    more_count: int
    more_url: str
    more_fragment_url: str
    assumptions: tuple[str, ...]
    utilisations: tuple[tuple[str, str, str, str], ...]
    """Class of GPU, percentages, source, link."""


@dataclass(frozen=True, slots=True)
class FitView:
    """The whole page. `table` is None while something asked has an error and nothing stands in."""

    form: FitForm
    title: str
    heading: str
    subject_words: str
    error: str
    instead: InsteadView | None
    table: TableView | None
    kept_query: tuple[tuple[str, str], ...]
    page_url: str
    fragment_path: str
    calculator_url: str
    compare_url: str
    stale_days: int


def present_fit(
    catalog: Catalog, query: Mapping[str, str], *, today: dt.date, fills_in: bool = False
) -> FitView:
    """Turn a query string's values into the page, or into the errors beside its fields.

    With `fills_in`, what is wrong has its default in a table that says so.
    """
    question = read_precise_question(catalog, query)
    form = FitForm(query, catalog.gpus)
    error = question_error(question)
    asked = _Asked(question, form)
    if fills_in and (question.errors or not form.is_answerable):
        asked = _without_mistakes(catalog, query, asked)
    table = None
    subject, run = asked.question.subject, asked.question.run
    if asked.form.is_answerable and not question_error(asked.question) and subject and run:
        assert subject.architecture is not None
        settings = run.settings_for(asked.form.cleaned_data["method"])
        rows = fit_rows(
            catalog.gpus,
            subject.architecture,
            settings,
            asked.form.workload(settings.sequence_length),
            today=today,
            stated=asked.form.stated(),
        )
        table = _table(catalog, subject.architecture, settings, asked, rows, query, today)
    name = "your model" if subject is None else subject.name
    method = METHOD_WORDS.get(asked.form.data.get("method", ""), "fine-tuning")
    heading = f"GPUs for {method} of {name}"
    is_understood = form.is_answerable and not error
    return FitView(
        form=form,
        title=heading if is_understood else "Check what you asked",
        heading=heading,
        subject_words=_settings_words(asked.question, asked.form),
        error=error,
        instead=asked.instead if table else None,
        table=table,
        # What is wrong with the run has no field here to put it right in.
        kept_query=tuple(asked.question.query.items()),
        page_url=reverse("fit:page", query={**question.query, **form.query()}),
        fragment_path=reverse("fit:table"),
        calculator_url=reverse(
            "calculator:training", query={**question.query, **form.cluster_query()}
        ),
        compare_url=comparison_of({**asked.question.query, "method": asked.form.data["method"]}),
        stale_days=MAY_BE_OUT_OF_DATE_AFTER.days,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is answered, and what is said of it where it is less than what was asked."""

    question: Question
    form: FitForm
    instead: InsteadView | None = None


def _without_mistakes(catalog: Catalog, query: Mapping[str, str], asked: _Asked) -> _Asked:
    found = stand_in(asked.question, query, partial(read_precise_question, catalog))
    form, names = without_mistakes(
        asked.form, lambda query: FitForm(query, catalog.gpus), but=PRICE_FIELDS
    )
    return _Asked(
        asked.question if found is None else found.question,
        form,
        InsteadView(
            stand_in_words(found, *(DEFAULT_WORDS[name] for name in names)),
            first_of(names, FitForm.base_fields, prefix="fit-"),
            question_error(asked.question),
            reverse("calculator:training", query=asked.question.query),
        ),
    )


def _table(
    catalog: Catalog,
    architecture: Architecture,
    settings: TrainingSettings,
    asked: _Asked,
    rows: tuple[FitRow, ...],
    query: Mapping[str, str],
    today: dt.date,
) -> TableView:
    question, form = asked.question, asked.form
    ordered = sort_rows(rows, form.cleaned_data["sort"])
    shown = ordered if query.get("all") else ordered[:ROWS_AT_FIRST]
    best, notes = best_of(rows), PriceNotes()
    own = question.own_gpu.own
    split = halves(architecture, settings, catalog.tiers)
    everything = {**question.query, **form.query(), "all": "1"}
    asked_count = sum(runs_on(gpu, settings.method) for gpu in catalog.gpus)
    return TableView(
        sort=form.cleaned_data["sort"],
        status=_status(rows, asked_count, form.stated()),
        count_words=form.count_words(),
        minimum=_minimum(catalog, architecture, settings, form),
        own=(
            None
            if own is None
            else own_verdict(
                settings.method,
                METHOD_NAMES[settings.method],
                on_own_gpu(architecture, settings, own),
            )
        ),
        own_name="" if own is None else own.name,
        best=best_views(best),
        cheapest_note=_cheapest_note(rows, best.cheapest_per_hour),
        halves=None if split is None else halves_view(split),
        has_tight=any(row.setup.verdict == "tight" for row in shown),
        # Each row leads to a GPU of its own.
        rows=tuple(row_view(row, question.run_query, notes, today=today) for row in shown),
        notes=notes.all(),
        more_count=len(ordered) - len(shown),
        more_url=reverse("fit:page", query=everything),
        more_fragment_url=reverse("fit:table", query=everything),
        assumptions=_assumptions(architecture, settings, form),
        utilisations=_utilisations(rows),
    )


def _minimum(
    catalog: Catalog, architecture: Architecture, settings: TrainingSettings, form: FitForm
) -> MinimumView | None:
    """“24× 80 GB (A100 / H100)”: by the same rule as on the calculator's card."""
    if form.stated() != Stated():
        return None
    tiers = catalog.usable_tiers
    smallest = smallest_on_ladder(architecture, settings, tiers)
    tight = tight_below(architecture, settings, tiers, smallest)
    return MinimumView(
        words=minimum_words(smallest),
        setup="None" if smallest is None else setup_label(smallest.setup),
        smaller_but_tight=smaller_but_tight(architecture, settings, smallest, tight),
    )


def _status(rows: tuple[FitRow, ...], asked_count: int, stated: Stated) -> str:
    """“118 of 131 GPUs hold it: 60 on one card, 50 with several, 8 with the host’s memory.”

    Each GPU counts once, by the first that holds: a row may be tight beside one that fits.
    """
    if not rows and stated != Stated():
        return (
            f"None of {asked_count} GPUs holds it so. Leave the number of GPUs, how it is shared"
            " out or the host’s memory open."
        )
    if not rows:
        return f"None of {asked_count} GPUs holds it, not even {MOST_GPUS} together."
    plain = {row.gpu.slug for row in rows if not row.is_offloaded}
    alone = {row.gpu.slug for row in rows if not row.is_offloaded and row.gpu_count == 1}
    all_gpus = {row.gpu.slug for row in rows}
    words = [f"{len(alone)} on one card", f"{len(plain - alone)} with several"]
    if all_gpus - plain:
        words.append(f"{len(all_gpus - plain)} with a part in the host’s memory")
    return f"{len(all_gpus)} of {asked_count} GPUs hold it: {', '.join(words)}."


def _cheapest_note(rows: tuple[FitRow, ...], cheapest: FitRow | None) -> str:
    if not any(row.usd_per_hour for row in rows):
        return ""
    if cheapest is not None:
        fresh_usd = cheapest.usd_per_hour
        old_usd = (row.usd_per_hour for row in rows if row.is_rent_stale)
        if not any(usd and fresh_usd and usd < fresh_usd for usd in old_usd):
            return ""
        return (
            f"The cheapest of the prices that were checked in the last"
            f" {MAY_BE_OUT_OF_DATE_AFTER.days} days. Older ones in the table are lower, and"
            " may no longer be true."
        )
    return (
        f"No rental price here was checked in the last {MAY_BE_OUT_OF_DATE_AFTER.days} days, so"
        " none is called the cheapest. The table has the last known ones, marked; or type the"
        " price that you pay."
    )


def _settings_words(question: Question, form: FitForm) -> str:
    run = question.run
    method = form.cleaned_data.get("method")
    if run is None or not method:
        return ""
    settings = run.settings_for(method)
    checkpointing = "with" if settings.gradient_checkpointing else "without"
    rank = f", rank {settings.lora_rank}" if settings.trains_adapters else ""
    return (
        f"Micro-batch {settings.micro_batch:,}, {settings.sequence_length:,} tokens,"
        f" {checkpointing} checkpointing{rank}."
    )


def _assumptions(
    architecture: Architecture, settings: TrainingSettings, form: FitForm
) -> tuple[str, ...]:
    flops = flops_per_token(architecture, settings).total
    tokens = form.workload(settings.sequence_length).dataset_tokens
    lines = [
        f"{format_count(tokens)} tokens are trained on, each at about {flops / 1e9:,.0f} billion"
        " operations: forward, backward"
        f"{' and recomputation' if settings.gradient_checkpointing else ''}, attention included.",
        "A GPU reaches a part of its dense 16-bit speed, in the range stated for its class.",
        "Several GPUs keep 85 to 100 % of their joint speed over NVLink, 50 to 95 % without.",
        "Padding, evaluation and start-up take time that is not counted.",
    ]
    if settings.method == "qlora":
        lines.append("A 4-bit base runs at 66 to 100 % of the speed of a 16-bit one.")
    lines.append("A run with offload is slower still: 20 to 95 % of the speed without.")
    return tuple(lines)


def _utilisations(rows: tuple[FitRow, ...]) -> tuple[tuple[str, str, str, str], ...]:
    specs = {row.gpu.utilisation: None for row in rows if row.gpu.utilisation is not None}
    return tuple(
        (
            spec.name,
            f"{spec.fraction.low:.0%}–{spec.fraction.high:.0%}, likely {spec.fraction.likely:.0%}",
            spec.source,
            spec.source_url,
        )
        for spec in specs
    )
