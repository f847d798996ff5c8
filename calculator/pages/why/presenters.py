"""/why/ as its templates print it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from django.urls import reverse

from calculator.answer.why import FIGURE_KINDS, Answer, answer
from calculator.catalog import Catalog
from calculator.estimation import Estimate, TrainingSettings, estimate
from calculator.estimation.explaining import figure_of
from calculator.pages.why.bars import BarView, Scale
from calculator.pages.why.forms import DEFAULT_WORDS, WhyForm
from calculator.pages.why.links import calculator_url
from calculator.pages.why.words import (
    KIND_MEANINGS,
    KIND_WORDS,
    Hint,
    capitalised,
    compared,
    headline,
    mistakes,
    others,
    reading,
)
from calculator.question.meant.stand_ins import InsteadView, first_of, stand_in, stand_in_words
from calculator.question.reading import Question, question_error, read_precise_question
from calculator.question.training_form import Run
from calculator.words.addresses import comparison_of
from calculator.words.formatting import format_gb, format_range
from calculator.words.methods import METHOD_NAMES
from calculator.words.query_forms import without_mistakes


@dataclass(frozen=True, slots=True)
class FigureView:
    """What one tool is expected to show for the run."""

    name: str
    figure: str
    likely: str
    meaning: str


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """A changed run: what it did, its figure beside the measured one, where that is seen."""

    words: str
    figure: str
    compared: str
    checks: tuple[str, ...]
    url: str
    bar: BarView


@dataclass(frozen=True, slots=True)
class TryView:
    """A thing to do: `words` is the link's text where there is one, `rest` follows it."""

    words: str
    rest: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class AnswerView:
    slug: str
    headline: str
    reading: tuple[str, ...]
    measured: str
    measured_bar: BarView
    expected: str
    expected_bar: BarView
    explanations: tuple[ExplanationView, ...]
    is_card: bool
    has_none: bool
    mistakes: tuple[Hint, ...]
    others: tuple[Hint, ...]
    tries: tuple[TryView, ...]


@dataclass(frozen=True, slots=True)
class WhyView:
    """The whole page. `figures` is empty while the model or a setting has an error."""

    form: WhyForm
    title: str
    subject_words: str
    error: str
    instead: InsteadView | None
    figures: tuple[FigureView, ...]
    answer: AnswerView | None
    kept_query: tuple[tuple[str, str], ...]
    page_url: str
    fragment_path: str
    calculator_url: str
    compare_url: str
    """A comparison of the run, which a script adds to the last that was seen."""


def present_why(catalog: Catalog, query: Mapping[str, str], *, fills_in: bool = False) -> WhyView:
    """Turn a query string's values into the page, or into the errors beside its fields.

    With `fills_in`, what is wrong has its default in an answer that says so.
    """
    read = partial(read_precise_question, catalog)
    question, form = read(query), WhyForm(query)
    calculator_url = reverse("calculator:training", query=question.query)
    asked, asked_form, instead = question, form, None
    if fills_in and (question.errors or form.errors):
        found = stand_in(question, query, read)
        asked = question if found is None else found.question
        asked_form, names = without_mistakes(form, WhyForm)
        instead = InsteadView(
            stand_in_words(found, *(DEFAULT_WORDS[name] for name in names)),
            first_of(names, WhyForm.base_fields, prefix="why-"),
            question_error(question),
            calculator_url,
        )
    figures: tuple[FigureView, ...] = ()
    view = None
    subject, run = asked.subject, asked.run
    method = asked_form.cleaned_data.get("method") if asked_form.is_valid() else None
    if method and not question_error(asked) and subject is not None and run is not None:
        assert subject.architecture is not None
        settings = run.settings_for(method)
        figures = _figures(estimate(subject.architecture, settings))
        if measured := asked_form.measured():
            view = _answer(answer(subject.architecture, settings, measured), asked, run, settings)
    return WhyView(
        form=form,
        title="Why is my number different?",
        subject_words=_subject_words(asked, method),
        error=question_error(question),
        instead=instead if figures else None,
        figures=figures,
        answer=view,
        # What is wrong with the run has no field here to put it right in.
        kept_query=tuple(asked.query.items()),
        page_url=reverse("calculator:why", query={**question.query, **form.query()}),
        fragment_path=reverse("calculator:why_fragment"),
        calculator_url=calculator_url,
        compare_url=comparison_of({**asked.query, "method": asked_form.data["method"]}),
    )


