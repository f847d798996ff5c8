"""The calculator's one form: what somebody meant who typed into a page that had an answer already.

The form sends every field, those that nobody touched too. `was` is what stood in the field of the
size or of the model as the page was printed, and `rough` says that it answered by the rule of
thumb; so what differs is what is meant. Addresses have neither: a question that was sent off so
gets the shortest one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from calculator.question.cluster import CLUSTER_NAMES, ONE_GPU, read_cluster
from calculator.question.inference.form import INFERENCE_NAMES, read_inference_form
from calculator.question.reading import SUBJECT_NAMES, Question
from calculator.question.training_form import SETTING_NAMES, read_training_form

WAS, ROUGH = "was", "rough"
FORM_NAMES = (WAS, ROUGH)


def meant_training(query: Mapping[str, str]) -> dict[str, str]:
    """The question about training that the form was sent off with; any other query as it is."""

    def is_plain(query: Mapping[str, str]) -> bool:
        run = read_training_form(query).run
        return run is not None and not run.query() and read_cluster(query, run).sharding == ONE_GPU

    return _meant(query, (*SETTING_NAMES, *CLUSTER_NAMES), is_plain)


def meant_inference(query: Mapping[str, str]) -> dict[str, str]:
    """The same of a question about running a model."""

    def is_plain(query: Mapping[str, str]) -> bool:
        form = read_inference_form(query)
        return form.settings is not None and not form.query

    return _meant(query, INFERENCE_NAMES, is_plain)


def shortest_query(question: Question, query: Mapping[str, str]) -> dict[str, str]:
    """What the page's address says; a name that others share stays, so that they are offered."""
    typed = {"model": query["model"]} if question.matches.total_count else {}
    return {**question.query, **typed}


def _meant(
    query: Mapping[str, str],
    setting_names: tuple[str, ...],
    is_plain: Callable[[Mapping[str, str]], bool],
) -> dict[str, str]:
    if WAS not in query:
        return dict(query)
    left_out = {*SUBJECT_NAMES, *FORM_NAMES}
    if ROUGH in query and is_plain(query):
        # Fields that nobody touched ask for no precise estimate.
        left_out.update(setting_names)
    rest = {name: text for name, text in query.items() if name not in left_out}
    return {**_subject(query), **rest}


def _subject(query: Mapping[str, str]) -> dict[str, str]:
    """The model or size that differs from what was asked; of two the model, which says more."""
    was = query[WAS].strip()
    typed = {name: text for name in ("model", "size") if (text := query.get(name, "").strip())}
    for name, text in typed.items():
        if text != was:
            return {name: text}
    if typed:
        name, text = next(iter(typed.items()))
        return {name: text}
    if was:
        # Whoever emptied the field is told.
        return {"size": ""}
    # A configuration stands in neither field.
    return {"config": query["config"]} if "config" in query else {}
