"""What people paste as a config.json, and what they are told where it is none."""

from __future__ import annotations

import json

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile

from calculator.question.json_text import NotJson, parse_json

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}
TEXT = json.dumps(LLAMA, indent=1)
ADAPTER = {
    "peft_type": "LORA",
    "base_model_name_or_path": "meta-llama/Llama-3.1-8B-Instruct",
    "r": 64,
    "lora_alpha": 16,
    "lora_dropout": 0.05,
    "target_modules": ["v_proj", "q_proj"],
}


def pasted(client, text):
    return client.post("/config/", {"config": text}, follow=True)


def error_of(response):
    return BeautifulSoup(response.content, "html.parser").select_one("#config-error").get_text()


@pytest.mark.parametrize(
    ("text", "place", "cause"),
    [
        (TEXT.replace("false\n", "false,\n"), "Line 10, column 1", "comma with nothing after it"),
        (TEXT.replace(" 4096", " /* wide */ 4096"), "Line 3, column 17", "a comment"),
        ("// from the Hub\n" + TEXT, "Line 1, column 1", "a comment"),
        (TEXT.replace('"', "'"), "Line 2, column 2", "double and straight"),
        ("LlamaConfig " + TEXT, "Line 1, column 1", "how Python prints an object"),
        (TEXT.replace("14336", "Infinity"), "Line 7, column 23", "Infinity is no number"),
        (TEXT.replace("false", "False"), "Line 9, column 25", "“False” is Python"),
        (TEXT[:-2], "Line 9, column", "Was it cut off?"),
        (TEXT.replace("32,\n", "32\n", 1), "Line 5, column 2", "a comma is missing"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_column(client, text, place, cause):
    error = error_of(pasted(client, text))

    assert place in error
    assert cause in error
    assert "starts with { and ends with }" in error


def test_words_in_strings_are_no_mistakes():
    assert parse_json('{"note": "NaN, // and \'Infinity\'", "a": 1}')["a"] == 1
    with pytest.raises(NotJson, match="Line 2, column 6"):
        parse_json('{"note": "NaN",\n"a": NaN}')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_file_is_read_in_the_encoding_that_it_has(client, encoding):
    upload = SimpleUploadedFile("config.json", TEXT.encode(encoding))

    response = client.post("/config/", {"config_file": upload}, follow=True)

    assert "To fine-tune your 8.03B llama model" in response.content.decode()


def test_a_byte_order_mark_that_was_pasted_along_is_no_mistake(client):
    assert "your 8.03B llama model" in pasted(client, "\ufeff" + TEXT).content.decode()


@pytest.mark.parametrize("size", [300_000, 3_000_000, 12_000_000])
def test_a_text_beyond_any_config_is_refused_in_words(client, size):
    response = pasted(client, "{" * size)

    assert response.status_code == 200
    assert "too long for a config.json" in error_of(response)


def test_an_adapter_gives_rank_and_targets_and_its_base_the_model(client):
    response = pasted(client, json.dumps(ADAPTER))

    address = response.redirect_chain[-1][0]
    assert address == (
        "/?model=llama-3-1-8b&lora_rank=64&lora_targets=v_proj%2Cq_proj&lora_dropout=0.05"
    )
    assert "To fine-tune Llama 3.1 8B" in response.content.decode()


def test_an_adapter_of_an_unknown_base_asks_for_it_and_keeps_what_it_says(client):
    unknown = {**ADAPTER, "base_model_name_or_path": "/data/our-own-model"}

    response = pasted(client, json.dumps(unknown))

    error = error_of(response)
    assert "an adapter (rank 64 on v_proj, q_proj)" in error
    assert "paste the config.json of its base, “/data/our-own-model”" in error
    soup = BeautifulSoup(response.content, "html.parser")
    assert soup.select_one("#config-form [name=lora_rank]")["value"] == "64"
    assert soup.select_one("#ask [name=lora_rank]")["value"] == "64"


def test_an_adapter_that_is_not_lora_is_named(client):
    error = error_of(pasted(client, json.dumps({**ADAPTER, "peft_type": "IA3"})))

    assert "This adapter is of type IA3. Only LoRA is estimated here." in error


def test_full_paths_of_modules_are_their_names(client):
    paths = [
        f"model.layers.{n}.self_attn.{name}" for n in range(3) for name in ("q_proj", "v_proj")
    ]

    response = pasted(client, json.dumps({**ADAPTER, "target_modules": paths}))

    assert "lora_targets=q_proj%2Cv_proj" in response.redirect_chain[-1][0]


def test_what_cannot_be_computed_offers_the_published_size(client):
    error = error_of(pasted(client, json.dumps({**LLAMA, "model_type": "unheard_of"})))

    assert "type the model’s published size above" in error


def test_the_api_says_where_its_body_breaks_off(client):
    response = client.post(
        "/api/v1/estimate", '{"params_b": 7,\n}', content_type="application/json"
    )

    assert response.status_code == 400
    message = response.json()["errors"][0]["message"]
    assert message.startswith("The body is not JSON. Line 2, column 1: a comma")
