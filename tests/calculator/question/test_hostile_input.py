"""What a stranger may send to break a page: each is answered, in words, and none with a 500."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.django_db

DEEP = '{"a":' * 10_000 + "1" + "}" * 10_000
NESTED = '{"model_type":' + "[" * 200 + "]" * 200 + "}"
HALF = '{"model_type": "\\ud800"}'
HUGE = '{"model_type": "llama", "hidden_size": %s}'


@pytest.mark.parametrize(
    "path", ["/models/?kind=%25", "/models/?kind=%25(x)s", "/gpus/?vendor=%25d"]
)
def test_per_cent_signs_are_only_text(client, catalog, path):
    page = client.get(path).content.decode()

    assert "is not in it" in page
    assert "%%" not in page


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (DEEP, "nested too deeply"),
        (NESTED, "nested too deeply"),
        (HALF, "half of a character"),
        (HUGE % ("9" * 5000), "too many digits"),
        (HUGE % "1e400", "hidden_size"),
        (HUGE % "NaN", "no number in JSON"),
    ],
)
def test_a_hostile_config_is_refused_in_words(client, catalog, config, words):
    pasted = client.post("/config/", {"config": config})
    sent = client.post(
        "/api/v1/estimate",
        f'{{"config": {config}, "method": "lora"}}',
        content_type="application/json",
    )

    assert pasted.status_code == 200
    assert words in pasted.content.decode()
    assert sent.status_code in (400, 422)
    assert words in str(sent.json()["errors"])


def test_a_run_that_no_number_of_gpus_holds_is_an_answer(client, catalog):
    settings = {"micro_batch": 1353, "sequence_length": 6388471}
    body = json.dumps({"params_b": 7, "method": "qlora", "settings": settings})

    page = client.get("/?sequence_length=10421972&model=gpt-oss-120b")
    answer = client.post("/api/v1/estimate", body, content_type="application/json")

    assert (page.status_code, answer.status_code) == (200, 200)


def test_ten_megabytes_of_query_are_answered(client, catalog):
    assert client.get("/", {"config": "x" * 10_000_000}).status_code < 500


def test_a_form_too_long_for_any_config_is_refused_in_words_however_it_is_sent(client, catalog):
    form = "application/x-www-form-urlencoded"

    long = client.post("/config/", "config=" + "%7B" * 400_000, content_type=form)
    wide = client.post("/config/", "&".join(f"a{n}=" for n in range(1_001)), content_type=form)
    host = client.get("/", headers={"host": "a b"})

    assert "too long for a config.json" in long.content.decode()
    for answer in (wide, host):
        assert answer.status_code == 400
        assert "This request is not understood" in answer.content.decode()
