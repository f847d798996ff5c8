"""The page of inference, as a browser without JavaScript gets it."""

import json

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calculator.question.inference.form import INFERENCE_NAMES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

HTMX = {"HTTP_HX_REQUEST": "true"}
CONFIG = {
    "model_type": "llama",
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 8192,
    "vocab_size": 128256,
    "tie_word_embeddings": True,
}


def soup_of(response) -> BeautifulSoup:
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text_of(element) -> str:
    return " ".join(element.get_text(" ").replace("\u00a0", " ").split())


def cards_of(soup) -> dict[str, str]:
    return {
        card["id"].removeprefix("card-"): text_of(card.select_one(".card__figure"))
        for card in soup.select(".card")
    }


def parts_of(soup, slug: str) -> dict[str, str]:
    rows = soup.select(f"#card-{slug} .parts tbody tr")
    return {text_of(row.th): text_of(row.td) for row in rows}


def test_the_same_few_questions_stand_below_as_below_the_calculator(client):
    below = [
        [each["id"] for each in soup_of(client.get(path)).select(".faq__entry")]
        for path in ("/", "/inference/")
    ]

    assert below[0] == below[1]
    assert 0 < len(below[1]) < 7


def test_a_model_is_answered_in_16_8_and_4_bits(client):
    soup = soup_of(client.get("/inference/?model=llama-3-1-8b&context_length=8192&sequences=4"))

    assert list(cards_of(soup)) == ["bf16", "fp8", "awq"]
    assert text_of(soup.select_one("#headline")).startswith(
        "To run Llama 3.1 8B with 4 × 8,192 tokens, AWQ, GPTQ 4-bit fits on a single consumer GPU"
    )
    # 8.03 billion weights of two bytes; 131,072 bytes for each of 32,768 tokens.
    assert parts_of(soup, "bf16")["Weights"] == "16.1 GB"
    assert parts_of(soup, "bf16")["KV cache"] == "4.3 GB"
    assert len(soup.select(".mark__range")) == 3


def test_each_part_says_how_it_is_made_and_where_from(client):
    card = soup_of(client.get("/inference/?model=llama-3-1-8b")).select_one("#card-bf16")

    made = text_of(card.select_one(".why"))
    assert "32 layers keep 2 × 8 heads × 128 values of 16 bits: 131,072 bytes per token" in made
    assert "0.16 to 1.79 GiB beside weights" in made
    assert card.select_one('.why a[href^="https://github.com/vllm-project/vllm/"]')


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("model=gemma-3-27b", "52 layers look back 1,024 tokens"),
        ("model=deepseek-v3-671b-a37b", "one compressed vector of 512 + 64 values"),
        ("model=deepseek-v3-671b-a37b&runtime=transformers", "of all 128 heads, uncompressed"),
        ("model=qwen3-next-80b-a3b", "36 layers keep a state"),
        ("model=gemma-4-e2b", "that take the keys and values of others keep none"),
        ("model=llama-3-1-8b&runtime=llama.cpp", "stays in host memory"),
    ],
)
def test_the_cards_say_what_the_architecture_keeps(client, query, words):
    soup = soup_of(client.get(f"/inference/?{query}"))

    assert words in text_of(soup.select_one(".cards"))


def test_the_runtime_decides_the_formats(client):
    cards = {
        runtime: list(
            cards_of(soup_of(client.get(f"/inference/?model=qwen3-8b&runtime={runtime}")))
        )
        for runtime in ("llama.cpp", "transformers")
    }

    assert cards["llama.cpp"] == ["f16", "q8_0", "q4_k_m"]
    assert cards["transformers"] == ["bf16-transformers", "int8", "nf4"]


def test_a_model_published_in_mxfp4_has_that_as_its_4_bits(client):
    soup = soup_of(client.get("/inference/?model=gpt-oss-120b"))

    assert list(cards_of(soup)) == ["bf16", "fp8", "mxfp4"]
    assert text_of(soup.select_one("#card-mxfp4 .card__minimum strong")) == "80 GB (A100 / H100)"


def test_every_format_has_its_smallest_gpu(client):
    soup = soup_of(client.get("/inference/?model=llama-3-1-8b"))

    rows = {
        text_of(row.th): [text_of(cell) for cell in row.select("td")]
        for row in soup.select(".formats__table tbody tr:not(.formats__group)")
    }
    assert rows["Q4_K_M"][1:] == ["8 GB GPU (RTX 4060 / 3070)", "4.9 GB", "4.89"]
    assert {"Q2_K", "Q8_0", "FP8", "4-bit (NF4)"} <= set(rows)
    assert "MXFP4" not in rows  # of mixtures alone


def test_a_setting_makes_a_plain_size_precise_and_the_rule_of_thumb_is_one_step_away(client):
    soup = soup_of(client.get("/inference/?size=13&context_length=8192"))

    assert list(cards_of(soup)) == ["bf16", "fp8", "awq"]
    assert soup.select_one(".mode a")["href"] == "/inference/?size=13"
    assert soup.select_one("#sizes a")["href"] == "/inference/?size=1&context_length=8192"


