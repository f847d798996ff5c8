"""A query string, read: which model is asked about, and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypeVar

from django.utils.text import get_text_list

from calculator.catalog import Catalog
from calculator.estimation import ConfigError, SettingsError
from calculator.estimation.cluster.sharding import Sharding
from calculator.estimation.lora_targets import check_targets
from calculator.estimation.spellings import NAMES
from calculator.language_models.names import states_size
from calculator.language_models.search import ModelMatches, find_model, search_models
from calculator.language_models.specs import LanguageModelSpec
from calculator.presets.forms import DEFAULT_SIZE_B, LARGEST_SIZE_B, SMALLEST_SIZE_B, EstimateForm
from calculator.question.adapters import Adapter, is_adapter, read_adapter
from calculator.question.cluster import ONE_GPU, cluster_query, read_cluster
from calculator.question.config_links import config_for_link
from calculator.question.json_text import LARGEST_BYTES, NotJson, parse_json
from calculator.question.own_gpu import OWN_GPU, OwnGpuForm, read_own_gpu
from calculator.question.subjects import (
    Subject,
    rough_subject,
    subject_of_config,
    subject_of_model,
    subject_of_size,
)
from calculator.question.training_fields import FIELDS
from calculator.question.training_form import (
    SETTING_NAMES,
    Run,
    TrainingForm,
    precise_query,
    read_training_form,
)
from calculator.words.formatting import query_number, shortened

SUBJECT_NAMES = ("size", "model", "config")
# All that a question may be asked by, the trainers' own names of settings included.
QUESTION_NAMES = (*SUBJECT_NAMES, *SETTING_NAMES, *NAMES)
# Of the site's pages, which keep the visitor's own GPU beside the question.
PAGE_QUESTION_NAMES = (*QUESTION_NAMES, OWN_GPU)

Q = TypeVar("Q", bound="Question")

# Where a configuration cannot be computed.
WAY_ON = "Or type the model’s published size above: the rule of thumb needs no more."


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, what of it was understood and what was not.

    subject is None while the model is not understood; an error of a setting stands in `training`.
    """

    subject: Subject | None
    subject_query: Mapping[str, str]
    training: TrainingForm
    size_typed: str = ""
    size_error: str = ""
    model_typed: str = ""
    model_error: str = ""
    matches: ModelMatches = field(default_factory=ModelMatches)
    config_typed: str = ""
    config_error: str = ""
    sharding: Sharding = ONE_GPU
    """How the run is spread over GPUs; one plain GPU unless `with_cluster` read another."""
    own_gpu: OwnGpuForm = field(default_factory=OwnGpuForm)

    @property
    def run(self) -> Run | None:
        return self.training.run

    @property
    def errors(self) -> Mapping[str, str]:
        """What is wrong, by the name of its field; nothing of the visitor's own GPU, which no
        figure needs.
        """
        return {**self.subject_errors, **self.training.errors}

    @property
    def subject_errors(self) -> dict[str, str]:
        errors = {
            "size": self.size_error,
            "model": self.model_error,
            "config": self.config_error,
        }
        return {name: error for name, error in errors.items() if error}

    @property
    def is_precise(self) -> bool:
        return self.subject is not None and self.subject.architecture is not None

    @property
    def is_understood(self) -> bool:
        return self.subject is not None and self.run is not None

    @property
    def settings_query(self) -> dict[str, str]:
        """The settings to take along to another model; as typed while one of them is wrong."""
        if self.run is None:
            return dict(self.training.typed)
        cluster = cluster_query(self.sharding)
        if self.is_precise:
            return {**precise_query(self.run, {"size": ""}), **cluster}
        return {**self.run.query(), **cluster}

    @property
    def run_query(self) -> dict[str, str]:
        """The shortest query that asks the same, whatever GPU the visitor has."""
        if self.run is None:
            return {**self.subject_query, **self.training.typed}
        if self.is_precise:
            precise = precise_query(self.run, self.subject_query)
            return {**self.subject_query, **precise, **cluster_query(self.sharding)}
        return {**self.subject_query, **self.run.query()}

    @property
    def query(self) -> dict[str, str]:
        """The shortest query that asks the same, with the visitor's own GPU."""
        return {**self.run_query, **self.own_gpu.query}

    @property
    def beside_run_query(self) -> dict[str, str]:
        """What stays as it is while the run changes: the cluster and the visitor's own GPU."""
        return {**cluster_query(self.sharding), **self.own_gpu.query}

    @property
    def rule_of_thumb_query(self) -> dict[str, str] | None:
        """The query for the rule of thumb of the same size; None beyond the sizes it takes."""
        if self.subject is None:
            return None
        params_b = round(self.subject.params_b, 3)
        if not SMALLEST_SIZE_B <= params_b <= LARGEST_SIZE_B:
            return None
        return {"size": query_number(params_b)}


def read_question(catalog: Catalog, query: Mapping[str, str]) -> Question:
    """What is asked about training; running a model has `calculator.question.inference`."""
    question = read_subject(catalog, query, read_training_form(query))
    return _with_targets_checked(replace(question, own_gpu=read_own_gpu(catalog.gpus, query)))


def read_subject(catalog: Catalog, query: Mapping[str, str], training: TrainingForm) -> Question:
    """Which model is asked about: by name, by its config.json or by size."""
    if query.get("model", "").strip():
        return _about_model(catalog, query["model"].strip(), training)
    if "config" in query:
        return _about_config(catalog, query["config"].strip(), training)
    return _about_size(query, training)


