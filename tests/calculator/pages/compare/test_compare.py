"""/compare/: configurations by URL, and what of them differs."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from bs4 import BeautifulSoup

from calculator.estimation import TrainingSettings, estimate
from calculator.words.formatting import format_gb
from tests.calculator.estimation.architectures import architecture

pytestmark = pytest.mark.usefixtures("catalog")
LORA = {"model": "llama-3-1-8b", "method": "lora"}
QLORA = {"model": "llama-3-1-8b", "method": "qlora"}


def address(*configurations: dict[str, str], **more: str) -> str:
    slots = {slot: urlencode(values) for slot, values in zip("abcd", configurations, strict=False)}
    return f"/compare/?{urlencode(slots | more)}"


def page(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text(soup, selector):
    return " ".join(soup.select_one(selector).get_text(" ").split())


def cells(soup, label):
    for row in soup.select("tbody tr"):
        if row.th.find(string=True).strip() == label:
            return [cell.get_text(strip=True).replace("\u00a0", " ") for cell in row.select("td")]
    return None


def differing(soup):
    return [row.th.find(string=True).strip() for row in soup.select(".compare__differs")]


def test_each_column_has_the_estimates_figures(client):
    soup = page(client, address(LORA, QLORA))
    model = architecture("llama-3-1-8b")

    expected = [
        format_gb(estimate(model, TrainingSettings(method=method)).device_bytes.likely).replace(
            "\u00a0", " "
        )
        for method in ("lora", "qlora")
    ]

    assert cells(soup, "What the card must have, about") == expected


def test_rows_that_differ_are_marked_and_named(client):
    soup = page(client, address(LORA, {**LORA, "sequence_length": "4096"}))

    marked = differing(soup)

    assert "Sequence length" in marked
    assert "Model" not in marked
    assert "Rank" not in marked
    assert text(soup, ".lead").startswith("They differ in sequence length.")
    assert "differs" in text(soup, ".compare__differs th")


def test_a_setting_that_a_method_does_not_have_is_no_difference(client):
    soup = page(client, address({**LORA, "method": "full"}, LORA))

    assert cells(soup, "Rank") == ["–", "16"]
    assert differing(soup)[0] == "Method"


def test_the_same_twice_differs_in_nothing(client):
    soup = page(client, address(LORA, LORA))

    assert differing(soup) == []
    assert text(soup, ".lead").startswith("They ask the same.")


def test_gpus_are_compared_with_their_number(client):
    soup = page(
        client,
        address(
            {**LORA, "method": "full", "gpu": "h100-sxm-80gb", "gpu_count": "4"},
            {**LORA, "gpu": "rtx-4060"},
        ),
    )

    assert cells(soup, "GPU") == ["4× H100 SXM5 80 GB", "GeForce RTX 4060"]
    fits, short = cells(soup, "On the GPU named")
    assert "to spare" in fits
    assert short.startswith("too small: ")
    assert cells(soup, "Spread by")[0] in ("ZeRO-2", "FSDP", "ZeRO-3")
    assert cells(soup, "A million tokens take")[0].startswith("about")


def test_the_parts_of_each_column_sum_to_its_peak(client):
    soup = page(client, address(LORA))

    assert cells(soup, "Model weights") == ["16.1 GB"]
    assert cells(soup, "Smallest card") == ["24 GB"]


def test_without_a_configuration_three_methods_of_one_model_stand_there(client):
    soup = page(client, "/compare/")

    methods = [name.get_text() for name in soup.select(".compare__method")]

    assert methods == ["Full fine-tuning", "LoRA", "QLoRA"]


def test_the_form_adds_a_configuration_that_starts_as_the_last(client):
    soup = page(client, address({**LORA, "sequence_length": "4096"}))
    values = {
        control["name"]: control.get("value")
        or control.select_one("option[selected]").get("value")
        for control in soup.select(".compare__add [name]")
        if control.name != "button"
    }
    assert values["sequence_length"] == "4096"

    response = client.get("/compare/", {**values, "method": "qlora", "on_gpu": "", "add": "1"})

    assert response.status_code == 302
    added = page(client, response["Location"])
    assert cells(added, "Method") == ["LoRA", "QLoRA"]
    assert cells(added, "Sequence length") == ["4,096", "4,096"]


def test_four_are_the_most(client):
    url = address(LORA, QLORA, LORA, QLORA)

    assert page(client, url).select_one("form[action='/compare/']") is None
    response = client.get(f"{url}&add=1&model=qwen3-4b&method=full")
    assert "qwen3-4b" not in response["Location"]


def test_a_removed_one_leaves_no_gap(client):
    soup = page(client, address(LORA, QLORA))

    without_first = page(client, soup.select_one("#column-a .compare__links a:last-child")["href"])

    assert cells(without_first, "Method") == ["QLoRA"]
    assert without_first.select_one("#column-a")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": "unheard-of"}, "No model here is called"),
        ({**LORA, "method": "prompt"}, "Method must be full, lora or qlora."),
        ({**LORA, "gpu": "voodoo"}, "No GPU of that name is in the list."),
        ({**LORA, "gpu": "h200"}, "Which one is yours? H200 SXM or H200 NVL."),
        ({**LORA, "gpu": "rtx-4090", "gpu_count": "0"}, "The number of GPUs must be"),
        ({**LORA, "micro_batch": "many"}, "Micro-batch must be a whole number"),
    ],
)
def test_a_mistake_is_told_in_its_column_and_the_others_stand(client, values, words):
    soup = page(client, address(LORA, values))

    assert words in text(soup, "#column-b .field-error")
    assert cells(soup, "Model weights")[0] == "16.1 GB"


@pytest.mark.parametrize("value", ["x", "=", "&&&", "a" * 20_000, "model=%00"])
def test_nonsense_in_a_slot_is_no_server_error(client, value):
    assert client.get("/compare/", {"a": value}).status_code == 200
