"""The answers for one GPU as rows and cards, each with the link that checks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from calculator.answer.my_gpu import VALUES, LargestModel, LargestValues, with_value
from calculator.estimation import TrainingSettings
from calculator.estimation.cluster.setups import Setup
from calculator.estimation.verdict import VERDICT_WORDS
from calculator.language_models.specs import LanguageModelSpec
from calculator.pages.fit.row_views import VERDICTS, sharding_words
from calculator.question.own_gpu import OwnGpu
from calculator.words.addresses import comparison_of
from calculator.words.formatting import format_count, format_gb, format_likely
from calculator.words.methods import METHOD_NAMES

Query = Callable[[LanguageModelSpec, TrainingSettings], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The cards that are asked about, whose answers' links say so."""

    own: OwnGpu

    def url(self, query: dict[str, str], method: str) -> str:
        """One card's answer is the calculator's; several cards' is among the setups."""
        if self.own.gpu_count == 1:
            asked = {**query, **self.own.query}
            return reverse("calculator:training", query=asked, fragment=f"card-{method}")
        return reverse("fit:page", query={**query, "method": method, **self.own.query})

    def compare_url(self, query: dict[str, str], method: str) -> str:
        """A comparison of that run on these cards, which a script adds to the last that was seen."""
        return comparison_of({**query, "method": method, **self.own.query})


@dataclass(frozen=True, slots=True)
class ModelAnswerView:
    """A method's largest model; `name` is empty where none fits."""

    method: str
    method_name: str
    name: str
    parameters: str
    figure: str
    how: str
    verdict: str
    url: str
    compare_url: str


@dataclass(frozen=True, slots=True)
class ValueView:
    """The largest value of one setting; `text` is empty where not even one step fits."""

    text: str
    url: str
    verdict: str = ""
    """“tight” where it is: the largest that is held at all mostly is."""


@dataclass(frozen=True, slots=True)
class ValuesRow:
    """A method's answers for the chosen model."""

    method: str
    method_name: str
    verdict: str
    verdict_slug: str
    figure: str
    how: str
    url: str
    compare_url: str
    values: tuple[ValueView | None, ...]
    """Length, batch, rank; None where the method has no such setting."""


def model_answer(answer: LargestModel, asked: Asked, query: Query) -> ModelAnswerView:
    model = answer.model
    if model is None or answer.setup is None:
        return ModelAnswerView(answer.method, METHOD_NAMES[answer.method], *[""] * 7)
    asked_of_it = query(model, answer.settings)
    return ModelAnswerView(
        method=answer.method,
        method_name=METHOD_NAMES[answer.method],
        name=model.name,
        parameters=format_count(model.params_total_count),
        figure=_figure(answer.setup),
        how=sharding_words(answer.setup.sharding),
        verdict=VERDICTS[answer.setup.verdict],
        url=asked.url(asked_of_it, answer.method),
        compare_url=asked.compare_url(asked_of_it, answer.method),
    )


def values_row(
    answer: LargestValues, model: LanguageModelSpec, asked: Asked, query: Query
) -> ValuesRow:
    setup, as_set = answer.setup, query(model, answer.settings)
    return ValuesRow(
        method=answer.method,
        method_name=METHOD_NAMES[answer.method],
        verdict=_verdict(setup),
        verdict_slug="too_small" if setup is None else setup.verdict,
        figure="" if setup is None else _figure(setup),
        how="" if setup is None else sharding_words(setup.sharding),
        url=asked.url(as_set, answer.method),
        compare_url=asked.compare_url(as_set, answer.method),
        values=tuple(
            _value(answer, name, model, asked, query) if name in answer.values else None
            for name in VALUES
        ),
    )


def _value(
    answer: LargestValues, name: str, model: LanguageModelSpec, asked: Asked, query: Query
) -> ValueView:
    value = answer.values[name]
    if value is None:
        return ValueView("", "")
    settings = with_value(answer.settings, name, value)
    setup = answer.value_setups.get(name)
    is_tight = setup is not None and setup.verdict == "tight"
    return ValueView(
        f"{value:,}",
        asked.url(query(model, settings), answer.method),
        VERDICT_WORDS["tight"] if is_tight else "",
    )


def _verdict(setup: Setup | None) -> str:
    if setup is None:
        return "Cannot run so"
    if setup.verdict == "too_small":
        return f"Too small: {format_gb(-setup.headroom_bytes)} short"
    return VERDICTS[setup.verdict]


def _figure(setup: Setup) -> str:
    device = setup.estimate.device_bytes
    likely = format_likely(device)
    each = " on each" if setup.sharding.gpu_count > 1 else ""
    return f"about {likely} of {format_gb(setup.usable_bytes)}{each}"
