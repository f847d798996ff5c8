"""The list of models at /models/."""

import pytest
from bs4 import BeautifulSoup

from calculator.catalog import current_catalog
from calculator.estimation import TrainingSettings, estimate
from calculator.language_models.list_presenters import MODELS_PER_PAGE
from calculator.models import LanguageModel
from calculator.words.formatting import format_figure

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


def soup_of(response):
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text_of(tag):
    return " ".join(tag.get_text(" ").split())


def names(soup):
    return [text_of(cell) for cell in soup.select(".model__name")]


def row_of(client, search, slug):
    soup = soup_of(client.get("/models/", {"search": search}))
    return soup.find("a", href=f"/models/{slug}/").find_parent("tr")


def status(soup):
    return text_of(soup.find(id="live-status"))


def test_every_published_model_is_listed_under_its_family(client):
    LanguageModel.objects.filter(slug="mixtral-8x7b").first().delete()

    soups = [soup_of(client.get("/models/"))]
    while further := soups[-1].select_one("a[rel=next]"):
        soups.append(soup_of(client.get(further["href"])))

    published_count = LanguageModel.objects.count()
    listed = [name for soup in soups for name in names(soup)]
    assert len(listed) == len(set(listed)) == published_count
    assert "Mixtral 8x7B" not in listed
    assert status(soups[0]) == (
        f"All {published_count} models, by family: 1 to {MODELS_PER_PAGE}."
    )
    bodies = [body for soup in soups for body in soup.find_all("tbody")]
    families = [text_of(body.select_one(".models__family")) for body in bodies]
    assert set(families) == {model.family for model in current_catalog().language_models}
    llama = [body for body, family in zip(bodies, families, strict=True) if family == "Llama 3.1"]
    assert "Llama 3.1 8B" in [name for body in llama for name in names(body)]


def test_a_row_has_the_three_methods_at_default_settings(client):
    row = row_of(client, "llama 3.1 8b", "llama-3-1-8b")

    architecture = current_catalog().language_models_by_slug["llama-3-1-8b"].architecture
    for method in ("full", "lora", "qlora"):
        device = estimate(architecture, TrainingSettings(method=method)).device_bytes
        figure = format_figure(device.likely, (device.low, device.high))
        assert figure in row.select_one(f".model__memory--{method}").get_text()
    assert text_of(row.select_one(".model__parameters")) == "8.03B"


def test_a_mixture_says_how_many_parameters_are_active(client):
    row = row_of(client, "mixtral", "mixtral-8x7b")

    assert text_of(row.select_one(".model__parameters")) == "46.7B 12.88B active"


def test_a_model_of_which_only_the_parameters_are_known_says_so(client):
    row = row_of(client, "vision", "llama-3-2-11b-vision")

    assert text_of(row.select_one(".model__none")) == "by the rule of thumb only"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "mistral 7b v0.3"}, ["Mistral 7B v0.3"]),
        ({"search": "llama 3.1", "size": "10"}, ["Llama 3.1 8B"]),
        ({"search": "mixtral", "kind": "dense"}, []),
        ({"search": "mixtral", "kind": "MOE", "size": "50B"}, ["Mixtral 8x7B"]),
    ],
)
def test_filters_hold_together(client, query, found):
    assert names(soup_of(client.get("/models/", query))) == found


def test_nothing_found_offers_a_way_on(client):
    soup = soup_of(client.get("/models/", {"search": "gpt-9"}))

    assert status(soup) == f"None of {LanguageModel.objects.count()} models fits."
    assert soup.select_one(".no-gpus a")["href"] == "/models/"


def test_a_wrong_filter_is_an_error_beside_its_field_and_what_was_typed_stays(client):
    soup = soup_of(client.get("/models/", {"size": "small", "kind": "liquid"}))

    assert text_of(soup.find(id="filter-size_error")) == (
        "Error: Enter a number such as 8: “small” is not one."
    )
    assert "“liquid” is not in it" in text_of(soup.find(id="filter-kind_error"))
    assert soup.find(id="filter-size")["value"] == "small"
    assert names(soup) == []
    assert soup.find("meta", attrs={"name": "robots"})["content"] == "noindex"


def test_the_fragment_is_for_htmx_and_leads_to_the_page_otherwise(client):
    url = "/fragments/model-list/?search=qwen3+8b&kind="

    swapped = client.get(url, headers={"HX-Request": "true"})

    assert swapped.headers["HX-Push-Url"] == "/models/?search=qwen3+8b"
    assert "<html" not in swapped.text
    assert "Qwen3 8B" in swapped.text
    assert client.get(url).headers["Location"] == "/models/?search=qwen3+8b"


@pytest.mark.parametrize(
    "query", ["size=-1", "size=1e9", "size=%00", "kind=%F0%9F%98%80", "search=" + "x" * 500]
)
def test_whatever_is_typed_gets_a_page(client, query):
    assert client.get(f"/models/?{query}").status_code == 200


def test_an_empty_catalog_says_so(client):
    for model in LanguageModel.objects.all():
        model.delete()

    assert "no models at the moment" in status(soup_of(client.get("/models/")))
