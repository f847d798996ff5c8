"""The admin of language models: names and counts in the list, the shape on a model's own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst

from calculator.editing import RowAdmin, RowForm, RowInline, publish, unpublish
from calculator.editing.forms import MultilineField
from calculator.estimation import ConfigError
from calculator.estimation.architectures.config_json import architecture_from_config
from calculator.estimation.architectures.parameters import count_parameters
from calculator.estimation.architectures.row_writing import is_whole, row_from_architecture
from calculator.language_models.models import LanguageModel, ModelAlias
from calculator.question.json_text import NotJson, parse_json

_NAMES = ("display_name", "slug", "hf_id", "family", "license", "released_on")
_COUNTS = (
    "params_total",
    "params_active",
    "counted",
    "params_total_basis",
    "params_computed_text",
    "params_published_checkpoint",
    "mismatch_pct",
    "mismatch_note",
)
_LAYERS = (
    "architecture_kind",
    "model_type",
    "hidden_size",
    "num_hidden_layers",
    "intermediate_size",
    "vocab_size",
    "tie_word_embeddings",
    "max_position_embeddings",
    "position_embeddings",
    "vision_parameters",
    "trait_overrides",
)
_ATTENTION = (
    "attention_kind",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "sliding_window",
    "global_head_dim",
    "global_kv_heads",
)
_EXPERTS = (
    "num_experts",
    "experts_per_token",
    "moe_intermediate_size",
    "shared_experts",
    "shared_intermediate_size",
    "first_k_dense_layers",
    "moe_layer_interval",
)
_LATENT = ("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim")
_LINEAR = (
    "linear_attention_layers",
    "linear_key_heads",
    "linear_value_heads",
    "linear_head_dim",
    "linear_conv_kernel",
)


# Where these differ from a config.json, they may be right: the files hold more than its layers.
_FILLED_ONLY = ("params_total", "max_position_embeddings")


class LanguageModelForm(RowForm):
    """A model's row; a pasted config.json fills the fields of its shape that are empty."""

    config_json = MultilineField(
        label="config.json",
        required=False,
        widget=forms.Textarea(
            attrs={"rows": 6, "class": "vLargeTextField", "spellcheck": "false"}
        ),
        help_text=(
            "Paste the model's config.json, and fields of the shape that are empty are filled in "
            "from it. It is not kept itself."
        ),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._config_problems: list[str] = []
        if self.is_bound and (pasted := self.data.get(self.add_prefix("config_json"), "")):
            self.data = self._filled_in(pasted)

    def clean_config_json(self) -> str:
        if self._config_problems:
            raise ValidationError(self._config_problems)
        return ""

    def _filled_in(self, pasted: str) -> Any:
        """What was sent, with what the config.json says in the fields that are empty."""
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        try:
            row = _row_of_config(pasted)
        except (NotJson, ConfigError, KeyError) as error:
            self._config_problems = _in_words(error)
            return data
        for name, text in row.items():
            key = self.add_prefix(name)
            if name not in self.fields or not text or str(data.get(key, "")) == text:
                continue
            if name == "tie_word_embeddings":
                data[key] = "on"
            elif data.get(key) and name in _FILLED_ONLY:
                continue
            elif data.get(key):
                self._config_problems.append(
                    f"{capfirst(str(self.fields[name].label))}: the field says {data[key]}, and "
                    f"this config.json {text}. Empty the field, or take the config.json out."
                )
            else:
                data[key] = text
        return data


def _row_of_config(pasted: str) -> dict[str, str]:
    """The columns that a config.json fills.

    Raises:
        NotJson, ConfigError: it cannot be read; the message says where and why.
        KeyError: rows cannot name its family.
    """
    config = parse_json(pasted)
    if not isinstance(config, dict):
        raise NotJson("Paste the whole text: it starts with { and ends with }.")
    architecture = architecture_from_config(config)
    row = row_from_architecture(architecture)
    if not is_whole(row, architecture):
        raise NotJson(
            "The fields cannot hold all that this model is. Fill them by hand, with the traits in "
            "which it differs from its family."
        )
    context = config.get("max_position_embeddings")
    return {
        **row,
        "params_total": str(count_parameters(architecture).total_count),
        "max_position_embeddings": str(context) if isinstance(context, int) else "",
    }


def _in_words(error: NotJson | ConfigError | KeyError) -> list[str]:
    if isinstance(error, ConfigError):
        return [f"{each.field} {each.message}".strip() for each in error.errors]
    if isinstance(error, KeyError):
        return [f"The family {error} cannot be written in these fields."]
    return [str(error)]


class ModelAliasInline(RowInline):
    model = ModelAlias
    extra = 0
    fields = ("alias", "source")


@admin.register(LanguageModel)
class LanguageModelAdmin(RowAdmin):
    form = LanguageModelForm
    inlines = (ModelAliasInline,)
    actions = (publish, unpublish)
    list_display = (
        "display_name",
        "family",
        "params_total",
        "architecture_kind",
        "model_type",
        "released_on",
        "published",
    )
    list_editable = ("published",)
    list_filter = ("architecture_kind", "published", "family")
    search_fields = ("display_name", "slug", "hf_id", "family", "model_type", "aliases__alias")
    prepopulated_fields = {"slug": ("display_name",)}
    readonly_fields = ("counted",)
    fieldsets = (
        (None, {"fields": _NAMES}),
        ("Its shape, pasted", {"fields": ("config_json",)}),
        ("Parameters", {"fields": _COUNTS}),
        (
            "Layers",
            {
                "fields": _LAYERS,
                "description": "As the model's config.json states them; empty: it has none.",
            },
        ),
        ("Attention", {"fields": _ATTENTION}),
        ("Experts", {"fields": _EXPERTS}),
        ("Latent attention (MLA)", {"fields": _LATENT, "classes": ("collapse",)}),
        ("Linear attention", {"fields": _LINEAR, "classes": ("collapse",)}),
        ("On the site", {"fields": ("order", "published", "source")}),
    )

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, form=RowForm, **kwargs)

    @admin.display(description="counted from the shape")
    def counted(self, model: LanguageModel) -> str:
        """What the shape gives, to compare with what was typed; or why nothing is computed."""
        if model.pk is None:
            return "Shown once the model is saved."
        spec = model.to_spec()
        if spec.architecture is None:
            return spec.parameters_only_reason
        return f"{count_parameters(spec.architecture).total_count:,}"

    def view_on_site(self, model: LanguageModel) -> str | None:
        if not model.published:
            return None
        return f"{reverse('calculator:training')}?model={model.slug}"
