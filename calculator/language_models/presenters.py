"""One model's page as its template prints it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse

from calculator.catalog import Catalog
from calculator.estimation import Architecture, TrainingSettings
from calculator.estimation.lora_targets import module_names
from calculator.language_models.selection import is_mixture
from calculator.language_models.specs import LanguageModelSpec
from calculator.pages.calculator.answer_view import AnswerView
from calculator.pages.calculator.presenters import present_calculator
from calculator.pages.carry.badges import BadgeLink, badge_links
from calculator.pages.facts import Fact
from calculator.question.own_gpu import OWN_GPU
from calculator.words.addresses import with_query
from calculator.words.formatting import format_count

HUGGING_FACE = "https://huggingface.co/"


@dataclass(frozen=True, slots=True)
class RelativeView:
    name: str
    slug: str
    parameters: str


@dataclass(frozen=True, slots=True)
class ModelPageView:
    """The whole page. `answer` is None where no method is published."""

    model: LanguageModelSpec
    title: str
    lead: str
    answer: AnswerView | None
    settings_words: str
    facts: tuple[Fact, ...]
    hugging_face: Fact | None
    source: str
    relatives: tuple[RelativeView, ...]
    calculator_url: str
    own_query: str
    """“?gpu=rtx-4090”: the visitor's own GPU, for the links to the methods' pages."""
    canonical_path: str
    badges: tuple[BadgeLink, ...]


def present_model(
    catalog: Catalog, slug: str, own_gpu: str = "", *, today: dt.date
) -> ModelPageView | None:
    """One model's page; None where no such model is published.

    own_gpu: the visitor's GPU as the address has it.
    """
    model = catalog.language_models_by_slug.get(slug)
    if model is None:
        return None
    query = {"model": slug, OWN_GPU: own_gpu}
    calculator = present_calculator(catalog, query, today=today)
    return ModelPageView(
        model=model,
        title=f"{model.name}: GPU memory to fine-tune it",
        lead=_lead(model),
        answer=calculator.answer,
        settings_words=_settings_words(TrainingSettings()),
        facts=tuple(_facts(model)),
        hugging_face=_hugging_face(model),
        source=model.source,
        relatives=tuple(
            RelativeView(each.name, each.slug, format_count(each.params_total_count))
            for each in catalog.language_models
            if each.family == model.family and each.slug != slug
        ),
        calculator_url=calculator.page_url,
        own_query=with_query("", calculator.question.own_gpu.query),
        canonical_path=reverse("calculator:model", args=[slug]),
        badges=() if model.architecture is None else badge_links(slug),
    )


def _hugging_face(model: LanguageModelSpec) -> Fact | None:
    if "/" not in model.hf_id:
        return None
    return Fact("Hugging Face", model.hf_id, url=HUGGING_FACE + model.hf_id)


def _lead(model: LanguageModelSpec) -> str:
    size = f"{format_count(model.params_total_count)} parameters"
    if is_mixture(model):
        size += f", {format_count(model.params_active_count)} of them active for a token"
    return f"{model.family}, {size}."


def _settings_words(settings: TrainingSettings) -> str:
    return (
        f"micro-batch {settings.micro_batch:,}, sequences of {settings.sequence_length:,} tokens,"
        f" gradient checkpointing, rank {settings.lora_rank}"
    )


def _facts(model: LanguageModelSpec) -> list[Fact]:
    facts = [Fact("Parameters", f"{model.params_total_count:,}")]
    if is_mixture(model):
        facts.append(Fact("Active parameters", f"{model.params_active_count:,}"))
    if model.architecture is not None:
        facts += _shape(model.architecture)
    if model.context_length is not None:
        facts.append(Fact("Context", f"{model.context_length:,} tokens"))
    if model.released_on is not None:
        facts.append(Fact("Published", f"{model.released_on:%b %Y}"))
    if model.license:
        facts.append(Fact("Licence", model.license))
    return facts


def _shape(architecture: Architecture) -> list[Fact]:
    kinds = architecture.layer_kinds()
    facts = [
        Fact("Layers", f"{architecture.layer_count:,}", _layer_words(kinds)),
        Fact("Hidden size", f"{architecture.hidden_size:,}"),
        _heads(architecture),
    ]
    if architecture.intermediate_size and any(mlp == "dense" for _, mlp in kinds):
        facts.append(Fact("Width of the MLP", f"{architecture.intermediate_size:,}"))
    if architecture.is_moe:
        facts.append(
            Fact(
                "Experts",
                f"{architecture.expert_count:,}, each {architecture.expert_intermediate_size:,} wide",
                f"a token uses {architecture.experts_per_token:,}",
            )
        )
    if architecture.sliding_window and any(kind == "sliding" for kind, _ in kinds):
        facts.append(Fact("Window", f"{architecture.sliding_window:,} tokens"))
    tied = "shared by embedding and head" if architecture.tied_embeddings else ""
    facts.append(Fact("Vocabulary", f"{architecture.vocab_size:,}", tied))
    if architecture.vision_parameter_count:
        vision = format_count(architecture.vision_parameter_count)
        facts.append(Fact("Vision tower", f"{vision} parameters"))
    facts.append(Fact("Linear maps for LoRA", ", ".join(module_names(architecture))))
    return facts


def _layer_words(kinds: tuple[tuple[str, str], ...]) -> str:
    words = []
    for name, text in (("sliding", "with a window"), ("linear", "with linear attention")):
        if count := sum(kind == name for kind, _ in kinds):
            words.append(f"{count:,} {text}")
    if count := sum(mlp == "moe" for _, mlp in kinds):
        words.append(f"{count:,} with experts")
    return ", ".join(words)


def _heads(architecture: Architecture) -> Fact:
    heads = f"{architecture.head_count:,} of {architecture.qk_head_dim:,}"
    if architecture.is_latent:
        return Fact("Attention heads", heads, "keys and values compressed together (MLA)")
    return Fact("Attention heads", heads, f"{architecture.kv_head_count:,} of keys and values")
