"""The visitor's GPU on every page: kept in each link, with one verdict in the same words."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote_plus, urlsplit

import pytest
from bs4 import BeautifulSoup

from calculator.answer.own_gpu import on_own_gpu
from calculator.catalog import current_catalog
from calculator.estimation.verdict import VERDICT_WORDS
from calculator.question.own_gpu import OwnGpu
from calculator.question.reading import read_question

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

ASKED = "model=llama-3-1-8b&sequence_length=4096&micro_batch=2"
# What leads away from the question: the site's own parts, files and other people's pages.
ELSEWHERE = ("/faq/", "/methodology/", "/accuracy/", "/gpus/", "/import/", "/share/", "#", "http")


def soup_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return BeautifulSoup(response.content, "html.parser")


def words_of(soup, selector):
    return " ".join(soup.select_one(selector).get_text(" ").split())


def links_within(soup, selector):
    return [
        link["href"]
        for link in soup.select(f"{selector} a[href]")
        if not link["href"].startswith(ELSEWHERE) and urlsplit(link["href"]).query
    ]


@pytest.mark.parametrize("gpu", ["rtx-4090", "2x-rtx-4090"])
@pytest.mark.parametrize(
    ("path", "part"),
    [
        (f"/?{ASKED}", "#calculator"),
        ("/?size=7", "#calculator"),
        (f"/?{ASKED}&gpu_count=2&strategy=zero3", "#answer"),
        ("/models/llama-3-1-8b/", ".cards, .model-page__go, .further"),
        ("/models/llama-3-1-8b/qlora/", "#model-method"),
        (f"/curves/?{ASKED}", "#curves"),
        (f"/fit/?{ASKED}&method=qlora", ".intro"),
        (f"/why/?{ASKED}&method=qlora", "#why, .intro"),
        ("/inference/?model=llama-3-1-8b", "#calculator"),
    ],
)
def test_every_link_of_an_answer_keeps_the_gpu(client, path, part, gpu):
    joint = "&" if "?" in path else "?"

    found = links_within(soup_of(client, f"{path}{joint}gpu={gpu}"), part)

    assert found
    slots = [href for href in found if href.startswith("/compare/")]
    for href in set(found) - set(slots):
        assert parse_qs(urlsplit(href).query).get("gpu") == [gpu], href
    for href in slots:
        for value in parse_qs(urlsplit(href).query).values():
            assert f"gpu={gpu}" in unquote_plus(value[0])


def test_whose_gpu_it_is_makes_no_page_of_its_own_for_a_search_engine(client):
    soup = soup_of(client, "/?size=7&gpu=rtx-4090")

    assert urlsplit(soup.select_one("link[rel=canonical]")["href"]).path == "/"
    assert "gpu=" not in soup.select_one("link[rel=canonical]")["href"]


@pytest.mark.parametrize("gpu_count", [1, 2])
@pytest.mark.parametrize("slug", ["rtx-3060-12gb", "rtx-4090", "a100-sxm-80gb"])
def test_the_verdict_is_the_same_on_every_page(client, slug, gpu_count):
    catalog = current_catalog()
    gpu = next(each for each in catalog.gpus if each.slug == slug)
    own = OwnGpu(gpu, gpu_count)
    name = own.query["gpu"]
    question = read_question(catalog, {"model": "llama-3-1-8b"})
    pages = {
        "/": soup_of(client, f"/?model=llama-3-1-8b&gpu={name}"),
        "model": soup_of(client, f"/models/llama-3-1-8b/?gpu={name}"),
    }

    for method in ("full", "lora", "qlora"):
        settings = question.run.settings_for(method)
        found = on_own_gpu(question.subject.architecture, settings, own)
        word = VERDICT_WORDS[found.verdict]
        for soup in pages.values():
            assert words_of(soup, f"#card-{method} .card__own .verdict") == word
        fit = soup_of(client, f"/fit/?model=llama-3-1-8b&method={method}&gpu={name}")
        assert words_of(fit, "#fit-own .verdict") == word
        own_page = soup_of(client, f"/models/llama-3-1-8b/{method}/?gpu={name}")
        assert words_of(own_page, "#own-gpu .verdict") == word
        compared = f"/compare/?a=model%3Dllama-3-1-8b%26method%3D{method}%26gpu%3D{name}"
        assert f"On the GPU named {word}" in words_of(soup_of(client, compared), "table")
        card = soup_of(client, f"/gpus/{slug}/?gpu_count={gpu_count}")
        assert words_of(card, f"#values-{method} .verdict").lower().startswith(word)


def test_the_table_of_the_curves_says_at_which_length_it_stops_fitting(client):
    soup = soup_of(client, "/curves/?model=llama-3-1-8b&gpu=rtx-4090")

    words = [
        row.select("td")[2].get_text(" ").split("GB")[-1].strip()
        for row in soup.select("tbody tr")
    ]
    order = ["fits", "tight", "too small"]
    assert words == sorted(words, key=order.index)
    assert {"fits", "too small"} <= set(words)


def test_where_a_run_does_not_fit_each_saving_says_whether_it_would_then(client):
    soup = soup_of(client, f"/?{ASKED}&gpu=rtx-4090")

    assert words_of(soup, "#card-qlora .card__own .verdict") == "too small"
    savings = soup.select("#card-qlora .savings li")
    for saving in savings:
        said = saving.select_one(".verdict").get_text()
        then = soup_of(client, saving.select_one("a")["href"])
        assert words_of(then, "#card-qlora .card__own .verdict") == said
    assert any(saving.select_one(".verdict").get_text() == "fits" for saving in savings)


def test_a_method_that_the_gpu_s_software_lacks_is_no_question_of_memory(client):
    slug = next(
        gpu.slug
        for gpu in current_catalog().gpus
        if gpu.platform is not None and gpu.platform.support.qlora == "no"
    )

    soup = soup_of(client, f"/?model=llama-3-2-3b&gpu={slug}")

    assert "does not run on its software" in words_of(soup, "#card-qlora .card__own")


def test_a_name_that_is_not_clear_is_an_error_beside_its_field_and_the_answer_stays(client):
    soup = soup_of(client, "/?model=llama-3-1-8b&gpu=a100")

    assert "4 GPUs match" in words_of(soup, "#gpu-error")
    assert soup.select_one("#gpu")["value"] == "a100"
    assert soup.select_one("#gpu")["aria-invalid"] == "true"
    assert soup.select_one("#card-qlora")


def test_a_gpu_page_shows_popular_models_by_method_as_the_calculator_answers_them(client):
    soup = soup_of(client, "/gpus/rtx-4090/")

    cells = soup.select("#matrix td a")
    assert len(cells) >= 30
    assert {cell.get_text() for cell in cells} == {"fits", "tight", "too small"}
    for cell in cells[::9]:
        href, _, card = cell["href"].partition("#")
        said = soup_of(client, href).select_one(f"#{card}")
        assert said.select_one(".card__own .verdict").get_text() == cell.get_text()
        figure = said.select_one(".card__number").get_text()
        assert f"{figure} GB" in cell.parent.get_text(" ").replace("\xa0", " ")


def test_what_a_card_holds_only_just_is_called_tight(client):
    soup = soup_of(client, "/gpus/rtx-4090/")

    longest = soup.select_one("#values-qlora .value__1")
    said = soup_of(client, longest.select_one("a")["href"])
    word = words_of(said, "#card-qlora .card__own .verdict")
    assert word == "tight"
    assert "tight" in longest.get_text()
