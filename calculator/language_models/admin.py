"""The admin of language models: names and counts in the list, the shape on a model's own page."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse

from calculator.editing import RowAdmin, RowInline, publish, unpublish
from calculator.estimation.architectures.parameters import count_parameters
from calculator.language_models.models import LanguageModel, ModelAlias

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


class ModelAliasInline(RowInline):
    model = ModelAlias
    extra = 0
    fields = ("alias", "source")


@admin.register(LanguageModel)
class LanguageModelAdmin(RowAdmin):
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
