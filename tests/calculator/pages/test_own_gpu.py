"""The visitor's GPU on every page: with one verdict in the same words."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

from calculator.answer.own_gpu import on_own_gpu
from calculator.catalog import current_catalog
from calculator.estimation.verdict import VERDICT_WORDS
from calculator.pages.calculator.beside.own_gpu import own_verdict
from calculator.question.own_gpu import OwnGpu
from calculator.question.reading import read_question
from gpus.specs import MethodSupport, PlatformSpec
from tests.gpus.builders import a_gpu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

ASKED = "model=llama-3-1-8b&sequence_length=4096&micro_batch=2"


def soup_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return BeautifulSoup(response.content, "html.parser")


def words_of(soup, selector):
    return " ".join(soup.select_one(selector).get_text(" ").split())


def test_what_is_added_to_a_comparison_is_on_the_gpu(client):
    """That every other link keeps it is held for all pages at once (tests/config/test_kept_gpu.py)."""
    soup = soup_of(client, f"/?{ASKED}&gpu=2x-rtx-4090")

    added = [link["href"] for link in soup.select("#answer a[href^='/compare/']")]
    assert added
    for href in added:
        slots = parse_qs(urlsplit(href).query)
        assert all("gpu=2x-rtx-4090" in slots[slot][0] for slot in slots.keys() & set("abcd"))


def test_whose_gpu_it_is_makes_no_page_of_its_own_for_a_search_engine(client):
    soup = soup_of(client, "/?size=7&gpu=rtx-4090")

    assert urlsplit(soup.select_one("link[rel=canonical]")["href"]).path == "/"
    assert "gpu=" not in soup.select_one("link[rel=canonical]")["href"]


def test_the_verdict_is_the_same_on_every_page(client):
    for slug, gpu_count in (("rtx-3060-12gb", 1), ("rtx-4090", 2), ("a100-sxm-80gb", 1)):
        for method in ("full", "lora", "qlora"):
            assert_same_verdict_everywhere(client, slug, gpu_count, method)


def assert_same_verdict_everywhere(client, slug, gpu_count, method):
    catalog = current_catalog()
    own = OwnGpu(next(each for each in catalog.gpus if each.slug == slug), gpu_count)
    question = read_question(catalog, {"model": "llama-3-1-8b"})
    architecture, settings = question.subject.architecture, question.run.settings_for(method)
    word = VERDICT_WORDS[on_own_gpu(architecture, settings, own).verdict]
    name = own.query["gpu"]
    on_card = f"#card-{method} .card__own .verdict"
    places = {
        f"/?model=llama-3-1-8b&gpu={name}": on_card,
        f"/models/llama-3-1-8b/?gpu={name}": on_card,
        f"/models/llama-3-1-8b/{method}/?gpu={name}": "#own-gpu .verdict",
        f"/fit/?model=llama-3-1-8b&method={method}&gpu={name}": "#fit-own .verdict",
    }
    for path, selector in places.items():
        assert words_of(soup_of(client, path), selector) == word, path
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


def test_a_method_that_the_gpu_s_software_lacks_is_no_question_of_memory():
    question = read_question(current_catalog(), {"model": "llama-3-2-3b"})
    day = dt.date(2026, 11, 24)
    support = MethodSupport(qlora="no")
    gpu = a_gpu("Ascend", 64, platform=PlatformSpec("cann", "CANN", support, "", "", "", day))

    found = {
        method: own_verdict(
            method,
            method,
            on_own_gpu(
                question.subject.architecture, question.run.settings_for(method), OwnGpu(gpu)
            ),
        ).word
        for method in ("lora", "qlora")
    }

    assert found == {"lora": "fits", "qlora": "does not run on its software"}


def test_a_name_that_is_not_clear_is_an_error_beside_its_field_and_the_answer_stays(client):
    soup = soup_of(client, "/?model=llama-3-1-8b&gpu=a100")

    assert "4 GPUs match" in words_of(soup, "#gpu-error")
    assert soup.select_one("#gpu")["value"] == "a100"
    assert soup.select_one("#gpu")["aria-invalid"] == "true"
    assert soup.select_one("#card-qlora")


def test_a_gpu_page_shows_popular_models_by_method_as_the_calculator_answers_them(client):
    soup = soup_of(client, "/gpus/rtx-4090/")

    cells = soup.select("#matrix td a.verdict")
    assert len(cells) >= 30
    assert {cell.get_text() for cell in cells} == {"fits", "tight", "too small"}
    for cell in cells[::9]:
        href, _, card = cell["href"].partition("#")
        said = soup_of(client, href).select_one(f"#{card}")
        assert said.select_one(".card__own .verdict").get_text() == cell.get_text()
        figure = said.select_one(".card__number").get_text()
        assert f"{figure} GB" in cell.parent.get_text(" ").replace("\xa0", " ")


def test_what_a_gpu_holds_by_no_method_is_folded_behind_the_first_of_it(client):
    in_sight, folded = soup_of(client, "/gpus/rtx-4090/").select("#matrix table")

    def words(table):
        return [
            [cell.get_text() for cell in row.select("a.verdict")]
            for row in table.select("tbody tr")
        ]

    assert [set(row) == {"too small"} for row in words(in_sight)][-2:] == [False, True]
    assert len(words(folded)) >= 3
    assert all(set(row) == {"too small"} for row in words(folded))
    # A card that holds most of them has nothing to fold.
    assert len(soup_of(client, "/gpus/b300-sxm/").select("#matrix table")) == 1


def test_every_answer_of_a_gpu_s_page_and_of_why_can_be_added_to_the_comparison(client):
    card = soup_of(client, "/gpus/rtx-4090/?gpu_count=2&model=qwen3-8b")
    why = soup_of(client, "/why/?model=qwen3-8b&method=qlora&amount=20&gpu=rtx-4090")
    matrix = card.select("#matrix td a[data-adds]")
    added = {
        "Qwen3 8B": card.select_one(".values__add a[aria-label*=QLoRA]"),
        "Llama 3.2 3B": matrix[2],
        card.select_one("#largest-lora .largest__model").get_text(strip=True): (
            card.select_one("#largest-lora a[data-adds]")
        ),
    }

    assert len(matrix) == len(card.select("#matrix a.verdict"))
    for name, link in {**added, "Qwen3 8B ": why.select_one("#why-compare")}.items():
        column = soup_of(client, link["href"]).select_one(".compare thead th")
        words = " ".join(column.get_text(" ").split())
        assert words.startswith(name.strip()), name
        assert "rtx-4090" in link["href"]
        assert not column.select(".field-error")


def test_what_a_card_holds_only_just_is_called_tight(client):
    soup = soup_of(client, "/gpus/rtx-4090/")

    longest = soup.select_one("#values-qlora .value__1")
    said = soup_of(client, longest.select_one("a")["href"])
    word = words_of(said, "#card-qlora .card__own .verdict")
    assert word == "tight"
    assert "tight" in longest.get_text()
