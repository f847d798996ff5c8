"""/export/, /import/, figures as text and badges: as a visitor meets them."""

from __future__ import annotations

import csv
import io
import json
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile

from calculator.carrying.exports.exporting import TOOL_NAMES
from calculator.words.formatting import format_gb
from tests.calculator.carrying.published import PUBLISHED

pytestmark = pytest.mark.usefixtures("catalog")

MODEL = "?model=llama-3-1-8b"


def page(response):
    assert response.status_code == 200, response.content[:200]
    return BeautifulSoup(response.content, "html.parser")


def words(element) -> str:
    return " ".join(element.get_text(" ").replace("\u00a0", " ").split())


def published(name: str) -> str:
    return next(each.text for each in PUBLISHED if each.file == name)


def test_each_card_leads_to_its_own_configuration(client):
    links = [
        link["href"]
        for link in page(client.get(f"/{MODEL}&micro_batch=2")).select(".card--precise a")
        if link["href"].startswith("/export/")
    ]

    assert [parse_qs(urlsplit(link).query)["method"] for link in links] == [
        ["full"],
        ["lora"],
        ["qlora"],
    ]
    # The full run needs several GPUs, and takes how they share it out along.
    assert "strategy" in parse_qs(urlsplit(links[0]).query)
    assert "gpu_count" not in parse_qs(urlsplit(links[2]).query)
    text = words(page(client.get(links[2])).select_one("#train-py"))
    assert "per_device_train_batch_size=2" in text
    assert '"meta-llama/Llama-3.1-8B"' in text


@pytest.mark.parametrize("tool", TOOL_NAMES)
def test_what_is_shown_is_what_is_downloaded(client, tool):
    soup = page(client.get(f"/export/{tool}/{MODEL}&method=qlora&micro_batch=2"))

    link = soup.select_one("a[download]")
    file = client.get(link["href"])

    assert file.headers["Content-Disposition"].startswith("attachment; filename=")
    assert file.content.decode() == soup.select_one("pre").get_text()
    assert soup.select_one("nav[aria-label=Tool] a[aria-current]").get_text() == TOOL_NAMES[tool]


def test_a_cluster_brings_its_files(client):
    query = f"{MODEL}&method=full&gpu_count=8&strategy=zero3&offload=optimizer"
    soup = page(client.get(f"/export/trl/{query}"))

    names = [title.get_text() for title in soup.select(".carry-file h2 code")]
    assert names == ["train.py", "accelerate.yaml", "deepspeed.json"]
    value = json.loads(client.get(soup.select("a[download]")[2]["href"]).content)
    assert value["zero_optimization"]["offload_optimizer"]["device"] == "cpu"