def test_a_plain_size_keeps_to_the_rule_of_thumb(client):
    soup = soup_of(client.get("/inference/?size=13"))

    assert list(cards_of(soup)) == ["inference-16bit", "inference-8bit", "inference-4bit"]
    assert soup.select(".mark__range, .formats") == []


def test_settings_of_training_mean_nothing_here(client):
    soup = soup_of(client.get("/inference/?size=7&sequence_length=4096&lora_rank=64"))

    assert list(cards_of(soup)) == ["inference-16bit", "inference-8bit", "inference-4bit"]
    assert soup.select_one("#sizes a")["href"] == "/inference/?size=1"
    fields = [each["name"] for each in soup.select("#settings-fields [name]")]
    assert fields == [*INFERENCE_NAMES]


def test_defaults_leave_the_address_and_what_was_changed_goes_along_to_another_model(client):
    answer = client.get(
        "/fragments/inference/?model=llama-3-1-8b&context_length=8192&sequences=4", **HTMX
    )

    assert answer["HX-Push-Url"] == "/inference/?model=llama-3-1-8b&sequences=4"
    found = soup_of(client.get("/fragments/inference-models/?model=qwen3-14b&sequences=4"))
    assert found.select_one("a")["href"] == "/inference/?model=qwen3-14b&sequences=4"


def test_a_model_goes_along_between_training_and_running_it(client):
    there = soup_of(client.get("/?model=qwen3-8b&lora_rank=64")).select_one("#other-task a")
    back = soup_of(client.get("/inference/?model=qwen3-8b")).select_one("#other-task a")

    assert there["href"] == "/inference/?model=qwen3-8b"
    assert back["href"] == "/?model=qwen3-8b"


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("context_length=0", "context_length", "Context length must be a whole number from 1"),
        ("sequences=lots", "sequences", "Concurrent sequences must be a whole number"),
        ("kv_precision=4bit", "kv_precision", "vLLM has no such KV cache"),
        ("runtime=ollama", "runtime", "Run with must be one of vllm, llama.cpp, transformers"),
    ],
)
def test_a_wrong_setting_is_said_beside_its_field(client, query, field, words):
    soup = soup_of(client.get(f"/inference/?model=llama-3-1-8b&{query}"))

    assert words in text_of(soup.select_one(f"#{field}-error"))
    assert soup.select_one("#instead a")["href"] == f"#{field}"
    assert soup.select_one('meta[name="robots"]')["content"] == "noindex"


def test_a_pasted_config_leads_to_its_page_and_a_wrong_one_is_said(client):
    answer = client.post("/inference/config/", {"config": json.dumps(CONFIG), "sequences": "2"})
    wrong = soup_of(client.post("/inference/config/", {"config": "no"}))

    assert answer["Location"].startswith("/inference/?config=")
    assert answer["Location"].endswith("&sequences=2")
    assert list(cards_of(soup_of(client.get(answer["Location"])))) == ["bf16", "fp8", "awq"]
    assert "Paste the whole text" in text_of(wrong.select_one("#config-error"))


def test_a_model_of_which_only_the_size_is_known_gets_the_rule_of_thumb(client):
    soup = soup_of(client.get("/inference/?model=deepseek-v4-flash-a13b&sequences=4"))

    assert list(cards_of(soup)) == ["inference-16bit", "inference-8bit", "inference-4bit"]
    assert "DeepSeek V4 Flash" in text_of(soup.select_one("#headline")).replace("-", " ")
    assert "not modelled" in text_of(soup.select_one(".mode"))


def test_the_published_figures_stand_beside_the_estimates(client):
    soup = soup_of(client.get("/inference/published/"))

    rows = soup.select("#published tbody tr")
    assert len(rows) >= 70
    assert all(row.select_one("a[href^='https://']") for row in rows)
    assert "all within" in text_of(soup.select_one(".prose"))
    page = text_of(soup_of(client.get("/inference/")).select_one("#method-note"))
    assert "half of them are met within" in page


QUERIES = st.dictionaries(
    st.sampled_from([*INFERENCE_NAMES, "model", "size", "config"]),
    st.text(max_size=20)
    | st.sampled_from(["llama-3-1-8b", "gemma-4-e2b", "7", "4096", "8bit", "llama.cpp", "{}"])
    | st.integers(-5, 10**12).map(str),
    max_size=4,
)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(QUERIES)
def test_whatever_stands_in_the_address_gets_an_answer_or_an_error_in_words(client, query):
    soup = soup_of(client.get("/inference/", query))

    errors = [text_of(error) for error in soup.select(".field-error") if text_of(error)]
    assert len(soup.select(".card")) == 3
    assert bool(soup.select("#instead")) == bool(errors)
