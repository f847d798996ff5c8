"""FAQ entries as editors save them and as pages show them."""

from decimal import Decimal
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.exceptions import ValidationError

from calculator.catalog import current_catalog
from calculator.faq.presenters import NOT_AVAILABLE, present_answer, present_faq, summary_of
from calculator.models import FaqEntry, MethodPreset, PresetPart
from gpus.models import Gpu, MemoryTier
from tests.calculator.faq.builders import a_catalog, an_answer, an_entry, save_catalog


def html_of(markdown: str, **changes) -> str:
    [entry] = present_faq(a_catalog(an_answer(markdown), **changes))
    return with_spaces(entry)


def with_spaces(entry) -> str:
    return entry.answer_html.strip().replace("&nbsp;", " ")


# Presenting -----------------------------------------------------------------------------------


def test_an_entry_is_presented_with_its_figures_and_links():
    catalog = a_catalog(
        an_answer(
            "QLoRA takes **{memory:qlora:7}** and fits on an {minimum:qlora:7}. More follows.",
            slug="vram-7b",
            question="VRAM for 7B?",
            calculator_query="size=7",
        )
    )

    [entry] = present_faq(catalog)

    assert entry.slug == "vram-7b"
    assert entry.question == "VRAM for 7B?"
    assert entry.url == "/faq/vram-7b/"
    assert entry.calculator_url == "/?size=7"
    assert entry.summary == ("QLoRA takes 6\u00a0GB and fits on an 8 GB GPU (RTX 4060 / 3070).")
    assert with_spaces(entry) == (
        "<p>QLoRA takes <strong>6 GB</strong> and fits on an 8 GB GPU (RTX 4060 / 3070). "
        "More follows.</p>"
    )


def test_an_entry_without_inputs_has_no_link_to_the_calculator():
    [entry] = present_faq(a_catalog(an_answer("Yes.")))

    assert entry.calculator_url == ""


def test_entries_keep_the_editors_order_and_know_their_neighbours():
    catalog = a_catalog(*(an_answer(slug, slug=slug) for slug in ("b", "a", "c")))

    pages = [present_answer(catalog, entry.slug) for entry in present_faq(catalog)]

    assert [page.entry.slug for page in pages] == ["b", "a", "c"]
    assert [page.previous and page.previous.slug for page in pages] == [None, "b", "a"]
    assert [page.next and page.next.slug for page in pages] == ["a", "c", None]


def test_an_unknown_slug_has_no_answer():
    assert present_answer(a_catalog(an_answer("Yes.")), "no-such") is None


def test_a_figure_that_was_taken_away_later_is_said_to_be_missing():
    assert html_of("It takes {memory:lora:7}.", training_methods=()) == (
        f"<p>It takes {NOT_AVAILABLE}.</p>"
    )
    assert html_of("{tier:24}", tiers=()) == f"<p>{NOT_AVAILABLE}</p>"


def test_a_brace_that_got_past_the_form_is_shown_as_it_is():
    assert html_of("a { b") == "<p>a { b</p>"


def test_answers_are_rendered_once_per_snapshot():
    catalog = a_catalog(an_answer("Yes."))
    same_again = a_catalog(an_answer("Yes."))

    assert present_faq(catalog) is present_faq(catalog)
    assert present_faq(same_again) == present_faq(catalog)


@pytest.mark.parametrize(
    ("paragraph", "summary"),
    [
        (
            "It depends on the method, and on the size of the model above all. QLoRA least.",
            "It depends on the method, and on the size of the model above all.",
        ),
        (
            "Yes. Activations are recomputed. It costs time.",
            "Yes. Activations are recomputed. It costs time.",
        ),
        (
            "LoRA takes 2.4 bytes per parameter, e.g. 16.8 GB for 7B, in all. More.",
            "LoRA takes 2.4 bytes per parameter, e.g. 16.8 GB for 7B, in all.",
        ),
        ("", ""),
    ],
)
def test_a_summary_is_the_first_sentence_that_says_something(paragraph, summary):
    assert summary_of(paragraph) == summary


def test_a_summary_ends_before_it_is_too_long():
    summary = summary_of("word " * 100)

    assert len(summary) <= 302
    assert summary.endswith("word …")


# The catalog in the database ------------------------------------------------------------------


@pytest.fixture
def rows(db):
    save_catalog()


@pytest.mark.usefixtures("rows")
def test_change_a_preset_and_every_answer_follows():
    an_entry("LoRA: {bytes:lora}, {memory:lora:7}, {minimum:lora:7}").save()
    [before] = present_faq(current_catalog())

    part = PresetPart.objects.get(preset__slug="lora", slug="rest")
    part.bytes_per_parameter = Decimal(2)
    part.save()
    [after] = present_faq(current_catalog())

    assert "LoRA: 2.4, 16.8 GB, 24 GB GPU (RTX 4090 / 3090)" in with_spaces(before)
    assert "LoRA: 4, 28 GB, 32 GB GPU" in with_spaces(after)