@pytest.mark.parametrize(
    ("query", "words_of_error"),
    [
        ("?model=no-such-model", "No model here is called"),
        (f"{MODEL}&method=magic", "full, lora or qlora"),
        (f"{MODEL}&gpu_count=many", "whole number"),
        (f"{MODEL}&gpu_count=2&strategy=magic", "Shared out by"),
        (f"{MODEL}&lora_rank=0", "Rank"),
        (
            f"{MODEL}&method=qlora&quantization=int8&gpu_count=2&strategy=fsdp",
            "8-bit weights cannot be sharded",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(client, query, words_of_error):
    soup = page(client.get(f"/export/axolotl/{query}"))

    assert words_of_error in words(soup.select_one("#export-error"))
    assert not soup.select("pre")
    assert client.get(f"/export/axolotl/axolotl.yaml{query}").status_code == 404


def test_a_size_and_a_config_take_a_placeholder_along(client):
    soup = page(client.get("/export/llama-factory/?size=13&method=lora"))

    assert yaml.safe_load(soup.select_one("pre").get_text())["model_name_or_path"] == (
        "your-organisation/your-model"
    )
    assert "Put your model’s id" in words(soup)


def test_unknown_tools_and_files_are_not_found(client):
    assert client.get(f"/export/magic/{MODEL}").status_code == 404
    assert client.get(f"/export/trl/other.py{MODEL}").status_code == 404
    assert client.get(f"/export/magic/train.py{MODEL}").status_code == 404


def test_the_cards_figures_as_markdown_and_csv_are_those_of_the_api(client):
    body = {"model": "llama-3-1-8b", "method": "lora", "settings": {"sequence_length": 4096}}
    answer = client.post("/api/v1/estimate", json.dumps(body), content_type="application/json")
    device = answer.json()["device_bytes"]
    query = f"{MODEL}&sequence_length=4096"

    text = client.get(f"/export/markdown/{query}").content.decode()
    rows = list(csv.DictReader(io.StringIO(client.get(f"/export/csv/{query}").content.decode())))

    assert f"| LoRA | about {format_gb(device['likely'])} |".replace("\u00a0", " ") in text
    assert "/?model=llama-3-1-8b&sequence_length=4096" in text
    lora = next(row for row in rows if row["method"] == "lora")
    assert [int(lora[f"{name}_bytes"]) for name in ("low", "likely", "high")] == [
        device[name] for name in ("low", "likely", "high")
    ]
    assert len(rows) == 3


def test_figures_of_a_stated_cluster_are_those_of_each_gpu(client):
    query = f"{MODEL}&gpu_count=8&strategy=zero3"
    body = {
        "model": "llama-3-1-8b",
        "method": "full",
        "cluster": {"gpu_count": 8, "strategy": "zero3"},
    }
    answer = client.post("/api/v1/estimate", json.dumps(body), content_type="application/json")
    links = page(client.get(f"/{query}")).select(".further a[href^='/export/']")

    text, rows = (client.get(link["href"]).content.decode() for link in links)

    likely = answer.json()["cluster"]["device_bytes_per_gpu"]["likely"]
    assert "llama-3-1-8b&gpu_count=8&strategy=zero3" in text
    assert "on each GPU of 8 GPUs with ZeRO-3" in text
    assert f"full,{likely}," in rows


def test_figures_of_a_wrong_question_are_refused_with_the_page_that_says_why(client):
    response = client.get("/export/csv/?model=no-such-model")

    assert response.status_code == 400
    address = response.content.decode().split()[-1]
    assert "No model here is called" in client.get(address).content.decode()


def test_a_badge_says_the_smallest_gpu_and_is_kept_for_a_day(client):
    response = client.get("/badge/llama-3-1-8b/qlora.svg")

    assert response.headers["Content-Type"] == "image/svg+xml"
    assert response.headers["Cache-Control"] == "public, max-age=86400"
    texts = [each.get_text() for each in page(response).select("text")]
    assert texts == ["QLoRA", "16 GB GPU"]
    assert "style" not in response.content.decode()
    assert client.get("/badge/llama-3-1-8b/magic.svg").status_code == 404
    assert client.get("/badge/no-such-model/qlora.svg").status_code == 404


def test_a_models_page_has_the_badges_with_a_line_to_copy(client):
    section = page(client.get("/models/llama-3-1-8b/")).select_one("#badges")

    line = section.select("code")[2].get_text()
    assert line == (
        "[![QLoRA: GPU memory](http://testserver/badge/llama-3-1-8b/qlora.svg)]"
        "(http://testserver/models/llama-3-1-8b/)"
    )
    assert client.get(section.select("img")[2]["src"]).status_code == 200


def test_a_pasted_configuration_is_answered_line_by_line(client):
    text = published("axolotl-llama-3-qlora.yaml")

    soup = page(client.post("/import/", {"text": text}))

    assert words(soup.h1) == "QLoRA of Llama 3 8B, as Axolotl has it"
    rows = [words(row) for row in soup.select(".carry-line")]
    assert any("lora_r: 32 Understood. Rank: 32." in row for row in rows)
    assert soup.textarea.get_text().strip() == text.strip()
    assumed = words(soup.select_one(".carry-assumed"))
    assert "k-bit preparation: off, the default of Axolotl 0.19.0" in assumed
    # The figure is the calculator's for the address that it leads to.
    link = soup.select_one(".carry-go a")["href"]
    card = page(client.get(link)).select_one("#card-qlora .card__figure")
    assert words(card) == words(soup.select_one(".carry-figures__figure"))


def test_straight_to_the_estimate_is_a_redirect(client):
    file = SimpleUploadedFile("config.yaml", published("axolotl-llama-3-qlora.yaml").encode())

    response = client.post("/import/", {"file": file, "then": "estimate"})

    assert response.status_code == 302
    query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert query["model"] == ["llama-3-8b"]
    assert query["sequence_length"] == ["4096"]
    assert response.headers["Location"].endswith("#card-qlora")


def test_a_sharded_run_is_answered_for_each_gpu(client):
    soup = page(client.post("/import/", {"text": published("axolotl-gpt-oss-20b-zero3.yaml")}))

    places = [words(each) for each in soup.select(".carry-figures dt")]
    assert places == ["On each of 8 GPUs by ZeRO-3", "On one GPU"]
    fit = next(link["href"] for link in soup.select(".carry-go a") if "/fit/" in link["href"])
    assert parse_qs(urlsplit(fit).query)["strategy"] == ["zero3"]
    assert "8 GPUs: the file does not say how many." in words(soup)


def test_preference_training_is_named_as_not_estimated(client):
    soup = page(client.post("/import/", {"text": published("llama-factory-qwen3-dpo.yaml")}))

    assert "Preference training is not estimated yet" in words(soup.select_one(".carry-remark"))


def test_an_unknown_model_is_to_be_chosen_and_its_settings_go_along(client):
    soup = page(
        client.post("/import/", {"text": "base_model: own/model\nlora_r: 8\nadapter: lora"})
    )

    assert "No model of the catalog is called “own/model”" in words(soup)
    assert not soup.select(".carry-figures")
    assert "lora_rank=8" in soup.select_one(".carry-go a")["href"]


def test_targets_that_the_model_does_not_have_are_left_out(client):
    text = (
        "base_model: meta-llama/Llama-3.1-8B\nadapter: lora\nlora_r: 8\n"
        "lora_target_modules: [q_proj, fc1]\nbf16: true"
    )

    soup = page(client.post("/import/", {"text": text}))

    assert "no linear maps called fc1. They are left out." in words(soup)
    assert "lora_targets=q_proj" in soup.select_one(".carry-go a")["href"]


@pytest.mark.parametrize("text", ["", "no configuration", "x" * 70_000, "a: [1, <script>alert(1)"])
def test_what_cannot_be_read_is_said_beside_the_field(client, text):
    response = client.post("/import/", {"text": text})

    soup = page(response)
    assert words(soup.select_one("#import-error")).startswith("Error:")
    assert soup.textarea["aria-invalid"] == "true"
    assert b"<script>alert" not in response.content


def test_the_empty_form_is_a_page_without_an_error(client):
    soup = page(client.get("/import/"))

    assert words(soup.select_one("#import-error")) == ""
    assert client.put("/import/").status_code == 405
