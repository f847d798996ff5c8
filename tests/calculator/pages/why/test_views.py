"""/why/: what a measured figure is answered with, and what is wrong with a question."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.usefixtures("catalog")
LLAMA = "/why/?model=llama-3-1-8b"


def page(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text_of(element):
    return " ".join(element.get_text(" ").replace("\u00a0", " ").split())


def status(soup):
    return text_of(soup.select_one("#live-status"))


def explanations(soup):
    return [text_of(each) for each in soup.select(".explanation h3")]


def shown(client, name, query="&method=qlora"):
    """The figure that the page says that a tool should show, in GB: the likely one."""
    for each in page(client, LLAMA + query).select(".why-figures > div"):
        if text_of(each.dt) == name:
            words = text_of(each.dd)
            likely = words.split("likely ")[1] if "likely" in words else words
            return float(likely.split()[0])
    raise AssertionError(name)


def test_without_an_amount_it_says_what_each_tool_should_show(client):
    soup = page(client, LLAMA)

    assert status(soup).startswith("Type what you measured")
    assert [text_of(name) for name in soup.select(".why-figures dt")] == [
        "max_memory_allocated()",
        "max_memory_reserved()",
        "nvidia-smi",
    ]


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        ("allocated", "max_memory_allocated()"),
        ("reserved", "max_memory_reserved()"),
        ("nvidia-smi", "nvidia-smi"),
    ],
)
def test_the_expected_figure_is_said_to_be_that(client, figure, name):
    amount = shown(client, name)

    soup = page(client, f"{LLAMA}&method=qlora&figure={figure}&amount={amount}")

    assert status(soup) == f"{amount:g} GB is what we expect."
    assert explanations(soup) == []


def test_a_run_without_checkpointing_is_recognised_and_leads_to_the_calculator(client):
    amount = shown(client, "nvidia-smi", "&method=lora&gradient_checkpointing=false")

    soup = page(client, f"{LLAMA}&method=lora&amount={amount}")

    assert "more than the most that we expect" in status(soup)
    position = explanations(soup).index("Gradient checkpointing was off")
    link = soup.select(".explanation")[position].select_one(".why-link a")["href"]
    assert link == "/?model=llama-3-1-8b&gradient_checkpointing=false#card-lora"


def test_units_are_read_and_taken_for_each_other(client):
    gigabytes = shown(client, "max_memory_allocated()")
    as_gib = gigabytes / 1.073741824

    right = page(client, f"{LLAMA}&method=qlora&figure=allocated&amount={as_gib:.2f}%20GiB")
    mib = page(client, f"{LLAMA}&method=qlora&figure=allocated&amount={as_gib * 1024:.0f}MiB")
    binary = page(client, f"{LLAMA}&method=qlora&figure=allocated&amount={gigabytes}%20GiB")
    wrong = page(client, f"{LLAMA}&method=qlora&figure=allocated&amount={as_gib * 0.999:.2f}%20GB")

    assert status(right).endswith("is what we expect.")
    assert status(mib).endswith("is what we expect.")
    assert "Was it GB, not GiB?" in text_of(binary.select_one("#live-results"))
    assert "Was it GiB, not GB?" in text_of(wrong.select_one("#live-results"))


def test_the_sum_over_two_gpus_and_another_tools_figure_are_recognised(client):
    twice = 2 * shown(client, "nvidia-smi")
    reserved = shown(client, "max_memory_reserved()", "&method=lora&micro_batch=8")

    both = page(client, f"{LLAMA}&method=qlora&amount={twice:.1f}")
    other = page(
        client, f"{LLAMA}&method=lora&micro_batch=8&figure=allocated&amount={reserved:.1f}"
    )

    assert "Is it the sum over 2 GPUs?" in text_of(both.select_one("#live-results"))
    assert "Is it max_memory_reserved()?" in text_of(other.select_one("#live-results"))


def test_a_little_more_than_the_run_holds_may_be_a_display(client):
    most = page(client, f"{LLAMA}&method=qlora").select(".why-figures .why-figure")[2]
    high = float(text_of(most).split("–")[1].split()[0])

    soup = page(client, f"{LLAMA}&method=qlora&amount={high + 1.2:.1f}")

    assert "1.2 GB above our most" in text_of(soup.select_one("#live-results"))


@pytest.mark.parametrize(
    ("query", "headline", "reading"),
    [
        ("method=full&amount=24", "That card has too little room", "Too small:"),
        ("method=lora&amount=21.9%20GB", "That card has too little room", "Tight on 21.9 GB"),
        ("method=qlora&amount=24", "By our estimate that card has room", "of 25.7 GB"),
    ],
)
def test_out_of_memory_is_read_as_the_cards_verdict(client, query, headline, reading):
    soup = page(client, f"{LLAMA}&figure=oom&{query}")

    assert headline in status(soup)
    assert reading in text_of(soup.select_one(".why-answer"))
    assert "saves" in text_of(soup.select_one(".why-tries"))


def test_out_of_memory_where_it_fits_asks_what_was_otherwise(client):
    soup = page(client, f"{LLAMA}&figure=oom&method=qlora&amount=24")

    assert explanations(soup)[0] == "Gradient checkpointing was off"
    assert len(explanations(soup)) == len({words[:12] for words in explanations(soup)})


def test_less_than_expected_is_explained_too(client):
    amount = shown(client, "max_memory_allocated()", "&method=full&optimizer=adamw_8bit")

    soup = page(client, f"{LLAMA}&method=full&figure=allocated&amount={amount}")

    assert "less than we expect" in status(soup)
    assert "The optimizer was 8-bit AdamW" in explanations(soup)


def test_a_figure_that_nothing_explains_says_so(client):
    soup = page(client, f"{LLAMA}&method=qlora&figure=allocated&amount=90,000")

    assert explanations(soup) == []
    assert "No one or two settings that we know of" in text_of(soup.select_one("#live-results"))


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("amount=much", "amount", "Enter a number such as 17.2 GB or 15,360 MiB"),
        ("amount=0", "amount", "Enter a number above 0"),
        ("amount=900000", "amount", "at most 100,000 GB"),
        ("amount=0.0000000001MB", "amount", "such as 17.2 GB"),
        ("figure=guess&amount=3", "figure", "Choose one from the list."),
        ("method=prompt&amount=3", "method", "Choose one from the list."),
    ],
)
def test_an_error_stands_beside_its_field(client, query, field, message):
    soup = page(client, f"{LLAMA}&{query}")

    assert message in text_of(soup.select_one(f"#why-{field}_error"))
    assert soup.select_one("#instead a")["href"] == f"#why-{field}"
    assert soup.select_one(".why-figures")


@pytest.mark.parametrize(
    "query", ["model=no-such-model", "size=x", "model=llama-3-1-8b&sequence_length=0"]
)
def test_what_is_wrong_with_the_run_is_said_and_leads_back(client, query):
    soup = page(client, f"/why/?{query}&amount=20")

    assert len(text_of(soup.select_one("#instead"))) > 100
    assert soup.select_one("#instead a")["href"].startswith("/?")
    assert soup.select_one(".why-answer")


def test_the_fragment_pushes_the_pages_address_and_opens_as_a_page(client):
    url = "/fragments/why/?model=llama-3-1-8b&method=qlora&figure=nvidia-smi&amount=30+GiB"

    swapped = client.get(url, HTTP_HX_REQUEST="true")
    opened = client.get(url)

    address = "/why/?model=llama-3-1-8b&amount=30+GiB&method=qlora"
    assert swapped["HX-Push-Url"] == address
    assert b"<html" not in swapped.content
    assert b'id="why-amount_error" hx-swap-oob="true"' in swapped.content
    assert opened.status_code == 302
    assert opened["Location"] == address


def test_a_plain_size_is_asked_about_with_a_typical_architecture(client):
    assert "a 13B model" in text_of(page(client, "/why/?size=13").select_one("#why-subject"))


def test_the_calculators_cards_and_the_accuracy_page_lead_here(client):
    card = page(client, "/?model=llama-3-1-8b&micro_batch=4").select_one("#card-qlora")

    assert (
        card.select_one('.card__why a[href^="/why/"]')["href"]
        == "/why/?model=llama-3-1-8b&micro_batch=4&method=qlora"
    )
    assert 'href="/why/"' in str(page(client, "/accuracy/"))
