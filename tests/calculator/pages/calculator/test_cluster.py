"""Several GPUs and offload as settings of the calculator's page."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

from calculator.words.formatting import format_figure

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]
LLAMA = "/?model=llama-3-1-8b"
OFFLOADED = f"{LLAMA}&gpu_count=4&strategy=zero3&offload=optimizer"


def soup_of(client, url: str) -> BeautifulSoup:
    response = client.get(url)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text(soup, selector: str) -> str:
    element = soup.select_one(selector)
    return " ".join(element.get_text(" ").replace("\u00a0", " ").replace("\u2011", "-").split())


def gigabytes(words: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+(?= GB)", words.replace(",", ""))]


def shown(device: dict[str, int]) -> str:
    """The API's device bytes as a card shows them."""
    figure = format_figure(device["likely"], (device["low"], device["high"]))
    return figure.replace("\u00a0", " ")


@pytest.mark.parametrize("method", ["full", "lora", "qlora"])
def test_each_card_answers_for_one_gpu_of_the_cluster_as_the_api_does(client, method):
    soup = soup_of(client, OFFLOADED)
    body = {
        "model": "llama-3-1-8b",
        "method": method,
        "cluster": {"gpu_count": 4, "strategy": "zero3", "offload": "optimizer"},
    }
    answer = client.post("/api/v1/estimate", json.dumps(body), content_type="application/json")
    cluster = answer.json()["cluster"]

    card = f"#card-{method}"
    (figure,) = gigabytes(text(soup, f"{card} .card__figure"))
    host = gigabytes(text(soup, f"{card} .figures__long"))
    assert figure in gigabytes(shown(cluster["device_bytes_per_gpu"]))
    assert host[0] == pytest.approx(cluster["host_bytes_per_node"]["likely"] / 1e9, abs=0.06)
    assert text(soup, f"{card} .card__minimum strong").startswith("4× ")


def test_one_plain_gpu_gets_the_same_page_as_without_the_fields(client):
    stated = client.get(f"{LLAMA}&gpu_count=1&strategy=ddp&offload=none")

    assert stated.content == client.get(LLAMA).content


def test_the_ring_of_the_ruler_stands_at_one_card_where_the_figures_are_one_gpu_s(client):
    soup = soup_of(client, OFFLOADED)

    ring = soup.select_one("#mark-full-ring")["cx"]
    assert ring in {tick["x"] for tick in soup.select(".tick--minimum")}
    assert "on each of 4 GPUs with ZeRO-3" in text(soup, "#headline")


def test_a_plain_size_is_answered_precisely_for_a_cluster(client):
    soup = soup_of(client, "/?size=7&gpu_count=2&strategy=fsdp")

    assert soup.select_one("#answer-state")["data-mode"] == "precise"
    assert soup.select_one("#training-settings").has_attr("open")
    assert soup.select_one("#settings-cluster").has_attr("open")
    assert soup.select_one("#strategy option[selected]")["value"] == "fsdp"


def test_links_carry_the_cluster_to_the_setups_and_to_another_size_or_trainer(client):
    soup = soup_of(client, OFFLOADED)

    fit = soup.select_one(".further a[href^='/fit/']")["href"]
    rows = soup_of(client, fit).select(".setups tbody tr")
    assert rows
    assert all(row["id"].endswith("-4-offload") for row in rows)
    for selector in (".sizes a", "#trainer-2", ".savings a[hx-get]"):
        query = parse_qs(urlsplit(soup.select_one(selector)["href"]).query)
        assert query["strategy"] == ["zero3"], selector
    curves = soup.select_one(".further a[href^='/curves/']")["href"]
    assert "strategy" not in curves


def test_a_number_that_cannot_be_had_is_said_beside_its_answer(client):
    soup = soup_of(client, f"{LLAMA}&gpu_count=9&strategy=zero3")

    assert "9×: 16 in nodes of 8." in text(soup, ".mode")
    assert "9×: 16 in nodes of 8" in text(soup, "#card-lora .card__minimum")


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("gpu_count=0", "gpu_count", "between 1 and 4,096"),
        ("gpu_count=many", "gpu_count", "whole number"),
        ("gpu_count=4&strategy=zero9", "strategy", "must be one of"),
        ("gpu_count=4&strategy=ddp&offload=optimizer", "offload", "DDP cannot offload"),
        ("gpu_count=4&strategy=zero3&quantization=int8", "strategy", "8-bit weights"),
        ("gpu_count=12&strategy=hybrid", "gpu_count", "whole nodes of 8"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_kept(client, query, field, words):
    soup = soup_of(client, f"{LLAMA}&{query}")

    assert words in text(soup, f"#{field}-error")
    assert soup.select_one(f"#{field}").has_attr("aria-invalid")
    assert soup.select_one("#instead a")["href"] == f"#{field}"
    asked = dict(pair.split("=") for pair in query.split("&"))
    if "gpu_count" in asked:
        assert soup.select_one("#gpu_count")["value"] == asked["gpu_count"]
