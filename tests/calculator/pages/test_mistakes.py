"""A page that is opened with a mistake: marked at its field, the rest kept, and answered from it."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

MODEL = "model=llama-3-1-8b"
CALCULATOR = "#answer-state"
LIVE = "#live-results"


def soup_of(client, path):
    response = client.get(path)
    assert response.status_code == 200, path
    return BeautifulSoup(response.content, "html.parser")


def words_of(element) -> str:
    return " ".join(element.get_text(" ").split())


@pytest.mark.parametrize(
    ("wrong", "answered", "place", "field", "words"),
    [
        ("/?size=abc&gpu=rtx-4090", "/?gpu=rtx-4090", CALCULATOR, "#size", "for a 7B model"),
        (
            "/?size=13&sequence_length=abc&micro_batch=2",
            "/?size=13&micro_batch=2",
            CALCULATOR,
            "#sequence_length",
            "with sequence length 2,048",
        ),
        # A plain size whose only setting is wrong stays precise.
        (
            "/?size=13&max_seq_length=x",
            "/?size=13&sequence_length=2048",
            CALCULATOR,
            "#sequence_length",
            "with sequence length 2,048",
        ),
        (
            f"/?{MODEL}&lora_rank=0&optimizer=none&micro_batch=2",
            f"/?{MODEL}&micro_batch=2",
            CALCULATOR,
            "#lora_rank",
            "with rank 16 and optimizer AdamW",
        ),
        (
            f"/?{MODEL}&gpu_count=2&strategy=zero9",
            f"/?{MODEL}&gpu_count=2&strategy=ddp",
            CALCULATOR,
            "#strategy",
            "with shared out by DDP",
        ),
        ("/?model=nonsense-13b", "/?size=13", CALCULATOR, "#model", "for a 13B model"),
        ("/?model=llama 70b", "/?model=llama-2-70b", CALCULATOR, "#model", "for Llama 2 70B"),
        (
            f"/inference/?{MODEL}&sequences=lots&context_length=4096",
            f"/inference/?{MODEL}&context_length=4096",
            CALCULATOR,
            "#sequences",
            "with concurrent sequences 1",
        ),
        (
            f"/fit/?{MODEL}&method=qlora&examples=some&epochs=2",
            f"/fit/?{MODEL}&method=qlora&epochs=2",
            LIVE,
            "#fit-examples",
            "with 10,000 examples",
        ),
        (
            f"/why/?{MODEL}&method=prompt&amount=20",
            f"/why/?{MODEL}&method=lora&amount=20",
            LIVE,
            "#why-method",
            "with LoRA",
        ),
        (
            "/gpus/rtx-4090/?gpu_count=two&micro_batch=2",
            "/gpus/rtx-4090/?micro_batch=2",
            LIVE,
            "#card-gpu_count",
            "with one card",
        ),
    ],
)
def test_the_answer_is_that_of_the_rest_and_says_what_stands_in(
    client, wrong, answered, place, field, words
):
    soup, right = soup_of(client, wrong), soup_of(client, answered)

    said = soup.select_one(f"{place} #instead").extract()
    assert words_of(said) == f"Below is the answer {words}, instead of what is marked above ."
    assert said.a["href"] == field
    assert soup.select_one(field)["aria-invalid"] == "true"
    assert words_of(soup.select_one(place)) == words_of(right.select_one(place))
    assert soup.select_one("meta[name=robots]")["content"] == "noindex"


@pytest.mark.parametrize(
    ("path", "place", "way_back"),
    [
        ("/fit/?{}", LIVE, "/?{}"),
        ("/why/?{}", LIVE, "/?{}"),
        ("/curves/?{}", "#curves", "/?{}"),
        ("/gpus/rtx-4090/?{}", LIVE, None),
    ],
)
def test_a_mistake_that_has_no_field_on_its_page_is_said_with_the_way_to_it(
    client, path, place, way_back
):
    asked = f"{MODEL}&sequence_length=0"
    soup = soup_of(client, path.format(asked))

    said = soup.select_one(f"{place} #instead")
    assert words_of(said).startswith("Sequence length must be a whole number between 1 and")
    assert words_of(said).endswith("Below is the answer with sequence length 2,048, instead.")
    assert (said.a["href"] if way_back else said.a) == (way_back and way_back.format(asked))
    # What is asked next is not held up by what cannot be put right here.
    assert soup.select_one("input[type=hidden][value='0']") is None


def test_a_mistake_while_one_types_leaves_the_answer_to_the_one_before(client):
    fragments = "/fragments/training/", "/fragments/inference/", "/fragments/why/", "/fit/table/"
    for path in fragments:
        wrong = {"size": "x", "amount": "x", "examples": "x"}
        response = client.get(path, wrong, HTTP_HX_REQUEST="true")

        assert response["HX-Reswap"] == "none"
        assert b'id="instead"' not in response.content


def test_a_comparison_shows_a_mistaken_column_with_what_stands_in_and_keeps_what_was_typed(client):
    soup = soup_of(client, f"/compare/?a={MODEL}%26micro_batch=many&b={MODEL}")

    error = words_of(soup.select_one("#column-a .field-error"))
    assert error.endswith("Below is the answer with micro-batch 1, instead.")
    row = soup.find("th", string="Micro-batch").parent
    assert [words_of(cell) for cell in row.select("td")] == ["1", "1"]
    assert "micro_batch=many" in soup.select_one("#column-b a:last-child")["href"].replace(
        "%3D", "="
    )


def test_what_cannot_be_added_to_a_comparison_stays_in_the_form_marked(client):
    soup = soup_of(
        client, f"/compare/?a={MODEL}&add=1&model=qwen3-4b&method=qlora&micro_batch=many"
    )

    assert len(soup.select("thead th")) == 1
    assert "Micro-batch must be" in words_of(soup.select_one("#add-micro_batch_error"))
    assert soup.select_one("#add-micro_batch")["value"] == "many"
    assert soup.select_one("#add-model option[selected]")["value"] == "qwen3-4b"
    assert "Not added yet" in words_of(soup.select_one(".instead"))
