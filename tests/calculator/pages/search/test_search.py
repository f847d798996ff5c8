"""One search over answers, models and GPUs, through its pages."""

import pytest
from bs4 import BeautifulSoup

from calculator.pages.search.matching import MOST_PER_GROUP

pytestmark = pytest.mark.usefixtures("catalog")

HX = {"HX-Request": "true"}


def found(client, typed: str) -> dict[str, list[str]]:
    """The paths that a search leads to, by group."""
    response = client.get("/search/", {"q": typed})
    assert response.status_code == 200
    page = BeautifulSoup(response.content, "html.parser")
    return {
        group.h2.get_text(): [link["href"] for link in group.select("a")]
        for group in page.select("section.hits")
    }


@pytest.mark.parametrize(
    ("typed", "group", "path"),
    [
        ("lama 3.1", "Models", "/models/llama-3-1-8b/"),
        ("qwen2.5 7b instruct", "Models", "/models/qwen2-5-7b/"),
        ("meta-llama/Llama-3.1-8B", "Models", "/models/llama-3-1-8b/"),
        ("Qwen/Qwen2.5-7B-Instruct", "Models", "/models/qwen2-5-7b/"),
        ("mistrl 7b", "Models", "/models/mistral-7b-v0-3/"),
        ("qwen3-8b", "Models", "/models/qwen3-8b/"),
        ("phi-4", "Models", "/models/phi-4-14b/"),
        ("rtx4090", "GPUs", "/gpus/rtx-4090/"),
        ("rxt 4090", "GPUs", "/gpus/rtx-4090/"),
        ("NVIDIA GeForce 4090", "GPUs", "/gpus/rtx-4090/"),
        ("4070", "GPUs", "/gpus/rtx-4070/"),
        ("what rank", "Answers", "/faq/lora-rank-memory/"),
        ("gradient chekpointing", "Answers", "/faq/gradient-checkpointing/"),
        ("oom", "Answers", "/faq/cuda-out-of-memory/"),
        ("zero fsdp", "Answers", "/faq/zero-and-fsdp/"),
    ],
)
def test_what_is_meant_comes_first(client, typed, group, path):
    assert found(client, typed)[group][0] == path


def test_a_question_finds_no_model_and_a_card_no_other_card(client):
    assert "Models" not in found(client, "out of memory")
    assert found(client, "rtx 4090")["GPUs"] == ["/gpus/rtx-4090/"]
    assert all("4090" not in path for path in found(client, "rtx 4080")["GPUs"])


def test_a_group_holds_eight_at_most(client):
    groups = found(client, "24 gb") | found(client, "qwen")

    assert len(groups["GPUs"]) == len(groups["Models"]) == MOST_PER_GROUP


def test_nothing_found_is_said_and_markup_stays_text(client):
    page = client.get("/search/", {"q": "<b>zzz</b>"}).text

    assert "Nothing found for “&lt;b&gt;zzz&lt;/b&gt;”." in page
    assert "<b>zzz" not in page


def test_too_long_a_search_is_refused_in_words(client):
    assert "Search for at most 100 characters" in client.get("/search/", {"q": "x" * 101}).text


def test_results_are_not_for_search_engines(client):
    assert 'content="noindex"' in client.get("/search/", {"q": "llama"}).text


@pytest.mark.parametrize("path", ["/fragments/search/", "/fragments/site-search/"])
def test_a_fragment_is_a_part_and_leads_on_by_hand(client, path):
    part = client.get(path, {"q": "rtx4090"}, headers=HX)
    by_hand = client.get(path, {"q": "rtx4090"})

    assert "/gpus/rtx-4090/" in part.text
    assert "<html" not in part.text
    assert by_hand.url == "/search/?q=rtx4090"


def test_the_address_follows_the_page_and_not_the_header(client):
    own = client.get("/fragments/search/", {"q": "rtx4090"}, headers=HX)
    header = client.get("/fragments/site-search/", {"q": "rtx4090"}, headers=HX)

    assert own["HX-Push-Url"] == "/search/?q=rtx4090"
    assert "HX-Push-Url" not in header
