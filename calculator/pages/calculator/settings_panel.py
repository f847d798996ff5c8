"""The training settings as the page shows them: fields with values, defaults, hints and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from calculator.estimation.trainers import TRAINERS
from calculator.pages.calculator.differences import DIFFERENCES, FieldDifferencesView
from calculator.pages.calculator.links import Links
from calculator.question.cluster import (
    CLUSTER_FIELDS,
    CLUSTER_NAMES,
    ONE_GPU,
    cluster_values,
    cluster_words,
)
from calculator.question.reading import Question
from calculator.question.setting_fields import FieldGroup, SettingField
from calculator.question.training_fields import FIRST_FIELDS, MORE_GROUPS
from calculator.question.training_form import TRAINER, Run, as_text, default_run
from calculator.words.formatting import NO_BREAK_SPACE

NAMED_IN_SUMMARY = {"micro_batch", "sequence_length", "gradient_checkpointing", "lora_rank"}
METHOD_WORDS = {"full": "full", "lora": "LoRA", "qlora": "QLoRA"}


_NONE: Mapping[str, tuple[FieldDifferencesView, ...]] = {}


@dataclass(frozen=True, slots=True)
class OptionView:
    value: str
    label: str
    is_selected: bool


@dataclass(frozen=True, slots=True)
class FieldView:
    name: str
    label: str
    kind: str
    hint: str
    value: str
    options: tuple[OptionView, ...]
    error: str


@dataclass(frozen=True, slots=True)
class GroupView:
    """is_open: one of its fields is wrong or differs from the default."""

    slug: str
    title: str
    fields: tuple[FieldView, ...]
    is_open: bool
    differences_url: str = ""
    """The page with what each option changes, for browsers without JavaScript."""
    differences: tuple[FieldDifferencesView, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainerView:
    name: str
    page_url: str
    fragment_url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class SettingsPanel:
    first: GroupView
    more: tuple[GroupView, ...]
    summary: str
    is_open: bool
    other_error: str
    trainers: tuple[TrainerView, ...]
    trainer: str
    trainer_note: str
    subject_query: Mapping[str, str]
    """What is asked beside its fields: the model, and the visitor's own GPU."""
    precise_url: str = ""
    """From the rule of thumb to the precise estimate of the fields as they stand."""
    title: str = "Training settings"

    @property
    def fields(self) -> tuple[FieldView, ...]:
        return tuple(field for group in (self.first, *self.more) for field in group.fields)


def present_settings(
    question: Question,
    links: Links,
    differences: Mapping[str, tuple[FieldDifferencesView, ...]] = _NONE,
) -> SettingsPanel:
    """The panel; `differences` are those of the groups that are shown with them from the start."""
    form = question.training
    run = form.run
    defaults = default_run(form.trainer)
    first = _group(FIRST_FIELDS, question, defaults)
    groups = [(group, _group(group, question, defaults)) for group in MORE_GROUPS]
    has_experts = _has_experts(question)
    more = tuple(
        view for group, view in groups if has_experts or view.is_open or not group.needs_experts
    )
    cluster = _cluster_group(question)
    words = cluster_words(question.sharding)
    return SettingsPanel(
        first=_with_differences(first, question, links, differences),
        more=tuple(
            _with_differences(group, question, links, differences) for group in (*more, cluster)
        ),
        summary="" if run is None else ", ".join(filter(None, [summary_of(run), words])),
        is_open=form.is_stated or cluster.is_open or bool(differences),
        other_error=form.errors.get(TRAINER, ""),
        trainers=_trainers(question, links),
        trainer=form.trainer,
        trainer_note=_trainer_note(form.trainer),
        subject_query={**question.subject_query, **question.own_gpu.query},
        precise_url=(
            ""
            if run is None or not is_rough_size(question)
            else links.page_url(links.query_with(run))
        ),
    )


def is_rough_size(question: Question) -> bool:
    """Whether a plain size is answered by the rule of thumb."""
    is_size = question.subject is not None and "size" in question.subject_query
    return is_size and not question.is_precise


def batch_words(run: Run) -> str:
    """“1 × 2,048 tokens”."""
    settings = run.settings_for("lora")
    return (
        f"{settings.micro_batch:,}{NO_BREAK_SPACE}×{NO_BREAK_SPACE}"
        f"{settings.sequence_length:,}{NO_BREAK_SPACE}tokens"
    )


def summary_of(run: Run) -> str:
    settings = run.settings_for("lora")
    parts = [
        batch_words(run),
        f"checkpointing {'on' if settings.gradient_checkpointing else 'off'}",
        f"rank {settings.lora_rank:,}",
    ]
    others = len(set(run.stated) - NAMED_IN_SUMMARY)
    if others:
        parts.append(f"{others} more changed")
    if run.trainer in TRAINERS:
        parts.append(f"as {TRAINERS[run.trainer].name}")
    return ", ".join(parts)


def _has_experts(question: Question) -> bool:
    architecture = None if question.subject is None else question.subject.architecture
    return architecture is not None and architecture.is_moe