@pytest.mark.usefixtures("rows")
def test_change_a_tier_or_its_cards_and_every_answer_follows():
    an_entry("{tier:24}").save()

    MemoryTier.objects.get(memory_gb=24).gpus.get(slug="rtx-3090").delete()
    [entry] = present_faq(current_catalog())

    assert "24 GB GPU (RTX 4090)" in entry.answer_html


@pytest.mark.usefixtures("rows")
def test_a_gpu_name_cannot_become_markup():
    an_entry("{tier:24}").save()
    card = Gpu.objects.get(slug="rtx-4090")
    card.short_name = "<script>**x**"
    card.save()

    [entry] = present_faq(current_catalog())

    assert "&lt;script&gt;**x**" in entry.answer_html


@pytest.mark.usefixtures("rows")
def test_an_entry_with_known_figures_and_sound_markdown_is_accepted():
    an_entry("About **{memory:qlora:7}**.", calculator_query="size=7").full_clean()


@pytest.mark.usefixtures("rows")
def test_an_unknown_figure_is_an_error_of_the_answer():
    with pytest.raises(ValidationError) as error:
        an_entry("About {memory:qlorra:7}, {nothing} and {tier:9}.").full_clean()

    messages = error.value.message_dict["answer"]
    assert len(messages) == 3
    assert messages[0].startswith(
        "“{memory:qlorra:7}”: no published method has the slug “qlorra”. Did you mean “qlora”?"
    )


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("answer", ["`{bytes:nf4}`", "```\n{bytes:nf4}\n```", "### {bytes:nf4}"])
def test_figures_are_checked_in_code_and_headings_too(answer):
    with pytest.raises(ValidationError, match="no published method has the slug “nf4”"):
        an_entry(answer).full_clean()


@pytest.mark.usefixtures("rows")
def test_broken_markdown_is_an_error_of_the_answer():
    with pytest.raises(ValidationError) as error:
        an_entry("<b>About</b> {memory:qlora:7}, [see](javascript:alert(1))").full_clean()

    messages = error.value.message_dict["answer"]
    assert [message.split(" is ")[0] for message in messages] == [
        "“<b>”",
        "The link to “javascript:alert(1)”",
    ]


@pytest.mark.usefixtures("rows")
def test_figures_are_checked_against_the_rows_as_they_are_now():
    entry = an_entry("{bytes:lora}")
    entry.full_clean()

    preset = MethodPreset.objects.get(slug="lora")
    preset.published = False
    preset.save()

    with pytest.raises(ValidationError, match="no published method has the slug “lora”"):
        entry.full_clean()


@pytest.mark.django_db
def test_an_empty_answer_is_said_once():
    with pytest.raises(ValidationError) as error:
        an_entry("").full_clean()

    assert error.value.message_dict == {"answer": ["This field cannot be blank."]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "siez=7",
            "The calculator has no input “siez”. Did you mean “size”? It has size, model and the settings of a run, such as sequence_length.",
        ),
        ("7", "“7” is not like “size=7”: a name, an equals sign and a value."),
        (
            "?size=7",
            "The calculator has no input “?size”. Did you mean “size”? It has size, model and the settings of a run, such as sequence_length.",
        ),
        ("size=7&size=8", "An input is there twice. Give each input once."),
        ("size=0", "size: Enter a size between 0.1 and 2,000 billion parameters."),
        ("size=", "size: Enter a size between 0.1 and 2,000 billion parameters."),
    ],
)
def test_inputs_that_the_calculator_does_not_take_are_refused(query, message):
    with pytest.raises(ValidationError) as error:
        an_entry("Yes.", calculator_query=query).full_clean()

    assert error.value.message_dict == {"calculator_query": [message]}


@pytest.mark.usefixtures("catalog")
def test_every_shipped_entry_is_sound_and_shows_every_figure():
    entries = FaqEntry.objects.all()
    files = list(Path(settings.BASE_DIR, "calculator/data/faq").glob("*.md"))

    for entry in entries:
        entry.full_clean()
    presented = present_faq(current_catalog())

    assert len(entries) == len(files) >= 5
    assert len(presented) == len(entries)
    for entry in presented:
        assert "{" not in entry.answer_html
        assert NOT_AVAILABLE not in entry.answer_html
        assert entry.calculator_url
        assert 40 <= len(entry.summary) <= 302


@pytest.mark.usefixtures("catalog")
def test_every_link_of_a_shipped_entry_to_the_site_leads_somewhere(client):
    entries = present_faq(current_catalog())

    answers = BeautifulSoup("".join(entry.answer_html for entry in entries), "html.parser")
    links = {link["href"] for link in answers.select("a[href^='/']")}
    links |= {entry.calculator_url for entry in entries} | {entry.url for entry in entries}

    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)
