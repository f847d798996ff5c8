"""The form that adds a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django import forms

from calculator.pages.compare.configurations import Configuration
from calculator.question.setting_fields import ON_OFF
from calculator.words.methods import METHOD_NAMES
from calculator.words.query_forms import choice_field
from gpus.specs import GpuSpec


class AddForm(forms.Form):
    """What to compare with: the last configuration's values, to change one of them.

    It only collects text: `read_configuration` checks it, as it does what stands in a URL. What is
    wrong with what was `typed` it is told (`errors`, by field).
    """

    use_required_attribute = False

    model = forms.ChoiceField(required=False, label="Model")
    method = forms.ChoiceField(label="Method", choices=METHOD_NAMES.items())
    sequence_length = forms.CharField(required=False, label="Sequence length")
    micro_batch = forms.CharField(required=False, label="Micro-batch")
    lora_rank = forms.CharField(required=False, label="Rank (LoRA, QLoRA)")
    gradient_checkpointing = forms.ChoiceField(
        required=False, label="Gradient checkpointing", choices=ON_OFF
    )
    # Not “gpu”: in an address that is the visitor's own.
    on_gpu = forms.ChoiceField(required=False, label="GPU")
    gpu_count = forms.CharField(required=False, label="How many GPUs")

    def __init__(
        self,
        models: Iterable[tuple[str, str]],
        gpus: Iterable[GpuSpec],
        *,
        initial: dict[str, str] | None = None,
        typed: Mapping[str, str] | None = None,
        errors: Mapping[str, str] | None = None,
    ) -> None:
        self.found_errors = errors or {}
        super().__init__(typed, initial=initial, auto_id="add-%s")
        choice_field(self, "model").choices = list(models)
        choices = sorted(((gpu.slug, gpu.name) for gpu in gpus), key=lambda each: each[1])
        choice_field(self, "on_gpu").choices = [("", "none in particular"), *choices]
        for name in ("sequence_length", "micro_batch", "lora_rank", "gpu_count"):
            self.fields[name].widget.attrs["inputmode"] = "numeric"
        for name, field in self.fields.items():
            field.widget.attrs["aria-describedby"] = f"add-{name}_error"

    def clean(self) -> dict[str, object]:
        for name, error in self.found_errors.items():
            self.add_error(name if name in self.fields else None, error)
        return self.cleaned_data


def initial_values(last: Configuration | None) -> dict[str, str]:
    if last is None:
        return {"method": "qlora", "gpu_count": "1"}
    settings = last.settings
    values = {
        "model": last.question.subject_query.get("model", ""),
        "method": last.method,
        "on_gpu": "" if last.gpu is None else last.gpu.slug,
        "gpu_count": str(last.gpu_count),
    }
    if settings is not None:
        values["sequence_length"] = str(settings.sequence_length)
        values["micro_batch"] = str(settings.micro_batch)
        values["lora_rank"] = str(settings.lora_rank)
        checkpointing = settings.gradient_checkpointing
        values["gradient_checkpointing"] = "true" if checkpointing else "false"
    return values


def added_values(query: Mapping[str, str]) -> dict[str, str]:
    """The configuration that a query adds by the form's fields, less what is empty."""
    return {
        name.removeprefix("on_"): text
        for name in AddForm.base_fields
        if (text := query.get(name, "").strip()) and (name, text) != ("gpu_count", "1")
    }
