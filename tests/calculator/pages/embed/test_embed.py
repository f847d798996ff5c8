"""/embed/: the three cards in a frame."""

import pytest
from bs4 import BeautifulSoup

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


@pytest.mark.parametrize("query", ["?size=7", "?model=llama-3-1-8b&sequence_length=4096"])
def test_it_says_of_each_method_what_the_page_says(client, query):
    frame = BeautifulSoup(client.get(f"/embed/{query}").content, "html.parser")
    page = BeautifulSoup(client.get(f"/{query}").content, "html.parser")

    small = [each.get_text(" ", strip=True) for each in frame.select(".embed__card")]
    names = [each.get_text(strip=True) for each in page.select(".card__name")]
    figures = [each.get_text(strip=True) for each in page.select(".card__number")]
    assert len(small) == len(names) == 3
    for text, name, figure in zip(small, names, figures, strict=True):
        assert text.startswith(name)
        assert figure in text


def test_any_page_may_frame_it_and_no_other_page_of_the_site(client):
    frame, page = client.get("/embed/?size=7"), client.get("/?size=7")

    assert "frame-ancestors *" in frame["Content-Security-Policy"]
    assert "X-Frame-Options" not in frame
    assert frame["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert frame["X-Robots-Tag"] == "noindex"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"


def test_its_only_link_opens_the_same_question_in_the_whole_window(client):
    document = BeautifulSoup(client.get("/embed/?size=13").content, "html.parser")

    (link,) = document.select("a")
    assert link["href"] == "/?size=13"
    assert link["target"] == "_top"
    assert not document.select("nav, script")


def test_what_is_wrong_is_said_in_place_of_the_cards(client):
    document = BeautifulSoup(client.get("/embed/?model=gpt-99").content, "html.parser")

    assert not document.select(".embed__card")
    assert "gpt-99" in document.get_text()


def test_it_is_kept_with_its_headers(client):
    first, second = client.get("/embed/?size=7"), client.get("/embed/?size=7")

    assert second["ETag"] == first["ETag"]
    assert "frame-ancestors *" in second["Content-Security-Policy"]
