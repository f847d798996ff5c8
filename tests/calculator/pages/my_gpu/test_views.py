"""/gpus/<slug>/: facts with sources, and answers that hold when they are asked back."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from calculator.catalog import current_catalog
from calculator.estimation.cluster.setups import holds
from calculator.estimation.cluster.sharded import estimate_sharded, sharded_moments
from calculator.estimation.estimate import estimate
from calculator.estimation.step.decoder_layer import run_layer, saved_by_layer
from calculator.estimation.step.saved import least_saved
from calculator.estimation.step.timeline import timeline
from calculator.pages.my_gpu.popular import popular_models
from calculator.question.training_form import read_training_form
from gpus.models import Gpu

pytestmark = pytest.mark.usefixtures("catalog")


def page(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text(soup, selector):
    return " ".join(soup.select_one(selector).get_text(" ").split())


def query_of(url: str) -> dict[str, str]:
    from urllib.parse import parse_qsl, urlsplit

    return dict(parse_qsl(urlsplit(url).query))


def holds_what_the_link_says(url: str, slug: str, method: str, gpus: int = 1) -> bool:
    """Whether the card holds the run that a link asks the calculator about."""
    query, catalog = query_of(url), current_catalog()
    gpu = next(gpu for gpu in catalog.gpus if gpu.slug == slug)
    model = catalog.language_models_by_slug[query["model"]]
    settings = read_training_form(query).run.settings_for(method)
    return holds(model.architecture, settings, gpu.usable_bytes, gpus)


def test_every_published_gpu_has_a_page_and_no_other(client):
    for slug in ("rtx-4090", "h100-sxm-80gb", "mi300x", "gaudi-3", "apple-m4-max", "t4"):
        assert Gpu.objects.get(slug=slug).get_absolute_url() == f"/gpus/{slug}/"
        assert page(client, f"/gpus/{slug}/").select_one("h1")

    hidden = Gpu.objects.get(slug="t4")
    hidden.published = False
    hidden.save()

    assert client.get("/gpus/t4/").status_code == 404
    assert client.get("/gpus/no-such-card/").status_code == 404


@pytest.mark.parametrize("slug", ["rtx-4060", "rtx-4090", "h100-sxm-80gb"])
def test_every_link_of_the_answers_asks_about_what_the_card_holds(client, slug):
    soup = page(client, f"/gpus/{slug}/?model=qwen3-4b")

    checked = 0
    for method in ("full", "lora", "qlora"):
        links = soup.select(f"#largest-{method} h3 + p a, #values-{method} td:not(.value__set) a")
        for link in links:
            assert holds_what_the_link_says(link["href"], slug, method)
            checked += 1
    assert checked >= 4


@pytest.mark.parametrize("slug", ["rtx-4060", "rtx-4090", "rtx-a6000", "a100-sxm-80gb", "gb200"])
def test_every_answer_of_one_card_is_said_to_fit_on_it_by_the_calculator(client, slug):
    """Also where the card has more to use than others that are sold with as much."""
    soup = page(client, f"/gpus/{slug}/?model=llama-3-1-8b")
    names = {"full": "Full fine-tuning", "lora": "LoRA", "qlora": "QLoRA"}

    checked = 0
    for method, name in names.items():
        selector = f"#largest-{method} h3 + p a, #values-{method} td:not(.value__set) a"
        for link in soup.select(selector):
            said = text(page(client, link["href"]), "#own-gpu")
            assert f" {name} fits" in said or f" {name} tight" in said
            checked += 1
    assert checked >= 3  # an RTX 4060 has a largest model for each method


def test_one_step_more_than_an_answer_is_said_not_to_fit_by_the_calculator(client):
    longest = page(client, "/gpus/rtx-4090/?model=llama-3-1-8b").select_one(
        "#values-qlora a[href*=sequence]"
    )
    tokens = int(query_of(longest["href"])["sequence_length"])

    soup = page(client, f"/?model=llama-3-1-8b&sequence_length={tokens + 128}&gpu=rtx-4090")

    assert "QLoRA too small" in text(soup, "#own-gpu")


def test_a_gpu_that_nobody_knows_is_not_spoken_of(client):
    soup = page(client, "/?model=llama-3-1-8b&gpu=voodoo-5")

    assert soup.select_one("#own-gpu") is None
    assert soup.select_one("#card-lora")


def test_the_answers_for_several_cards_lead_to_the_setups_that_hold_them(client):
    soup = page(client, "/gpus/rtx-4090/?gpu_count=2")

    link = soup.select_one("#largest-qlora a")["href"]

    assert link.startswith("/fit/?")
    assert query_of(link)["method"] == "qlora"
    assert holds_what_the_link_says(link, "rtx-4090", "qlora", gpus=2)


def test_the_longest_sequence_is_a_link_to_the_calculator_with_that_length(client):
    soup = page(client, "/gpus/rtx-4090/?model=llama-3-1-8b")

    cell = soup.select_one("#values-lora .value__1 a")

    assert cell["href"].startswith("/?model=llama-3-1-8b")
    assert query_of(cell["href"])["sequence_length"] == cell.get_text().replace(",", "")


def test_full_fine_tuning_has_no_rank(client):
    assert "does not apply" in text(page(client, "/gpus/rtx-4090/"), "#values-full .value__3")


def test_settings_in_the_address_hold_for_the_answers(client):
    def longest(url):
        return int(text(page(client, url), "#values-qlora .value__1 a").replace(",", ""))

    usual = longest("/gpus/rtx-4090/?model=llama-3-1-8b")
    four_at_once = longest("/gpus/rtx-4090/?model=llama-3-1-8b&micro_batch=4")

    assert four_at_once < usual / 3


def test_a_card_that_is_too_small_says_by_how_much(client):
    soup = page(client, "/gpus/rtx-4060/?model=llama-3-1-70b")

    assert text(soup, "#values-full .verdict").startswith("Too small: ")
    assert text(soup, "#values-full .verdict").endswith("GB short")


@pytest.mark.parametrize(
    ("slug", "name", "method", "words"),
    [
        ("rtx-4090", "CUDA", "QLoRA", "runs"),
        ("mi300x", "ROCm", "QLoRA", "runs"),
        ("arc-b580", "Intel XPU", "QLoRA", "runs"),
        ("gaudi-3", "Gaudi", "QLoRA", "runs in part"),
        ("apple-m4-max", "Metal", "QLoRA", "runs"),
    ],
)
def test_the_page_says_what_runs_on_the_gpus_software_and_who_says_so(
    client, slug, name, method, words
):
    soup = page(client, f"/gpus/{slug}/")

    assert text(soup, "#platform-title") == f"What runs on it: {name}"
    assert f"{method} {words}" in text(soup, ".platform__support")
    assert soup.select_one("#platform a")["href"].startswith("https://")
    assert soup.select_one("#platform time")


def test_facts_say_where_they_come_from(client):
    facts = text(page(client, "/gpus/h100-sxm-80gb/"), "#facts")

    assert "85.5 GB (81,559 MiB) nvidia-smi" in facts
    assert "35% to 58%, likely 45%" in facts
    assert "TFLOPS" in facts


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("gpu_count=0", "gpu_count", "Enter a number above 0"),
        ("gpu_count=65", "gpu_count", "Enter a whole number from 1 to 64."),
        ("gpu_count=two", "gpu_count", "Enter a number such as 2"),
        ("model=unheard-of", "model", "Choose a model from the list"),
    ],
)
def test_an_error_stands_beside_its_field(client, query, field, message):
    soup = page(client, f"/gpus/rtx-4090/?{query}")

    assert message in text(soup, f"#card-{field}_error")
    assert soup.select_one("#instead a")["href"] == f"#card-{field}"
    assert soup.select_one(".largest")


def test_a_wrong_setting_in_the_address_is_told_in_words(client):
    soup = page(client, "/gpus/rtx-4090/?sequence_length=0")

    assert "Sequence length must be a whole number" in text(soup, "#instead")


def test_the_fragment_pushes_the_pages_address(client):
    response = client.get(
        "/gpus/rtx-4090/answers/?gpu_count=2&model=llama-3-1-8b&micro_batch=2",
        HTTP_HX_REQUEST="true",
    )

    assert response["HX-Push-Url"] == "/gpus/rtx-4090/?micro_batch=2&gpu_count=2"
    assert b"<html" not in response.content


def test_the_fragments_address_leads_a_browser_to_the_page(client):
    response = client.get("/gpus/rtx-4090/answers/?gpu_count=2")

    assert response["Location"] == "/gpus/rtx-4090/?gpu_count=2"


def test_the_list_links_to_every_gpus_page(client):
    address, links = "/gpus/", []
    while address:
        soup = page(client, address)
        links += [link["href"] for link in soup.select("a.gpu__model")]
        further = soup.select_one("a[rel=next]")
        address = further["href"] if further else ""

    assert len(set(links)) == len(links) == Gpu.objects.filter(published=True).count()
    assert "/gpus/rtx-4090/" in links


def test_a_number_of_cards_that_machines_do_not_have_is_said(client):
    assert text(page(client, "/gpus/rtx-4090/?gpu_count=3"), "#live-status").endswith(
        "3×: machines have 4."
    )
    assert "machines have" not in text(page(client, "/gpus/rtx-4090/?gpu_count=4"), "#live-status")


@pytest.mark.parametrize(
    ("slug", "query", "most_layers", "most_saved"),
    [
        ("rtx-2080", {"gpu_count": 8, "kernels": "fused", "lora_rank": 127}, 30, 20),
        (
            "rx-7600-xt",
            {"gpu_count": 2, "gradient_checkpointing": "false", "lora_rank": 127},
            36,
            145,
        ),
    ],
)
def test_the_dearest_addresses_run_few_layers(client, slug, query, most_layers, most_saved):
    """Of 198 models and three methods: layers run both ways, and forward alone as a floor.

    Before there was that floor, the second took 290 layers both ways. The matrix of popular models
    does not depend on the question: a process makes it once, before it answers.
    """
    popular_models(current_catalog())
    caches = (run_layer, saved_by_layer, least_saved, timeline, sharded_moments, estimate_sharded)
    for cache in (*caches, estimate):
        cache.cache_clear()

    response = client.get(f"/gpus/{slug}/", query)

    assert response.status_code == 200
    assert run_layer.cache_info().misses <= most_layers
    assert saved_by_layer.cache_info().misses <= most_saved
