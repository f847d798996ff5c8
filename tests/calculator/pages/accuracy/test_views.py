"""The accuracy page as a visitor gets it."""

from __future__ import annotations

import csv
import io

import pytest
from bs4 import BeautifulSoup

from calculator.pages.accuracy.presenters import ROWS_PER_PAGE

pytestmark = pytest.mark.django_db


def soup(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def rows_of(page):
    return page.select("table.runs:not(.runs--reports) tbody tr")


def test_the_page_lists_a_first_page_of_rows_worst_first(client):
    page = soup(client, "/accuracy/")

    assert len(rows_of(page)) == ROWS_PER_PAGE
    assert page.select_one("[role=status]").text.startswith(f"Rows 1–{ROWS_PER_PAGE} of ")


def test_every_row_has_source_settings_predicted_actual_and_errors(client):
    first = rows_of(soup(client, "/accuracy/"))[0]

    assert first.select_one(".runs__source a")["href"].startswith("https://")
    assert "tokens" in first.select_one(".runs__settings").text
    assert "GB" in first.select_one(".runs__predicted").text
    assert "GB" in first.select_one(".runs__actual").text
    assert first.select_one(".runs__error").text.strip().endswith("%")
    assert first.select_one(".runs__rule").text.strip().endswith("%")


def test_a_method_can_be_asked_for_in_the_address(client):
    page = soup(client, "/accuracy/?method=lora")

    assert {row.select_one(".runs__method").text for row in rows_of(page)} == {"LoRA"}
    assert page.select_one("#filter-method option[selected]")["value"] == "lora"


def test_the_last_page_has_the_rest_and_no_next(client):
    page = soup(client, "/accuracy/?figure=any&page=9999")

    assert 1 <= len(rows_of(page)) <= ROWS_PER_PAGE
    rows = page.select_one("nav[aria-label='Pages of rows']")
    assert rows.select_one("a[rel=next]") is None
    assert rows.select_one("a[rel=prev]") is not None


def test_page_links_keep_the_filters(client):
    page = soup(client, "/accuracy/?method=qlora")

    assert "method=qlora" in page.select_one("a[rel=next]")["href"]


def test_each_drawn_point_tells_what_it_is(client):
    page = soup(client, "/accuracy/?method=full")

    titles = [title.text for title in page.select(".plot__drawing title")]

    assert titles
    assert all("predicted" in title and "actual" in title for title in titles)
    assert page.select_one(".plot__drawing")["aria-label"].startswith("Predicted against actual")


@pytest.mark.parametrize(
    "query", ["method=dpo", "figure=tensors", "order=random", "against=nothing", "gpus=none"]
)
def test_an_unknown_choice_is_an_error_beside_the_field_and_stays(client, query):
    name, value = query.split("=")

    page = soup(client, f"/accuracy/?{query}")

    assert "Choose one from the list" in page.select_one(f"#filter-{name}_error").text
    assert page.select_one(f"#filter-{name} option[selected]")["value"] == value
    assert not rows_of(page)


@pytest.mark.parametrize("typed", ["0", "-1", "two", "1e3", "99999", "１"])
def test_a_page_that_is_not_one_is_an_error_in_words(client, typed):
    page = soup(client, f"/accuracy/?page={typed}")

    assert any("Enter a page" in error.text for error in page.select(".field-error"))


def test_filters_that_nothing_matches_say_so(client):
    page = soup(client, "/accuracy/?gpus=several")

    assert "Nothing to compare" in page.select_one("[role=status]").text


def test_what_stays_off_and_what_is_left_out_are_said_in_words(client):
    page = soup(client, "/accuracy/")

    assert page.select_one("#off") is not None
    assert len(page.select(".causes summary")) >= 3
    assert "only a cap" in page.select_one("table.reasons").text


def test_other_estimators_stand_beside_with_their_versions(client):
    page = soup(client, "/accuracy/")

    assert "fitcheck-llm 0.3.1" in page.text
    assert "ftuneai 0.4.1" in page.text


def test_all_rows_can_be_downloaded(client):
    response = client.get("/accuracy/accuracy.csv")

    text = b"".join(response.streaming_content).decode()
    assert response["Content-Disposition"] == 'attachment; filename="accuracy.csv"'
    assert len(list(csv.DictReader(io.StringIO(text)))) >= 708


def test_the_footer_says_how_the_figures_are_made(client):
    page = soup(client, "/accuracy/")

    assert page.select_one('footer a[href="/methodology/"]') is not None
    assert page.select_one('nav a[href="/accuracy/"][aria-current=page]') is not None


def test_the_page_can_only_be_read(client):
    assert client.post("/accuracy/").status_code == 405


def test_a_rows_link_opens_the_calculator_with_the_figure_of_the_row(client, catalog):
    row = next(
        row
        for row in rows_of(soup(client, "/accuracy/?method=qlora&order=best"))
        if row.select_one("a[href^='/?model=']")
    )
    predicted = row.select_one(".runs__predicted").get_text(strip=True)

    page = client.get(row.select_one("a[href^='/?model=']")["href"])

    assert predicted in BeautifulSoup(page.content, "html.parser").text