def _figures(found: Estimate) -> tuple[FigureView, ...]:
    views = []
    for kind in FIGURE_KINDS:
        figure = figure_of(found, kind)
        spread = figure.low != figure.high
        views.append(
            FigureView(
                name=KIND_WORDS[kind],
                figure=(
                    format_range(figure.low, figure.high) if spread else format_gb(figure.likely)
                ),
                likely=f"likely {format_gb(figure.likely)}" if spread else "",
                meaning=KIND_MEANINGS[kind],
            )
        )
    return tuple(views)


def _answer(found: Answer, question: Question, run: Run, settings: TrainingSettings) -> AnswerView:
    measured = found.measured
    scale = Scale.over(
        measured.bytes, found.expected, *(each.figure for each in found.explanations)
    )
    explanations = tuple(
        ExplanationView(
            words=capitalised(", and ".join(change.words for change in each.changes)),
            figure=format_gb(each.figure.likely),
            compared=compared(each.figure.likely, measured),
            checks=tuple(dict.fromkeys(change.check for change in each.changes)),
            url=calculator_url(question, run, settings, each.settings),
            bar=scale.bar(each.figure),
        )
        for each in found.explanations
    )
    spread = found.expected.low != found.expected.high
    return AnswerView(
        slug=found.finding,
        headline=headline(found),
        reading=reading(found),
        measured=format_gb(measured.bytes),
        measured_bar=scale.measured_bar,
        expected=(
            format_range(found.expected.low, found.expected.high)
            if spread
            else format_gb(found.expected.likely)
        ),
        expected_bar=scale.bar(found.expected),
        explanations=explanations,
        is_card=measured.ran_out,
        has_none=found.finding in ("above", "below", "ran_out_unexpectedly") and not explanations,
        mistakes=mistakes(found),
        others=others(found),
        tries=_tries(found, explanations, question, run, settings),
    )


def _tries(
    found: Answer,
    explanations: tuple[ExplanationView, ...],
    question: Question,
    run: Run,
    settings: TrainingSettings,
) -> tuple[TryView, ...]:
    """What to do now, most telling first."""
    tries = []
    peak = format_gb(found.estimate.peak_allocated_bytes)
    if found.finding == "agrees":
        tries.append(
            TryView(
                "See where the memory goes",
                "and which changes would save most.",
                calculator_url(question, run, settings, settings),
            )
        )
    elif found.measured.kind != "allocated" and not found.measured.ran_out:
        tries.append(
            TryView(
                "Print torch.cuda.max_memory_allocated() after a few steps.",
                f"We expect {peak}. If it says so, the rest is the allocator’s or another"
                " process’s; if not, a setting is another than you think.",
            )
        )
    first = next((each for each in explanations if each.url), None)
    if first is not None:
        tries.append(
            TryView(
                f"Take over “{first.words}”",
                "if it was so: the calculator then answers for the run that you had.",
                first.url,
            )
        )
    for saving in found.savings:
        tries.append(
            TryView(
                saving.change.words,
                f"saves {format_gb(saving.device_bytes)}. {saving.change.cost}",
                calculator_url(question, run, settings, saving.change.settings),
            )
        )
    if found.measured.ran_out:
        tries.append(
            TryView(
                "Set PYTORCH_ALLOC_CONF=expandable_segments:True.",
                "The allocator then leaves fewer gaps.",
            )
        )
    if found.finding != "agrees":
        tries.append(
            TryView(
                "Record what is allocated",
                "with torch.cuda.memory._record_memory_history(); the snapshot names the line"
                " of code behind every block.",
                "https://docs.pytorch.org/docs/stable/torch_cuda_memory.html",
            )
        )
    return tuple(tries)


def _subject_words(question: Question, method: str | None) -> str:
    """“LoRA of Llama 3.1 8B: micro-batch 1, 2,048 tokens, with checkpointing, rank 16.”"""
    if question.run is None or question.subject is None or not method:
        return ""
    settings = question.run.settings_for(method)
    checkpointing = "with" if settings.gradient_checkpointing else "without"
    rank = f", rank {settings.lora_rank}" if settings.trains_adapters else ""
    return (
        f"{METHOD_NAMES[method]} of {question.subject.name}: micro-batch"
        f" {settings.micro_batch:,}, {settings.sequence_length:,} tokens, {checkpointing}"
        f" checkpointing{rank}."
    )
