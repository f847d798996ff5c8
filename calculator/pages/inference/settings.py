"""The settings of a run for inference as the page shows them."""

from __future__ import annotations

from calculator.pages.calculator.links import Links
from calculator.pages.calculator.settings_panel import (
    FieldView,
    GroupView,
    OptionView,
    SettingsPanel,
    is_rough_size,
)
from calculator.pages.inference.cards import load_words
from calculator.question.inference.form import (
    DEFAULTS,
    INFERENCE_FIELDS,
    NAME_THAT_MAKES_A_SIZE_PRECISE,
    InferenceForm,
)
from calculator.question.inference.reading import InferenceQuestion
from calculator.question.setting_fields import SettingField

TITLE = "Context, sequences, runtime"


def present_inference_settings(question: InferenceQuestion, links: Links) -> SettingsPanel:
    form = question.inference
    precise_url = ""
    if is_rough_size(question) and form.settings is not None:
        kept = {NAME_THAT_MAKES_A_SIZE_PRECISE: form.value_of(NAME_THAT_MAKES_A_SIZE_PRECISE)}
        precise_url = links.page_url({**question.query, **kept})
    return SettingsPanel(
        first=GroupView(
            INFERENCE_FIELDS.slug,
            INFERENCE_FIELDS.title,
            tuple(_field(each, form) for each in INFERENCE_FIELDS.fields),
            is_open=True,
        ),
        more=(),
        summary=_summary(form),
        is_open=form.is_stated,
        other_error="",
        trainers=(),
        trainer="",
        trainer_note="",
        subject_query={**question.subject_query, **question.own_gpu.query},
        precise_url=precise_url,
        title=TITLE,
    )


def _field(setting: SettingField, form: InferenceForm) -> FieldView:
    value, default = form.value_of(setting.name), getattr(DEFAULTS, setting.name)
    hint = setting.hint
    if setting.kind == "count" and default:
        hint = f"{hint} Default {default:,}."
    return FieldView(
        name=setting.name,
        label=setting.label,
        kind=setting.kind,
        hint=hint,
        value=value,
        options=tuple(
            OptionView(
                choice, f"{label} (default)" if choice == default else label, choice == value
            )
            for choice, label in setting.choices
        ),
        error=form.errors.get(setting.name, ""),
    )


def _summary(form: InferenceForm) -> str:
    settings = form.settings
    if settings is None:
        return ""
    names = {name: label for each in INFERENCE_FIELDS.fields for name, label in each.choices}
    load = load_words(settings.sequences, settings.context_length)
    return f"{load}, KV cache {names[settings.kv_precision]}, {names[settings.runtime]}"
