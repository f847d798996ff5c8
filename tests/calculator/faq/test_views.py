"""The FAQ's pages, and the FAQ on the calculator's page."""

from itertools import pairwise

import pytest
from bs4 import BeautifulSoup

from calculator.catalog import current_catalog
from calculator.faq.presenters import present_faq
from calculator.models import FaqEntry, MethodPreset
from tests.calculator.faq.builders import an_entry, save_catalog


@pytest.fixture(autouse=True)
def entries(db):
    save_catalog()
    for order, (slug, question, answer, query) in enumerate(
        [
            ("vram-7b", "VRAM for 7B?", "QLoRA takes {memory:qlora:7} “at least”.", "size=7"),
            ("lora", "LoRA or QLoRA?", "### Both\n\nFirst {bytes:lora}, then less.", ""),
            ("one-gpu", "70B on one GPU?", "On an {minimum:qlora:70}.\n\nAnd more.", "size=70"),
        ]
    ):
        an_entry(
            answer,
            slug=slug,
            question=question,
            calculator_query=query,
            order=order,
            on_front_page=order < 2,
            topic="cards" if slug == "one-gpu" else "basics",
        ).save()


def soup_of(response) -> BeautifulSoup:
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text_of(element) -> str:
    return " ".join(element.get_text().replace("\u00a0", " ").split())


def test_the_list_shows_every_question_under_its_topic_with_the_short_answer(client):
    page = soup_of(client.get("/faq/"))

    assert [(text_of(link), link["href"]) for link in page.select(".toc a")] == [
        ("How much memory", "#basics"),
        ("Which card, and what it holds", "#cards"),
    ]
    assert [text_of(each) for each in page.select("#basics h3")] == [
        "VRAM for 7B?",
        "LoRA or QLoRA?",
    ]
    assert text_of(page.select_one("#faq-vram-7b p")) == "QLoRA takes 6 GB “at least”."
    assert text_of(page.select_one("#faq-lora p")) == "First 2.4, then less."
    assert text_of(page.select_one("#faq-one-gpu")) == (
        "70B on one GPU? On an 80 GB (A100 / H100)."
    )
    assert page.select_one("#faq-vram-7b a")["href"] == "/faq/vram-7b/"


def test_the_list_computes_the_figures_of_first_sentences_alone(client):
    an_entry("Yes, at length and with some care.\n\n{memory:qlora:70} more.", slug="lazy").save()
    client.get("/faq/")

    entry = next(each for each in present_faq(current_catalog()) if each.slug == "lazy")

    assert "_whole" not in vars(entry)
    assert "59.5" in entry.answer_html


def test_the_list_without_entries_leads_to_the_calculator(client):
    FaqEntry.objects.all().delete()

    page = soup_of(client.get("/faq/"))

    assert page.select_one("main a.button")["href"] == "/"
    assert page.select(".toc") == []


def test_an_answer_has_a_page_of_its_own(client):
    page = soup_of(client.get("/faq/vram-7b/"))

    assert page.title.string == "VRAM for 7B? · Fine-Tuning VRAM Calculator"
    assert text_of(page.h1) == "VRAM for 7B?"
    assert text_of(page.select_one("article .prose")) == "QLoRA takes 6 GB “at least”."
    description = page.select_one("meta[name=description]")["content"]
    assert description.replace("\u00a0", " ") == "QLoRA takes 6 GB “at least”."


@pytest.mark.parametrize("path", ["/faq/", "/faq/vram-7b/"])
def test_each_page_names_its_canonical_address(client, path):
    page = soup_of(client.get(f"{path}?utm_source=x"))

    assert page.select_one("link[rel=canonical]")["href"] == f"http://testserver{path}"


def test_the_main_action_opens_the_calculator_with_the_answers_inputs(client):
    page = soup_of(client.get("/faq/one-gpu/"))

    [action] = page.select("a.button")
    assert text_of(action) == "Open the calculator with these inputs"
    assert action["href"] == "/?size=70"


def test_an_answer_without_inputs_opens_the_plain_calculator(client):
    [action] = soup_of(client.get("/faq/lora/")).select("a.button")

    assert (text_of(action), action["href"]) == ("Open the calculator", "/")


def test_an_answer_leads_to_the_questions_before_and_after_it(client):
    first = soup_of(client.get("/faq/vram-7b/"))
    middle = soup_of(client.get("/faq/lora/"))
    last = soup_of(client.get("/faq/one-gpu/"))

    assert first.select("a[rel=prev]") == []
    assert first.select_one("a[rel=next]")["href"] == "/faq/lora/"
    assert middle.select_one("a[rel=prev]")["href"] == "/faq/vram-7b/"
    assert middle.select_one("a[rel=next]")["href"] == "/faq/one-gpu/"
    assert last.select("a[rel=next]") == []


def test_an_answer_says_where_it_stands(client):
    page = soup_of(client.get("/faq/lora/"))

    crumbs = page.select("nav.breadcrumb li")
    assert [text_of(crumb) for crumb in crumbs] == ["Home", "FAQ", "LoRA or QLoRA?"]
    assert [link["href"] for link in page.select("nav.breadcrumb a")] == ["/", "/faq/"]


@pytest.mark.parametrize("path", ["/faq/lora/", "/faq/", "/"])
def test_headings_never_skip_a_level(client, path):
    levels = [int(h.name[1]) for h in soup_of(client.get(path)).select("h1, h2, h3, h4")]

    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("path", ["/faq/lora/", "/faq/", "/"])
def test_ids_are_unique(client, path):
    ids = [element["id"] for element in soup_of(client.get(path)).select("[id]")]

    assert len(ids) == len(set(ids))


def test_an_unknown_answer_is_a_friendly_404(client):
    response = client.get("/faq/no-such/")

    assert response.status_code == 404
    assert "Open the calculator" in response.text


def test_an_unpublished_answer_is_nowhere(client):
    entry = FaqEntry.objects.get(slug="lora")
    entry.published = False
    entry.save()

    assert client.get("/faq/lora/").status_code == 404
    assert "LoRA or QLoRA?" not in client.get("/faq/").text
    page = soup_of(client.get("/faq/vram-7b/"))
    assert page.select_one("a[rel=next]")["href"] == "/faq/one-gpu/"


def test_a_preset_that_was_unpublished_leaves_a_gap_but_no_error(client):
    preset = MethodPreset.objects.get(slug="qlora")
    preset.published = False
    preset.save()

    page = soup_of(client.get("/faq/vram-7b/"))

    assert "QLoRA takes (figure not available)" in text_of(page.select_one("article"))


def test_the_home_page_shows_its_own_questions_with_answers_to_unfold(client):
    page = soup_of(client.get("/"))

    entries = page.select("#faq details")
    assert [text_of(entry.summary) for entry in entries] == ["VRAM for 7B?", "LoRA or QLoRA?"]
    assert "QLoRA takes 6 GB" in text_of(entries[0])
    assert entries[0].select_one("a[href='/faq/vram-7b/']")


def test_a_question_is_text_and_never_markup(client):
    an_entry("Yes.", slug="x", question="<script>alert(1)</script>").save()

    for path in ("/", "/faq/", "/faq/x/"):
        page = soup_of(client.get(path))
        assert "alert(1)" not in [script.string for script in page.select("script")]


def test_pages_cost_no_query(client, settings, django_assert_num_queries):
    settings.CATALOG_CHECK_SECONDS = 60
    client.get("/faq/")

    with django_assert_num_queries(0):
        client.get("/faq/vram-7b/")
