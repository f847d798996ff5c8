"""Names as people have them in scripts find the model that they are a copy of."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.core.exceptions import ValidationError

from calculator.catalog import current_catalog
from calculator.language_models.search import find_model, nearest_models
from calculator.models import LanguageModel, ModelAlias

NAMES = Path(__file__).parent / "data" / "names.csv"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def names():
    with NAMES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", names(), ids=lambda row: row["typed"])
def test_a_name_from_a_script_finds_its_model(row):
    found = find_model(current_catalog(), row["typed"])

    expected = {row["slug"], *filter(None, row["also"].split("|"))}
    assert (found.slug if found else "") in expected


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        # Tunes of a model, by the name of the model in theirs.
        ("NousResearch/Hermes-3-Llama-3.1-8B", "llama-3-1-8b"),
        ("nvidia/Llama-3.1-Nemotron-70B-Instruct-HF", "llama-3-1-70b"),
        ("Qwen/Qwen2.5-Math-7B", "qwen2-5-7b"),
        # Tunes whose names do not say it: an alias does.
        ("HuggingFaceH4/zephyr-7b-beta", "mistral-7b-v0-1"),
        ("lmsys/vicuna-13b-v1.5", "llama-2-13b"),
        # A longer context or a later date is the same model.
        ("microsoft/Phi-3-mini-128k-instruct", "phi-3-mini-3-8b-4k"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3-671b-a37b"),
        ("stabilityai/stablelm-2-1_6b-chat", "stablelm-2-1-6b"),
    ],
)
def test_a_tune_finds_what_it_is_tuned_from(typed, slug):
    assert find_model(current_catalog(), typed).slug == slug


@pytest.mark.parametrize(
    "typed",
    [
        "Qwen/Qwen3-72B",  # a size that the family does not have
        "Qwen/Qwen3-VL-8B-Instruct",  # with a vision tower it is another model
        "llama 70b",  # of which version?
        "qwen",
        "7b",
        "gpt-9",
        "rtx 4090",
        "///",
        "",
    ],
)
def test_what_may_be_several_models_or_none_is_not_guessed(typed):
    assert find_model(current_catalog(), typed) is None


def test_every_name_and_id_of_the_catalog_finds_its_own_row():
    catalog = current_catalog()

    lost = [
        (name, model.slug)
        for model in catalog.language_models
        for name in (model.slug, model.name, model.hf_id)
        if find_model(catalog, name).slug != model.slug
    ]

    assert lost == []


def test_nothing_found_names_the_nearest_three():
    nearest = nearest_models(current_catalog(), "Qwen/Qwen3-9B")

    assert len(nearest) == 3
    assert all(model.family.startswith("Qwen3") for model in nearest)


def test_the_page_says_which_names_are_near_and_offers_the_config(client):
    text = client.get("/", {"model": "Qwen/Qwen3-9B"}).content.decode()

    assert "No model here is called “Qwen/Qwen3-9B”. Did you mean Qwen3" in text
    assert "paste the model’s config.json" in text


def test_a_misspelt_name_answers_for_its_model_at_the_models_own_address(client):
    response = client.get("/", {"model": "meta-llama/Meta-Llama-3.1-8B-Instruct"})

    assert "To fine-tune Llama 3.1 8B" in response.content.decode()
    assert '<link rel="canonical" href="http://testserver/?model=llama-3-1-8b">' in (
        response.content.decode()
    )


def test_a_name_without_a_size_answers_and_offers_the_others(client):
    soup = BeautifulSoup(client.get("/", {"model": "llama 3.1"}).content, "html.parser")

    assert "To fine-tune Llama 3.1 8B" in soup.select_one("#headline").get_text()
    offered = [each.get_text() for each in soup.select("#model-results .found__name")]
    assert offered == ["Llama 3.1 8B", "Llama 3.1 70B", "Llama 3.1 405B"]


@pytest.mark.parametrize("typed", ["qwen3-4b", "Qwen3 4B", "Qwen/Qwen3-4B", "qwen3 4b instruct"])
def test_a_name_with_its_size_offers_nothing_else(client, typed):
    soup = BeautifulSoup(client.get("/", {"model": typed}).content, "html.parser")

    assert soup.select("#model-results .found__name") == []


def test_an_editors_alias_finds_its_model_at_once():
    assert find_model(current_catalog(), "our-house-model") is None

    model = LanguageModel.objects.get(slug="qwen3-8b")
    ModelAlias.objects.create(language_model=model, alias="Our-House-Model", source="ours")

    assert find_model(current_catalog(), "acme/our-house-model").slug == "qwen3-8b"


def test_an_alias_belongs_to_one_model():
    model = LanguageModel.objects.get(slug="qwen3-8b")

    with pytest.raises(ValidationError, match="another model"):
        ModelAlias(language_model=model, alias="ZEPHYR-7b-beta", source="ours").full_clean()


def test_a_name_whose_words_match_nothing_is_found_as_one_types(client):
    page = client.get("/fragments/models/", {"model": "unsloth/gemma-3-12b-it-bnb-4bit"})

    assert "This is Gemma 3 12B." in page.text
    assert "model=gemma-3-12b" in page.text
