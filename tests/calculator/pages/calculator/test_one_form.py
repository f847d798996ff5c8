"""One form, one button: whatever was typed is sent, and what was meant is answered."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.calculator.pages.one_form import fields_of_the_form

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

LLAMA = "model=llama-3-1-8b"
CONFIG = json.dumps(
    {
        "model_type": "llama",
        "hidden_size": 2048,
        "intermediate_size": 5632,
        "num_hidden_layers": 22,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
        "vocab_size": 32000,
    }
)


def address_after(client, path: str, typed: dict[str, str]) -> str:
    response = client.get(urlsplit(path).path, fields_of_the_form(client, path) | typed)
    assert response.status_code == 302
    return response["Location"]


@pytest.mark.parametrize(
    ("page", "typed", "address"),
    [
        ("/", {"size": "13"}, "/?size=13"),
        ("/", {"model": "llama 3.1 8b"}, f"/?{LLAMA}"),
        ("/", {"gpu": "4090"}, "/?size=7&gpu=rtx-4090"),
        # Nothing typed stays what it was: by the rule of thumb, or precise.
        ("/?size=13", {}, "/?size=13"),
        ("/?size=13&sequence_length=2048", {}, "/?size=13&sequence_length=2048"),
        (f"/?{LLAMA}&gpu=2x-rtx-3090", {}, f"/?{LLAMA}&gpu=2x-rtx-3090"),
        # Of size and model the one that was typed, of both the model.
        (f"/?{LLAMA}", {"size": "13"}, "/?size=13&sequence_length=2048"),
        ("/?size=13", {"model": "qwen3 4b", "size": "70"}, "/?model=qwen3-4b"),
        (f"/?{LLAMA}", {"model": ""}, "/?size="),
        ("/?size=13", {"size": ""}, "/?size="),
        # All at once, the settings too.
        (
            "/",
            {"model": "llama 3.1 8b", "gpu": "4090", "sequence_length": "4k", "micro_batch": "2"},
            f"/?{LLAMA}&micro_batch=2&sequence_length=4096&gpu=rtx-4090",
        ),
        ("/", {"sequence_length": "4096"}, "/?size=7&sequence_length=4096"),
        (
            "/",
            {"gpu_count": "4", "strategy": "zero3"},
            "/?size=7&sequence_length=2048&gpu_count=4&strategy=zero3",
        ),
        # Emptied, a setting has its default again.
        (f"/?{LLAMA}&micro_batch=4", {"micro_batch": ""}, f"/?{LLAMA}"),
        (f"/?{LLAMA}&trainer=trl", {"micro_batch": "2"}, f"/?{LLAMA}&trainer=trl&micro_batch=2"),
        # A mistake is kept as it was typed.
        ("/", {"sequence_length": "abc"}, "/?size=7&sequence_length=abc"),
        ("/?size=abc&gpu=rtx-4090", {"size": "8"}, "/?size=8&gpu=rtx-4090"),
        ("/inference/", {"size": "13", "gpu": "4090"}, "/inference/?size=13&gpu=rtx-4090"),
        (
            f"/inference/?{LLAMA}&gpu=rtx-4090",
            {"context_length": "32k"},
            f"/inference/?{LLAMA}&context_length=32768&gpu=rtx-4090",
        ),
    ],
)
def test_what_was_typed_is_what_was_meant(client, page, typed, address):
    assert address_after(client, page, typed) == address


def test_a_configuration_stays_until_a_size_or_a_model_is_typed(client):
    page = f"/?{urlencode({'config': CONFIG})}"

    kept = address_after(client, page, {"micro_batch": "2"})
    left = address_after(client, page, {"size": "13"})

    assert parse_qs(urlsplit(kept).query)["micro_batch"] == ["2"]
    assert json.loads(parse_qs(urlsplit(kept).query)["config"][0])["hidden_size"] == 2048
    assert "config" not in left


def test_the_form_sent_off_by_a_script_gets_the_same_answer(client):
    typed = fields_of_the_form(client, "/") | {"model": "llama 3.1 8b", "gpu": "4090"}

    response = client.get("/fragments/training/", typed, HTTP_HX_REQUEST="true")

    assert response["HX-Push-Url"] == f"/?{LLAMA}&gpu=rtx-4090"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/?{LLAMA}&gpu=rtx-4090",
        "/inference/",
        f"/fit/?{LLAMA}",
        "/why/",
        "/gpus/rtx-4090/",
        "/compare/",
        "/curves/",
        "/gpus/",
        "/models/",
    ],
)
def test_no_page_has_more_than_one_button_that_asks(client, path):
    soup = BeautifulSoup(client.get(path).content, "html.parser")

    buttons = soup.select("main button[type=submit]:not([form])")
    assert len(buttons) == (0 if path == "/curves/" else 1)
