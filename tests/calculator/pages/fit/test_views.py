"""/fit/: the page, its fragment, and what is wrong with a question."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.utils import timezone

from gpus.models import Gpu
from tests.gpus.price_rows import age_all, observe

pytestmark = pytest.mark.usefixtures("catalog")
LLAMA = "/fit/?model=llama-3-1-8b"


def page(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text(soup, selector):
    return " ".join(soup.select_one(selector).get_text(" ").split())


def names(soup):
    return [cell.get_text(strip=True) for cell in soup.select(".setup__name a")]


def test_the_page_lists_the_setups_that_hold_the_run(client):
    soup = page(client, f"{LLAMA}&method=lora")

    assert text(soup, "h1") == "GPUs for LoRA of Llama 3.1 8B"
    assert "GPUs hold it" in text(soup, "#live-status")
    # Tight on a card of 20 GB, with less than the likely figure; likely to fit on 24 GB.
    assert names(soup)[0].endswith("20 GB")
    assert text(soup, ".setups tbody tr .verdict") == "Tight"
    assert any(name.endswith("24 GB") and "× " not in name for name in names(soup))
    assert "2× 12 GB is not 24 GB" in text(soup, ".fit-halves h2")


def test_a_plain_size_is_asked_about_with_a_typical_architecture(client):
    assert text(page(client, "/fit/?size=13"), "h1") == "GPUs for LoRA of a 13B model"
    heading = text(page(client, "/fit/?size=13&method=full"), "h1")
    assert heading == "GPUs for full fine-tuning of a 13B model"


def test_full_fine_tuning_of_70b_takes_several_data_center_cards(client):
    soup = page(client, "/fit/?model=llama-3-1-70b&method=full")

    assert all("× " in name for name in names(soup))


def test_a_long_table_shows_its_rest_when_asked(client):
    short = page(client, LLAMA)
    whole = page(client, short.select_one(".fit-more a")["href"])

    assert len(names(short)) == 20
    assert len(names(whole)) > 100
    assert whole.select_one(".fit-more") is None


def test_each_setup_leads_to_its_gpus_page_with_the_same_model(client):
    link = page(client, f"{LLAMA}&sequence_length=4096").select_one(".setup__name a")["href"]

    assert link.startswith("/gpus/")
    assert "model=llama-3-1-8b" in link
    assert "sequence_length=4096" in link
    assert page(client, link).select_one("h1")


def test_a_visitors_own_price_is_used_and_named(client):
    soup = page(client, f"{LLAMA}&price=0.5&price_gpu=rtx-4090")

    row = soup.find(id="fit-rtx-4090-1")
    assert "$0.50 your price" in " ".join(row.get_text(" ").split())
    assert "GeForce RTX 4090" in text(soup, ".fit-best")


def test_the_cheapest_of_fresh_prices_says_so_where_an_old_one_is_lower(client):
    age_all("2020-01-01", "rent")
    observe(Gpu.objects.get(slug="l4"), "rent_on_demand", 50, timezone.localdate())

    soup = page(client, LLAMA)

    assert "Cheapest to rent" in text(soup, ".fit-best")
    assert "Older ones in the table are lower" in text(soup, "#fit-cheapest")


def test_with_nothing_but_stale_prices_none_is_called_the_cheapest(client):
    age_all("2020-01-01", "rent")

    soup = page(client, f"{LLAMA}&sort=price_per_hour")

    assert "none is called the cheapest" in text(soup, "#fit-cheapest")
    assert "Cheapest" not in text(soup, ".fit-best")
    assert "old" in text(soup, ".setup__rent")
    note = soup.select_one(".setup__rent .price__note")["href"]
    assert "1 Jan 2020 , may be out of date" in text(soup, note)


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("examples=many", "examples", "Enter a number such as 10,000"),
        ("examples=1.5", "examples", "Enter a whole number such as 10,000."),
        ("epochs=0", "epochs", "Enter a number above 0"),
        ("price=1", "price_gpu", "Say which GPU has this price."),
        ("price_gpu=rtx-4090", "price", "Enter the price of this GPU per hour"),
        ("method=prompt", "method", "Choose one from the list."),
        ("sort=beauty", "sort", "Choose one from the list."),
    ],
)
def test_an_error_stands_beside_its_field_with_what_was_typed(client, query, field, message):
    soup = page(client, f"{LLAMA}&{query}")

    assert message in text(soup, f"#fit-{field}_error")
    # A price is nothing that the setups need.
    assert soup.select_one("table.setups")
    assert (soup.select_one("#instead") is None) == query.startswith("price")
    name, typed = query.split("=")
    control = soup.select_one(f"[name={name}]")
    assert control.get("value") == typed or control.name == "select"


@pytest.mark.parametrize(
    "query", ["model=no-such-model", "size=x", "model=llama-3-1-8b&sequence_length=0"]
)
def test_what_is_wrong_with_the_model_or_its_settings_is_said(client, query):
    soup = page(client, f"/fit/?{query}")

    assert "Below is the answer" in text(soup, "#instead")
    assert len(text(soup, "#instead")) > 100


def test_a_model_of_which_only_the_size_is_known_says_so(client):
    soup = page(client, "/fit/?model=llama-3-2-11b-vision")

    assert "Only the size of" in text(soup, "#live-status")


def test_the_fragment_pushes_the_pages_address(client):
    response = client.get(
        "/fit/table/?model=llama-3-1-8b&method=qlora&epochs=3&examples=20,000",
        HTTP_HX_REQUEST="true",
    )

    assert response["HX-Push-Url"] == "/fit/?model=llama-3-1-8b&method=qlora&examples=20000"
    assert b"<html" not in response.content
    assert b'id="fit-examples_error" hx-swap-oob="true"' in response.content


def test_the_fragments_address_leads_a_browser_to_the_page(client):
    response = client.get("/fit/table/?model=llama-3-1-8b&method=qlora")

    assert response.status_code == 302
    assert response["Location"] == "/fit/?model=llama-3-1-8b&method=qlora"


def test_the_pages_queries_do_not_grow_with_the_catalog(client, django_assert_max_num_queries):
    client.get(LLAMA)

    with django_assert_max_num_queries(2):
        client.get(LLAMA)


def test_number_strategy_and_offload_can_be_stated(client):
    query = {
        "model": "llama-3-1-8b",
        "method": "full",
        "gpu_count": "4",
        "strategy": "zero3",
        "offload": "parameters",
    }
    soup = BeautifulSoup(client.get("/fit/", query).content, "html.parser")

    rows = soup.select(".setups tbody tr")
    assert rows
    for row in rows:
        assert row["id"].endswith("-4-offload")
        assert "ZeRO-3" in row.get_text()
        assert "of host memory" in row.get_text()


def test_what_cannot_be_as_stated_says_what_to_leave_open(client):
    """One GPU has nobody to share with."""
    soup = page(client, "/fit/?model=llama-3-1-8b&method=lora&gpu_count=1&strategy=zero3")

    assert not soup.select(".setups tbody tr")
    assert "Leave the number of GPUs" in text(soup, "#live-status")


def test_what_is_stated_of_the_cluster_stays_in_the_address(client):
    response = client.get(
        "/fit/table/?model=llama-3-1-8b&method=full&gpu_count=4&strategy=zero3&offload=none",
        HTTP_HX_REQUEST="true",
    )

    assert response["HX-Push-Url"].endswith("&gpu_count=4&strategy=zero3&offload=none")


def test_a_gpu_that_is_tight_and_one_count_later_fits_counts_once(client):
    soup = page(client, "/fit/?model=llama-3-1-70b&method=full&all=1")

    words = text(soup, "#live-status")
    held = int(words.split()[0])
    assert held == len(
        {row["id"].rsplit("-offload")[0].rsplit("-", 1)[0] for row in rows_of(soup)}
    )


def rows_of(soup):
    return soup.select(".setups tbody tr")


def test_a_number_that_cannot_be_had_is_answered_for_the_next_that_can(client):
    soup = page(client, "/fit/?model=llama-3-1-70b&method=full&gpu_count=9")

    assert text(soup, "#live-status").startswith("9×: 16 in nodes of 8. ")
    assert {row["id"].rsplit("-")[-1] for row in rows_of(soup)} <= {"16", "offload"}
    assert rows_of(soup)


def test_more_gpus_than_are_looked_at_is_an_error_beside_the_field(client):
    soup = page(client, "/fit/?model=llama-3-1-8b&gpu_count=65")

    assert "from 1 to 64" in text(soup, "#fit-gpu_count_error")


def test_each_tight_row_leads_to_what_tight_means(client):
    soup = page(client, f"{LLAMA}&method=lora")

    links = soup.select(".setups .verdict--tight")
    assert links
    for link in links:
        assert "gives cached memory back" in text(soup, link["href"])


def test_the_calculator_is_asked_for_the_same_cluster(client):
    stated = f"{LLAMA}&method=full&gpu_count=4&strategy=zero3&offload=optimizer"

    link = page(client, stated).select_one("#fit-calculator")["href"]
    assert link == "/?model=llama-3-1-8b&gpu_count=4&strategy=zero3&offload=optimizer"
    # Without a strategy the calculator would take another one than the table does.
    link = page(client, f"{LLAMA}&gpu_count=4").select_one("#fit-calculator")["href"]
    assert link == "/?model=llama-3-1-8b"