def _group(group: FieldGroup, question: Question, defaults: Run) -> GroupView:
    form = question.training
    stated = form.typed if form.run is None else form.run.stated
    names = [setting.name for setting in group.fields]
    return GroupView(
        group.slug,
        group.title,
        tuple(_field(setting, question, defaults) for setting in group.fields),
        is_open=any(name in stated or name in form.errors for name in names),
    )


def _field(setting: SettingField, question: Question, defaults: Run) -> FieldView:
    form = question.training
    face = _face(setting, defaults.trainer)
    typed = form.typed.get(setting.name)
    if form.run is None:
        value = typed if typed is not None else face.default
    else:
        value = _text(form.run.value_of(setting))
    return FieldView(
        name=setting.name,
        label=setting.label,
        kind=setting.kind,
        hint=face.hint,
        value=value,
        options=tuple(
            OptionView(choice, label, choice == value) for choice, label in face.choices
        ),
        error=form.errors.get(setting.name, ""),
    )


@dataclass(frozen=True, slots=True)
class _Face:
    """What a field says whatever is asked: it depends on the trainer alone."""

    default: str
    hint: str
    choices: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)
def _face(setting: SettingField, trainer: str) -> _Face:
    defaults = default_run(trainer)
    default = defaults.value_of(setting)
    return _Face(
        _text(default), _hint(setting, default, defaults), _choices(setting, default, defaults)
    )


def _with_differences(
    group: GroupView,
    question: Question,
    links: Links,
    differences: Mapping[str, tuple[FieldDifferencesView, ...]],
) -> GroupView:
    found, run = differences.get(group.slug, ()), question.run
    if run is None or not any(field.options for field in group.fields):
        return group
    query = {**links.query_with(run), DIFFERENCES: group.slug}
    return replace(
        group,
        differences_url=f"{links.page_url(query)}#settings-{group.slug}",
        differences=found,
        is_open=group.is_open or bool(found),
    )


def _cluster_group(question: Question) -> GroupView:
    """Number of GPUs, strategy and offload: no settings of the step, but of where it runs."""
    form = question.training
    values = cluster_values(question.sharding)
    defaults = cluster_values(ONE_GPU)
    if form.run is None:
        values |= {name: form.typed[name] for name in CLUSTER_NAMES if name in form.typed}
    return GroupView(
        CLUSTER_FIELDS.slug,
        CLUSTER_FIELDS.title,
        tuple(
            FieldView(
                name=setting.name,
                label=setting.label,
                kind=setting.kind,
                hint=setting.hint if setting.choices else f"{setting.hint} Default 1.",
                value=values[setting.name],
                options=tuple(
                    OptionView(
                        choice,
                        f"{label} (default)" if choice == defaults[setting.name] else label,
                        choice == values[setting.name],
                    )
                    for choice, label in setting.choices
                ),
                error=form.errors.get(setting.name, ""),
            )
            for setting in CLUSTER_FIELDS.fields
        ),
        is_open=values != defaults,
    )


def _text(value: Any | None) -> str:
    return "" if value is None else as_text(value)


def _hint(setting: SettingField, default: Any | None, defaults: Run) -> str:
    if setting.choices:
        return setting.hint
    words = _by_method(setting, defaults) if default is None else as_text(default)
    if isinstance(default, int):
        words = f"{default:,}"
    return f"{setting.hint} Default {words}.".strip()


def _choices(
    setting: SettingField, default: Any | None, defaults: Run
) -> tuple[tuple[str, str], ...]:
    """Values and labels; first what a default that differs by method is for each."""
    if not setting.choices:
        return ()
    choices = [
        (choice, f"{label} (default)" if choice == _text(default) else label)
        for choice, label in setting.choices
    ]
    if default is None:
        choices.insert(0, ("", _by_method(setting, defaults)))
    return tuple(choices)


def _by_method(setting: SettingField, defaults: Run) -> str:
    """“AdamW, fused; QLoRA: AdamW, paged 8-bit”: a default that differs by method."""
    labels = dict(setting.choices)
    methods_of: dict[str, list[str]] = {}
    for method in setting.methods:
        text = as_text(getattr(defaults.settings_for(method), setting.name))
        methods_of.setdefault(labels.get(text, text), []).append(METHOD_WORDS[method])
    return "; ".join(f"{', '.join(methods)}: {label}" for label, methods in methods_of.items())


def _trainers(question: Question, links: Links) -> tuple[TrainerView, ...]:
    """A link for each trainer: what was changed by hand stays, the rest becomes its default."""
    if not TRAINERS:
        return ()
    stated = {} if question.run is None else question.run.stated
    views = []
    for slug, name in [("", "transformers"), *((k, t.name) for k, t in TRAINERS.items())]:
        query = links.query_with(Run(slug, stated))
        is_current = slug == question.training.trainer
        views.append(TrainerView(name, *links.urls(query), is_current=is_current))
    return tuple(views)


def _trainer_note(slug: str) -> str:
    if slug not in TRAINERS:
        return ""
    trainer = TRAINERS[slug]
    return f"Defaults of {trainer.name} {trainer.version}."
