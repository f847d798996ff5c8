"""Query string ↔ settings of a run for inference, and the words of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from calculator.estimation import SettingsError
from calculator.estimation.inference import InferenceSettings, inference_settings_from_mapping
from calculator.estimation.inference.runtimes import RUNTIMES
from calculator.question.setting_fields import FieldGroup, SettingField
from calculator.question.training_form import parse_count, parse_length

INFERENCE_FIELDS = FieldGroup(
    "inference",
    "What it is run with",
    (
        SettingField(
            "context_length",
            "Context length",
            "count",
            "Tokens of prompt and answer together, of each sequence; 8k is 8,192.",
        ),
        SettingField(
            "sequences", "Concurrent sequences", "count", "Conversations in memory at one time."
        ),
        SettingField(
            "kv_precision",
            "KV cache precision",
            "choice",
            "vLLM has 16 and 8 bits.",
            (("16bit", "16-bit"), ("8bit", "8-bit (fp8, q8_0)"), ("4bit", "4-bit (q4_0)")),
        ),
        SettingField(
            "runtime",
            "Run with",
            "choice",
            "Each has formats of its own.",
            tuple((slug, runtime.name) for slug, runtime in RUNTIMES.items()),
        ),
        SettingField(
            "prefill_tokens",
            "Tokens of a prompt per step",
            "count",
            "max-num-batched-tokens in vLLM, ubatch-size in llama.cpp; 0 is the runtime’s own.",
        ),
    ),
)
INFERENCE_NAMES = tuple(each.name for each in INFERENCE_FIELDS.fields)
# The one that a plain size carries in its URL although it is the default: without any setting,
# /inference/?size=7 is the rule of thumb.
NAME_THAT_MAKES_A_SIZE_PRECISE = "context_length"
DEFAULTS = InferenceSettings()


@dataclass(frozen=True, slots=True)
class InferenceForm:
    """A query's settings. `settings` is None while one of them is wrong; typed keeps them."""

    typed: Mapping[str, str] = field(default_factory=dict)
    settings: InferenceSettings | None = DEFAULTS
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_stated(self) -> bool:
        return bool(self.typed)

    @property
    def query(self) -> dict[str, str]:
        """The shortest query that says the same; as typed while something is wrong."""
        if self.settings is None:
            return dict(self.typed)
        return {
            name: str(value)
            for name in INFERENCE_NAMES
            if (value := getattr(self.settings, name)) != getattr(DEFAULTS, name)
        }

    def value_of(self, name: str) -> str:
        """What stands in the field."""
        if self.settings is None:
            return self.typed.get(name, str(getattr(DEFAULTS, name)))
        return str(getattr(self.settings, name))


def read_inference_form(query: Mapping[str, str]) -> InferenceForm:
    """Read the settings of a query; other parameters and empty values are left alone."""
    typed = {name: text for name in INFERENCE_NAMES if (text := query.get(name, "").strip())}
    values = {
        each.name: _parse(each, typed[each.name])
        for each in INFERENCE_FIELDS.fields
        if each.name in typed
    }
    try:
        return InferenceForm(typed, inference_settings_from_mapping(values))
    except SettingsError as error:
        labels = {each.name: each.label for each in INFERENCE_FIELDS.fields}
        errors = {each.field: f"{labels[each.field]} {each.message}" for each in error.errors}
        return InferenceForm(typed, None, errors)


def _parse(setting: SettingField, text: str) -> int | str:
    if setting.name == "context_length":
        return parse_length(text)
    return parse_count(text) if setting.kind == "count" else text.lower()
