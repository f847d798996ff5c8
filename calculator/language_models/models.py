"""Published language models as rows that editors keep: the columns of calculator/data/models.csv."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from calculator.checked_rows import CheckedRow
from calculator.estimation.architectures.architecture import Architecture
from calculator.estimation.architectures.rows import NOT_MODELLED, architecture_from_row
from calculator.estimation.errors import ConfigError
from calculator.language_models.specs import LanguageModelSpec

# The page links to huggingface.co/ with this after it: nothing else may come of it.
HUGGING_FACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")


def _size(name: str, **options: Any) -> models.PositiveBigIntegerField:
    """A size of the configuration; empty where the model has none of it."""
    return models.PositiveBigIntegerField(name, null=True, blank=True, **options)


def _positive_or_empty(*names: str) -> Q:
    condition = Q()
    for name in names:
        condition &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gt": 0})
    return condition


class LanguageModel(CheckedRow):
    """A model's names, its counts of parameters, and its shape under its configuration's names."""

    slug = models.SlugField(max_length=80, unique=True, help_text="Part of links: stays as it is.")
    display_name = models.CharField("name", max_length=80, unique=True)
    hf_id = models.CharField(
        "Hugging Face name", max_length=120, help_text="meta-llama/Llama-3.1-8B"
    )
    family = models.CharField(max_length=60)
    license = models.CharField(max_length=80, blank=True)
    released_on = models.DateField("released", null=True, blank=True)
    params_total = models.PositiveBigIntegerField(
        "parameters", validators=[MinValueValidator(1)], help_text="All of them, experts included."
    )
    params_active = _size("active parameters", help_text="What one token uses; empty: all.")
    architecture_kind = models.CharField(
        "kind", max_length=8, choices=[("dense", "dense"), ("moe", "mixture of experts")]
    )
    model_type = models.CharField(
        max_length=40, help_text="As in config.json: llama, qwen3_moe. Decides how it is computed."
    )
    hidden_size = _size("hidden size")
    num_hidden_layers = _size("layers")
    num_attention_heads = _size("attention heads")
    num_key_value_heads = _size("key and value heads")
    head_dim = _size("head size", help_text="Empty: hidden size by heads.")
    intermediate_size = _size("width of the MLP")
    vocab_size = _size("vocabulary")
    tie_word_embeddings = models.BooleanField("tied embeddings", default=False)
    max_position_embeddings = _size("context length (tokens)")
    num_experts = _size("experts")
    experts_per_token = _size("experts per token")
    moe_intermediate_size = _size("width of an expert")
    shared_experts = _size("shared experts")
    shared_intermediate_size = _size("width of the shared experts")
    first_k_dense_layers = _size("dense layers at the start")
    moe_layer_interval = _size("every n-th layer has experts")
    attention_kind = models.CharField(max_length=80, blank=True)
    q_lora_rank = _size("rank of the queries (MLA)")
    kv_lora_rank = _size("rank of keys and values (MLA)")
    qk_nope_head_dim = _size("query-key head without position (MLA)")
    qk_rope_head_dim = _size("query-key head with position (MLA)")
    v_head_dim = _size("value head (MLA)")
    sliding_window = _size("sliding window (tokens)")
    linear_attention_layers = _size("layers with linear attention")
    linear_key_heads = _size("key heads of linear attention")
    linear_value_heads = _size("value heads of linear attention")
    linear_head_dim = _size("head size of linear attention")
    linear_conv_kernel = _size("convolution of linear attention")
    global_head_dim = _size("head size of global layers")
    global_kv_heads = _size("key heads of global layers")
    position_embeddings = _size("learned positions")
    vision_parameters = _size("parameters of the vision tower")
    trait_overrides = models.CharField(
        max_length=120,
        blank=True,
        help_text="Where it differs from its family: qkv_bias=false; qk_norm=none.",
    )
    params_computed_text = _size("computed parameters", help_text="Of the text decoder.")
    params_published_checkpoint = _size("published parameters", help_text="Of the files.")
    mismatch_pct = models.DecimalField(
        "difference (%)", max_digits=7, decimal_places=3, null=True, blank=True
    )
    mismatch_note = models.CharField("why they differ", max_length=300, blank=True)
    params_total_basis = models.CharField(
        "where the parameters come from", max_length=60, blank=True
    )
    order = models.PositiveIntegerField(default=0)
    published = models.BooleanField(default=True)
    source = models.TextField(help_text="Where the sizes come from.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "language model"
        ordering = ("order", "family", "params_total", "slug")
        constraints = [
            models.CheckConstraint(
                condition=~Q(slug="") & ~Q(display_name="") & ~Q(source=""),
                name="language_model_has_its_names",
            ),
            models.CheckConstraint(
                condition=Q(params_total__gt=0),
                name="language_model_has_parameters",
                violation_error_message="A model has at least one parameter.",
            ),
            models.CheckConstraint(
                condition=Q(architecture_kind__in=("dense", "moe")),
                name="language_model_kind_is_known",
            ),
            models.CheckConstraint(
                condition=_positive_or_empty(
                    "hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"
                ),
                name="language_model_sizes_are_positive",
                violation_error_message=(
                    "Hidden size, layers, heads and vocabulary are more than 0, or empty."
                ),
            ),
            models.CheckConstraint(
                condition=Q(experts_per_token__isnull=True)
                | Q(experts_per_token__lte=models.F("num_experts")),
                name="language_model_experts_within_all",
                violation_error_message="A token uses no more experts than there are.",
            ),
            models.CheckConstraint(
                condition=Q(params_active__isnull=True)
                | Q(params_active__lte=models.F("params_total")),
                name="language_model_active_within_total",
                violation_error_message="A model has no more active parameters than parameters.",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    def clean(self) -> None:
        """A row that can be computed has to compute; one that cannot has to be of a known kind."""
        if not HUGGING_FACE_NAME.fullmatch(self.hf_id):
            raise ValidationError(
                {"hf_id": "Write it as owner/name, with letters, digits, dots, - and _."}
            )
        if self.model_type in NOT_MODELLED:
            return
        try:
            self.to_architecture()
        except ConfigError as error:
            raise ValidationError({each.field: each.message for each in error.errors}) from error

    def to_architecture(self) -> Architecture:
        """The architecture that the row states.

        Raises:
            ConfigError: the row is of a kind that is not modelled, or a size is wrong.
        """
        names = (each.name for each in self._meta.concrete_fields if each.name != "updated_at")
        values = ((name, getattr(self, name)) for name in names)
        return _architecture_of(
            tuple((name, "" if value is None else value) for name, value in values)
        )

    def to_spec(self) -> LanguageModelSpec:
        try:
            architecture, reason = self.to_architecture(), ""
        except ConfigError as error:
            architecture, reason = None, " ".join(each.message for each in error.errors)
        return LanguageModelSpec(
            slug=self.slug,
            name=self.display_name,
            hf_id=self.hf_id,
            family=self.family,
            license=self.license,
            released_on=self.released_on,
            params_total_count=self.params_total,
            params_active_count=self.params_active or self.params_total,
            architecture=architecture,
            parameters_only_reason=reason,
            source=self.source,
            context_length=self.max_position_embeddings,
            aliases=tuple(each.alias for each in self.aliases.all()),
        )


@lru_cache(maxsize=1024)
def _architecture_of(cells: tuple[tuple[str, object], ...]) -> Architecture:
    """Of a row's values: a new snapshot, and each answer that is checked, asks for every model's."""
    return architecture_from_row(dict(cells))


class ModelAlias(CheckedRow):
    """A name that finds a model beside its own: a fine-tune of it, or a family without a size."""

    language_model = models.ForeignKey(
        LanguageModel, on_delete=models.CASCADE, related_name="aliases"
    )
    alias = models.CharField(
        max_length=120, help_text="As people type it: zephyr-7b-beta. Capitals make no difference."
    )
    source = models.CharField(
        max_length=300, help_text="Why it stands for this model, or where that is said."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "alias"
        verbose_name_plural = "aliases"
        ordering = ("alias",)
        constraints = [
            models.UniqueConstraint(
                Lower("alias"),
                name="model_alias_is_unique",
                violation_error_message="This alias is another model's already.",
            ),
            models.CheckConstraint(condition=~Q(alias=""), name="model_alias_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.alias
