"""One model's page at /models/<slug>/."""

import pytest
from bs4 import BeautifulSoup

from calculator.catalog import current_catalog
from calculator.estimation import TrainingSettings, estimate
from calculator.models import LanguageModel, MethodPreset

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def soup_of(client, slug):
    response = client.get(f"/models/{slug}/")
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text_of(tag):
    return " ".join(tag.get_text(" ").split())


def facts(soup):
    return {text_of(item.dt): text_of(item.dd) for item in soup.select(".model-facts dl > div")}


def test_every_published_model_has_a_page(client):
    for model in current_catalog().language_models:
        soup = soup_of(client, model.slug)
        assert model.name in text_of(soup.h1)
        assert len(soup.select(".card")) == 3


def test_the_cards_are_the_cores_figures_at_default_settings(client):
    soup = soup_of(client, "llama-3-1-8b")

    architecture = current_catalog().language_models_by_slug["llama-3-1-8b"].architecture
    found = estimate(architecture, TrainingSettings(method="qlora")).device_bytes.likely
    assert float(text_of(soup.select_one("#card-qlora .card__number"))) == round(found / 1e9, 1)
    assert "GB GPU" in text_of(soup.select_one("#card-qlora .card__minimum"))
    assert "sequences of 2,048 tokens" in text_of(soup.select_one(".mode"))


def test_the_page_leads_into_the_calculator_with_the_model(client):
    soup = soup_of(client, "qwen3-8b")

    link = soup.select_one(".model-page__go a")["href"]
    assert link == "/?model=qwen3-8b"
    assert "Qwen3 8B" in client.get(link).text


def test_the_calculator_leads_to_the_models_page_which_does_not_lead_to_itself(client):
    page = BeautifulSoup(client.get("/?model=qwen3-8b&lora_rank=64").content, "html.parser")

    assert page.select_one('.further a[href="/models/qwen3-8b/"]')
    assert not soup_of(client, "qwen3-8b").select_one('.further a[href="/models/qwen3-8b/"]')


def test_facts_come_with_their_source(client):
    soup = soup_of(client, "llama-3-1-8b")

    found = facts(soup)
    assert found["Parameters"] == "8,030,261,248"
    assert found["Attention heads"] == "32 of 128 8 of keys and values"
    assert found["Hugging Face"] == "meta-llama/Llama-3.1-8B"
    assert "q_proj, k_proj, v_proj, o_proj" in found["Linear maps for LoRA"]
    source = current_catalog().language_models_by_slug["llama-3-1-8b"].source
    assert f"Source: {source}." in text_of(soup.find(id="facts"))


@pytest.mark.parametrize(
    ("slug", "label", "value"),
    [
        ("mixtral-8x7b", "Experts", "8, each 14,336 wide a token uses 2"),
        ("deepseek-v3-671b-a37b", "Layers", "61 58 with experts"),
        ("gemma-3-27b", "Layers", "62 52 with a window"),
        ("qwen3-5-9b", "Layers", "32 24 with linear attention"),
        ("gemma-3-4b", "Vocabulary", "262,208 shared by embedding and head"),
    ],
)
def test_facts_say_what_is_special(client, slug, label, value):
    assert facts(soup_of(client, slug))[label] == value


def test_a_model_that_is_not_computed_has_the_rule_of_thumb_and_says_why(client):
    soup = soup_of(client, "llama-3-2-11b-vision")

    assert "its cross-attention layers are not modelled" in text_of(soup.select_one(".mode"))
    assert "Layers" not in facts(soup)


def test_others_of_the_family_are_a_click_away(client):
    links = [a["href"] for a in soup_of(client, "llama-3-1-8b").select(".model-relatives a")]

    assert links == ["/models/llama-3-1-70b/", "/models/llama-3-1-405b/"]


@pytest.mark.parametrize("slug", ["nope", "llama-3-1-8"])
def test_an_unknown_model_is_not_found(client, slug):
    assert client.get(f"/models/{slug}/").status_code == 404


def test_an_unpublished_model_has_no_page(client):
    model = LanguageModel.objects.get(slug="llama-3-1-8b")
    model.published = False
    model.save()

    assert client.get("/models/llama-3-1-8b/").status_code == 404


def test_without_a_published_method_there_are_facts_alone(client):
    for preset in MethodPreset.objects.all():
        preset.published = False
        preset.save()

    soup = soup_of(client, "llama-3-2-11b-vision")

    assert "No method is published" in text_of(soup.find(id="model-page"))
    assert facts(soup)["Parameters"]