def _about_size(query: Mapping[str, str], training: TrainingForm) -> Question:
    typed = query.get("size", query_number(DEFAULT_SIZE_B))
    form = EstimateForm({"size": typed})
    if not form.is_valid():
        return Question(
            None, {"size": typed}, training, typed, " ".join(map(str, form.errors["size"]))
        )
    params_b: Decimal = form.cleaned_data["size"]
    subject = subject_of_size(params_b) if training.is_stated else rough_subject(params_b)
    size = query_number(params_b)
    return Question(subject, {"size": size}, training, size)


def _about_model(catalog: Catalog, typed: str, training: TrainingForm) -> Question:
    model = find_model(catalog, typed)
    if model is not None:
        subject = subject_of_model(catalog, model.slug)
        return Question(
            subject,
            {"model": model.slug},
            training,
            model_typed=model.name,
            matches=_others_of_that_name(catalog, model, typed),
        )
    matches = search_models(catalog, typed)
    if matches.total_count:
        error = f"{matches.total_count} models match “{shortened(typed, 40)}”. Choose one."
    else:
        names = get_text_list([each.name for each in matches.nearest], "or")
        hint = f"Did you mean {names}? If not," if names else "Try a family such as Llama, or"
        error = (
            f"No model here is called “{shortened(typed, 40)}”. {hint}"
            " paste the model’s config.json."
        )
    return Question(
        None, {"model": typed}, training, model_typed=typed, model_error=error, matches=matches
    )


def _others_of_that_name(catalog: Catalog, model: LanguageModelSpec, typed: str) -> ModelMatches:
    """What else a name without a size may mean, such as “llama 3.1”: one of them has answered."""
    if states_size(typed) or typed in (model.slug, model.name, model.hf_id):
        return ModelMatches()
    matches = search_models(catalog, typed)
    return matches if matches.total_count > 1 else ModelMatches()


def _about_config(catalog: Catalog, typed: str, training: TrainingForm) -> Question:
    if len(typed) > LARGEST_BYTES:
        error = "This is too long for a config.json, which is a few kilobytes."
        return Question(None, {"config": ""}, training, config_error=error)
    try:
        config = parse_json(typed)
        if not isinstance(config, dict):
            raise NotJson("")
        if is_adapter(config):
            return _about_adapter(catalog, typed, read_adapter(config), training)
        subject = subject_of_config(config)
    except NotJson as found:
        whole = "Paste the whole text of a config.json: it starts with { and ends with }."
        error = f"{found} {whole}".strip()
    except ConfigError as found:
        errors = " ".join(f"{e.field} {e.message}".strip() for e in found.errors)
        error = f"{errors} {WAY_ON}"
    else:
        assert subject.architecture is not None
        link = config_for_link(config, subject.architecture)
        return Question(subject, {"config": link}, training, config_typed=typed)
    return Question(None, {"config": typed}, training, config_typed=typed, config_error=error)


def _about_adapter(
    catalog: Catalog, typed: str, adapter: Adapter, training: TrainingForm
) -> Question:
    """The base that an adapter names, trained as the adapter was."""
    training = read_training_form({**training.typed, **adapter.settings})
    model = find_model(catalog, adapter.base) if adapter.base else None
    subject = None if model is None else subject_of_model(catalog, model.slug)
    if adapter.error or model is None or subject is None:
        base = f"its base, “{shortened(adapter.base, 60)}”" if adapter.base else "its base model"
        error = adapter.error or (
            f"This is an adapter ({adapter.words}), whose settings are taken over."
            f" Now paste the config.json of {base}, or choose it above."
        )
        return Question(None, {"config": typed}, training, config_typed=typed, config_error=error)
    subject = replace(subject, notes=(*subject.notes, *adapter.notes))
    return Question(subject, {"model": model.slug}, training, model_typed=model.name)


def _with_targets_checked(question: Question) -> Question:
    """Refuse LoRA targets that the model has none of, beside their field."""
    subject, run = question.subject, question.run
    if subject is None or subject.architecture is None or run is None:
        return question
    try:
        check_targets(subject.architecture, run.settings_for("lora"))
    except SettingsError as error:
        label = FIELDS["lora_targets"].label
        errors = {"lora_targets": f"{label} {error.errors[0].message}"}
        return replace(question, training=replace(question.training, run=None, errors=errors))
    return question


def precise_question(question: Q) -> Q:
    """The same question; a plain size is asked about with the architecture usual for it."""
    subject = question.subject
    if subject is None or subject.architecture is not None or "size" not in question.subject_query:
        return question
    return replace(question, subject=subject_of_size(subject.params_b))


def read_precise_question(catalog: Catalog, query: Mapping[str, str]) -> Question:
    """What a page asks about that has no use for the rule of thumb."""
    return precise_question(read_question(catalog, query))


def with_cluster(question: Question, query: Mapping[str, str]) -> Question:
    """The same question about several GPUs or offload, where the query states such.

    What is wrong with them stands among the errors of the settings. A plain size is asked about
    precisely then.
    """
    found = read_cluster(query, question.run)
    if found.sharding == ONE_GPU:
        return question
    if found.sharding is None or question.run is None:
        training = question.training
        errors = {**training.errors, **found.errors}
        typed = {**training.typed, **found.typed}
        return replace(question, training=replace(training, typed=typed, run=None, errors=errors))
    return replace(precise_question(question), sharding=found.sharding)


def question_error(question: Question) -> str:
    """All that is wrong with a question that needs a precise answer, in one text."""
    errors = list(question.errors.values())
    subject = question.subject
    if subject is not None and subject.architecture is None:
        errors.append(
            f"Only the size of {subject.name} is known here, not what a training step of it"
            f" holds. {subject.parameters_only_reason}"
        )
    return " ".join(errors)
