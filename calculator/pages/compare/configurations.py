"""A configuration: a model, a method, settings and perhaps GPUs, as one value of a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import parse_qsl, urlencode

from django.utils.text import get_text_list

from calculator.answer.precise import PRECISE_METHODS
from calculator.answer.setups import MOST_GPUS
from calculator.catalog import Catalog
from calculator.estimation import TrainingSettings
from calculator.question.meant.stand_ins import stand_in, stand_in_words
from calculator.question.own_gpu import OwnGpu, OwnGpuForm
from calculator.question.reading import Question, question_error, read_precise_question
from calculator.question.training_form import parse_count
from calculator.words.methods import METHOD_NAMES
from gpus.specs import GpuSpec

SLOTS = ("a", "b", "c", "d")
LONGEST_VALUE = 8_000
DEFAULT_METHOD = "lora"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What one column is about.

    errors: what is wrong, by the name of its field. What has its default instead, `instead` says
    in words; `asked` is the question before that.
    """

    slot: str
    question: Question
    method: str
    gpu: GpuSpec | None
    gpu_count: int
    asked: Question
    errors: Mapping[str, str]
    instead: str = ""

    @property
    def error(self) -> str:
        return " ".join(self.errors.values())

    @property
    def settings(self) -> TrainingSettings | None:
        run = self.question.run
        return None if run is None else run.settings_for(self.method)

    @property
    def query(self) -> dict[str, str]:
        """The shortest query that says the same; a mistake in the run stays as it was typed."""
        query = {**self.asked.run_query, "method": self.method}
        if self.gpu is not None:
            query["gpu"] = self.gpu.slug
            if self.gpu_count > 1:
                query["gpu_count"] = str(self.gpu_count)
        return query

    @property
    def value(self) -> str:
        """The configuration as the value of its slot."""
        return urlencode(self.query)


def read_configurations(catalog: Catalog, query: Mapping[str, str]) -> tuple[Configuration, ...]:
    """The configurations of a query, in the order of their slots."""
    return tuple(
        read_configuration(catalog, slot, dict(parse_qsl(query[slot][:LONGEST_VALUE])))
        for slot in SLOTS
        if query.get(slot, "").strip()
    )


def read_configuration(catalog: Catalog, slot: str, values: Mapping[str, str]) -> Configuration:
    """One configuration from its own values, with defaults for whatever is wrong with it."""
    read = partial(read_precise_question, catalog)
    asked = read(values)
    found = stand_in(asked, values, read)
    question = asked if found is None else found.question
    errors, instead = dict(asked.errors), []
    if not errors and (unanswerable := question_error(asked)):
        errors["model"] = unanswerable
    method = values.get("method", DEFAULT_METHOD)
    if method not in PRECISE_METHODS:
        errors["method"] = "Method must be full, lora or qlora."
        method = DEFAULT_METHOD
        instead.append(METHOD_NAMES[method])
    own = question.own_gpu.own
    gpu_typed, count = question.own_gpu.typed, values.get("gpu_count", "")
    gpu = None if own is None else own.gpu
    # “2x-rtx-4090” has the number itself.
    count = count or str(1 if own is None else own.gpu_count)
    if gpu_typed and gpu is None:
        errors["gpu"] = _which_gpu(question.own_gpu)
        instead.append("no GPU in particular")
    gpu_count = parse_count(count)
    if not (isinstance(gpu_count, int) and 1 <= gpu_count <= MOST_GPUS):
        errors["gpu_count"] = f"The number of GPUs must be from 1 to {MOST_GPUS}."
        gpu_count = 1
        instead.append("one GPU")
    if gpu is not None:
        own_gpu = replace(question.own_gpu, own=OwnGpu(gpu, gpu_count))
        question, asked = replace(question, own_gpu=own_gpu), replace(asked, own_gpu=own_gpu)
    words = stand_in_words(found, *instead)
    return Configuration(slot, question, method, gpu, gpu_count, asked, errors, words)


def _which_gpu(own_gpu: OwnGpuForm) -> str:
    if not own_gpu.choices:
        return "No GPU of that name is in the list."
    return f"{own_gpu.error} {get_text_list([each.gpu.name for each in own_gpu.choices], 'or')}."


def default_configurations(catalog: Catalog, model: str) -> tuple[Configuration, ...]:
    """The three methods of one model: what to start from."""
    subject = {"model": model} if model in catalog.language_models_by_slug else {"size": "8"}
    return tuple(
        read_configuration(catalog, slot, {**subject, "method": method})
        for slot, method in zip(SLOTS, PRECISE_METHODS, strict=False)
    )
