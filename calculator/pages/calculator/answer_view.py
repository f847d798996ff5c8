"""The answer: a sentence, the ruler and the cards, and where it leads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from calculator.answer.precise import PreciseResult
from calculator.answer.rule_of_thumb import Fitted, MethodResult
from calculator.catalog import Catalog
from calculator.estimation.cluster.counts import words_for_count
from calculator.models import Task
from calculator.pages.calculator.beside.own_gpu import (
    OwnGpuView,
    own_gpu_by_rule_of_thumb,
    own_gpu_of_results,
    own_gpu_of_typical_runs,
)
from calculator.pages.calculator.beside.typical import typical_runs, typical_words
from calculator.pages.calculator.cards import CardView, present_card
from calculator.pages.calculator.further import FurtherView, present_further
from calculator.pages.calculator.headline import (
    inference_headline,
    precise_headline,
    training_headline,
)
from calculator.pages.calculator.links import Links
from calculator.pages.calculator.precise_cards import PreciseCardView, present_precise_card
from calculator.pages.calculator.ruler import Ruler, draw_ruler
from calculator.pages.calculator.settings_panel import batch_words
from calculator.question.cluster import cluster_words
from calculator.question.reading import Question
from calculator.question.training_form import Run


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The answer: `cards` by the rule of thumb, or `precise_cards`."""

    headline: str
    ruler: Ruler
    cards: tuple[CardView, ...] = ()
    precise_cards: tuple[PreciseCardView, ...] = ()
    further: FurtherView | None = None
    own_gpu: OwnGpuView | None = None
    parameters_only_reason: str = ""
    typical_words: str = ""
    """What typical runs take, beside the figures of the rule of thumb."""
    cluster_words: str = ""
    count_words: str = ""
    """Of a stated number of GPUs that cannot be had as such."""


def present_answer(
    catalog: Catalog,
    task: str,
    question: Question,
    links: Links,
    results: tuple[Fitted, ...],
    today: dt.date | None,
) -> AnswerView | None:
    """The answer from its results; None while the question has an error."""
    subject, run = question.subject, question.run
    if not results or subject is None or run is None:
        return None
    tiers = catalog.usable_tiers if question.is_precise else catalog.tiers
    ruler = draw_ruler(results, tiers)
    precise = [each for each in results if isinstance(each, PreciseResult)]
    own = question.own_gpu.own
    if precise:
        own_view = own_gpu_of_results(own, precise, _asked_of_a_gpu(question, run))
        return AnswerView(
            headline=precise_headline(
                subject.name, batch_words(run), results, cluster_words(question.sharding)
            ),
            ruler=ruler,
            precise_cards=tuple(
                present_precise_card(r, run, links, today, own_view) for r in precise
            ),
            further=present_further(question.query, results, question.sharding),
            own_gpu=own_view,
            cluster_words=cluster_words(question.sharding),
            count_words=words_for_count(question.sharding.gpu_count),
        )
    headline = training_headline if task == Task.TRAINING else inference_headline
    rough = [each for each in results if isinstance(each, MethodResult)]
    is_typical = task == Task.TRAINING and not subject.parameters_only_reason
    typical = typical_runs(rough, links)
    own_view = own_gpu_of_typical_runs(own, rough) if is_typical else None
    if task == Task.INFERENCE:
        own_view = own_gpu_by_rule_of_thumb(own, rough)
    return AnswerView(
        headline=headline(subject.name, results),
        ruler=ruler,
        cards=tuple(present_card(r, today, typical.get(r.slug), own_view) for r in rough),
        typical_words=typical_words(typical.values()),
        own_gpu=own_view,
        further=(present_further(question.query, results) if is_typical else None),
        parameters_only_reason=subject.parameters_only_reason,
    )


def _asked_of_a_gpu(question: Question, run: Run) -> dict[str, str]:
    """The question as a GPU's page takes it: it knows the catalog's models alone."""
    model = {name: text for name, text in question.subject_query.items() if name == "model"}
    return {**model, **run.query()}
