"""The calculator's pages and fragments, as a browser without JavaScript and htmx get them."""

import datetime as dt
from decimal import Decimal

import pytest
from bs4 import BeautifulSoup

from calculator.catalog import current_catalog
from calculator.models import MethodPreset, ModelSize, PresetPart
from calculator.pages.calculator.presenters import present_calculator
from gpus.models import Gpu, MemoryTier
from tests.gpus.price_rows import age_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

HTMX = {"HTTP_HX_REQUEST": "true"}


def soup_of(response) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def text_of(element) -> str:
    return " ".join(element.get_text().replace("\u00a0", " ").split())


def cards_of(response) -> dict[str, tuple[str, str]]:
    return {
        card["id"].removeprefix("card-"): (
            text_of(card.select_one(".card__figure")),
            text_of(card.select_one(".card__minimum strong")),
        )
        for card in soup_of(response).select(".card")
    }


EIGHTY = "80 GB (A100 / H100)"


@pytest.mark.parametrize(
    ("size", "full", "lora", "qlora"),
    [
        ("1", ("18 GB", "24"), ("2.4 GB", "8"), ("0.9 GB", "8")),
        ("3", ("54 GB", "80"), ("7.2 GB", "8"), ("2.6 GB", "8")),
        ("7", ("126 GB", "2× 80"), ("16.8 GB", "24"), ("6 GB", "8")),
        ("8", ("144 GB", "2× 80"), ("19.2 GB", "24"), ("6.8 GB", "8")),
        ("13", ("234 GB", "3× 80"), ("31.2 GB", "32"), ("11.1 GB", "12")),
        ("32", ("576 GB", "8× 80"), ("76.8 GB", "80"), ("27.2 GB", "32")),
        ("70", ("1,260 GB", "16× 80"), ("168 GB", "3× 80"), ("59.5 GB", "80")),
    ],
)
def test_the_figures_of_the_rule_of_thumb_and_their_minimums(client, size, full, lora, qlora):
    cards = cards_of(client.get(f"/?size={size}"))

    for slug, (figure, gigabytes) in {"full": full, "lora": lora, "qlora": qlora}.items():
        assert cards[slug][0] == figure
        assert cards[slug][1].startswith(f"{gigabytes} GB")


def test_the_minimums_are_labelled_with_their_example_gpus(client):
    cards = cards_of(client.get("/?size=7"))

    assert cards["full"][1] == "2× 80 GB (A100 / H100)"
    assert cards["lora"][1] == "24 GB GPU (RTX 4090 / 3090)"
    assert cards["qlora"][1] == "8 GB GPU (RTX 4060 / 3070)"


def test_an_estimate_exactly_at_a_tier_fits_it(client):
    # 10B LoRA takes 24 GB, and 160 GB are two 80 GB cards, not three.
    assert cards_of(client.get("/?size=10"))["lora"] == ("24 GB", "24 GB GPU (RTX 4090 / 3090)")
    PresetPart.objects.filter(preset__slug="full").delete()
    full = MethodPreset.objects.get(slug="full")
    full.parts.create(slug="all", label="All", bytes_per_parameter=Decimal(16))

    assert cards_of(client.get("/?size=10"))["full"] == ("160 GB", f"2× {EIGHTY}")


def test_the_fit_uses_the_unrounded_figure(client):
    # 0.85 × 9.412 = 8.0002 GB shows as 8 GB, and does not fit 8 GB.
    figure, minimum = cards_of(client.get("/?size=9.412"))["qlora"]

    assert figure == "8 GB"
    assert minimum.startswith("12 GB")


def test_the_front_page_answers_for_7b(client):
    assert cards_of(client.get("/")) == cards_of(client.get("/?size=7"))


def test_the_cards_stand_in_the_order_full_lora_qlora(client):
    assert list(cards_of(client.get("/"))) == ["full", "lora", "qlora"]


def test_the_bar_of_a_card_shows_the_parts_of_its_preset(client):
    card = soup_of(client.get("/?size=7")).select_one("#card-full")

    widths = [float(rect["width"].rstrip("%")) for rect in card.select(".parts-bar rect")]
    assert len(widths) == PresetPart.objects.filter(preset__slug="full").count()
    assert sum(widths) == pytest.approx(100, abs=0.1)


def test_tiers_beyond_the_ladder_are_alternatives_with_a_dated_price(client):
    card = soup_of(client.get("/?size=7")).select_one("#card-full")

    alternatives = card.select(".alternatives li")
    assert any("1× H200 141 GB" in text_of(item) for item in alternatives)
    # A source that several prices have in a row stands once, after the last of them.
    prices = card.select(".alternatives .price")
    for price in prices:
        if price is prices[-1] or price.select_one("time"):
            assert price.select_one("time")["datetime"]
            assert price.select_one("a")["href"].startswith("https://")


def test_title_and_headline_carry_the_answer(client):
    soup = soup_of(client.get("/?size=13"))

    assert text_of(soup.title).startswith(
        "Fine-tune a 13B model: Full fine-tuning 234 GB, LoRA 31.2 GB, QLoRA 11.1 GB;"
        " typically 231, 32.1, 19.7 GB"
    )
    assert "13B model" in text_of(soup.select_one("#headline"))


def test_the_chosen_size_is_marked_among_the_sizes(client):
    soup = soup_of(client.get("/?size=13"))

    assert [text_of(a) for a in soup.select("#sizes [aria-current]")] == ["13B"]
    assert soup.select_one("#size")["value"] == "13"


def test_the_sizes_are_rows_that_an_editor_can_change(client):
    ModelSize.objects.get(params_b=405).delete()
    ModelSize.objects.create(params_b=Decimal("0.5"), order=0)

    sizes = [text_of(a) for a in soup_of(client.get("/")).select("#sizes a")]

    assert "405B" not in sizes
    assert "0.5B" in sizes


def test_the_way_to_inference_keeps_the_size(client):
    link = soup_of(client.get("/?size=13")).select_one("#other-task a")

    assert link["href"] == "/inference/?size=13"
    assert text_of(link) == "Just want to run a model, not train it?"


def test_inference_shows_the_same_cards_for_16_8_and_4_bits(client):
    response = client.get("/inference/?size=7")

    cards = cards_of(response)
    assert list(cards) == ["inference-16bit", "inference-8bit", "inference-4bit"]
    figures = [float(figure.removesuffix(" GB")) for figure, _ in cards.values()]
    assert figures == sorted(figures, reverse=True)
    assert figures[0] >= 14
    assert "KV cache" in response.content.decode()


@pytest.mark.parametrize("page", ["/", "/inference/"])
@pytest.mark.parametrize("typed", ["", "abc", "0", "99999", "6,7", "<script>alert(1)</script>"])
def test_bad_input_gets_words_beside_the_field_and_the_front_pages_cards(client, page, typed):
    response = client.get(page, {"size": typed})

    soup = soup_of(response)
    assert response.status_code == 200
    assert text_of(soup.select_one("#size-error")).startswith("Error: ")
    assert soup.select_one("#size")["value"] == typed
    assert soup.select_one("#size")["aria-invalid"] == "true"
    assert "size-error" in soup.select_one("#size")["aria-describedby"]
    assert "for a 7B model, instead" in text_of(soup.select_one("#instead"))
    assert cards_of(response) == cards_of(client.get(page))
    assert "<script>alert" not in response.content.decode()


def test_a_fragment_answers_with_the_parts_that_change(client):
    response = client.get("/fragments/training/?size=13", **HTMX)

    soup = soup_of(response)
    assert response["HX-Push-Url"] == "/?size=13"
    assert "HX-Request" in response["Vary"]
    assert text_of(soup.title).startswith("Fine-tune a 13B model")
    assert cards_of(response) == cards_of(client.get("/?size=13"))
    assert "13B model" in text_of(soup.select_one("#announcement"))
    assert soup.html is None


def test_a_fragment_for_bad_input_carries_the_error_and_no_cards(client):
    response = client.get("/fragments/training/", {"size": "abc&d"}, **HTMX)

    soup = soup_of(response)
    assert response["HX-Push-Url"] == "/?size=abc%26d"
    assert "is not one" in text_of(soup.select_one("#size-error"))
    assert "is not one" in text_of(soup.select_one("#announcement"))
    assert soup.select(".card") == []


def test_a_fragment_opened_as_a_page_leads_to_the_page(client):
    response = client.get("/fragments/inference/?size=13")

    assert response.status_code == 302
    assert response["Location"] == "/inference/?size=13"


def test_a_line_break_typed_as_a_size_breaks_no_header(client):
    response = client.get("/fragments/training/", {"size": "7\r\nSet-Cookie: x"}, **HTMX)

    assert response.status_code == 200
    assert "\n" not in response["HX-Push-Url"]


def test_canonical_urls_are_one_per_answer(client):
    def canonical(path):
        return soup_of(client.get(path)).select_one("link[rel=canonical]")["href"]

    assert canonical("/") == canonical("/?size=7") == "http://testserver/"
    assert canonical("/?size=13") == canonical("/?size=13.0&utm=x") == "http://testserver/?size=13"


def test_visitors_get_no_cookie(client):
    for path in ("/", "/?size=13", "/inference/", "/faq/", "/gpus/"):
        assert not client.get(path).cookies


def test_editing_a_tier_or_a_preset_changes_the_next_answer(client):
    client.get("/?size=7")
    tier = MemoryTier.objects.get(memory_gb=24)
    tier.on_ladder = False
    tier.save()
    assert cards_of(client.get("/?size=7"))["lora"][1].startswith("32 GB")

    part = PresetPart.objects.filter(preset__slug="lora").first()
    part.bytes_per_parameter += 1
    part.save()
    assert cards_of(client.get("/?size=7"))["lora"][0] == "23.8 GB"


def test_an_unpublished_method_leaves_the_page(client):
    preset = MethodPreset.objects.get(slug="full")
    preset.published = False
    preset.save()

    assert list(cards_of(client.get("/"))) == ["lora", "qlora"]


def test_no_method_at_all_is_said_in_words(client):
    for preset in MethodPreset.objects.all():
        preset.published = False
        preset.save()

    response = client.get("/")

    assert response.status_code == 200
    assert "No method is published" in response.content.decode()


def test_a_page_asks_nothing_of_the_database(client, settings, django_assert_num_queries):
    settings.CATALOG_CHECK_SECONDS = 60
    client.get("/")

    with django_assert_num_queries(0):
        client.get("/?size=13")


def test_the_page_works_without_its_scripts(client):
    form = soup_of(client.get("/?size=13")).select_one("#ask")

    assert form["method"] == "get"
    assert form["action"] == "/"
    assert form.select_one("button[type=submit]:not([form])")
    assert {"size", "model", "gpu"} <= {each["name"] for each in form.select("input[name]")}


def test_a_price_on_a_card_says_when_it_may_be_out_of_date(client):
    h200 = Gpu.objects.get(slug="h200-sxm")
    [checked_on] = h200.prices.filter(kind="rent_on_demand").values_list("checked_on", flat=True)

    def says_so(age_days: int) -> bool:
        calculator = present_calculator(
            current_catalog(),
            {"size": "7"},
            today=checked_on + dt.timedelta(days=age_days),
        )
        [full, _, _] = calculator.answer.cards
        return full.alternatives[0].price.may_be_out_of_date

    assert not says_so(180)
    assert says_so(181)


def test_todays_date_decides_on_the_page(client):
    old = dt.date(2000, 1, 1)
    age_all(old, "rent")

    assert "1 Jan 2000, may be out of date" in text_of(soup_of(client.get("/?size=7")))


def test_a_minimum_that_cannot_be_had_as_such_says_what_machines_have(client, catalog):
    soup = BeautifulSoup(client.get("/?size=70").content, "html.parser")

    note = soup.select_one("#card-lora .card__minimum-note")
    assert note.get_text() == "3×: machines have 4"
    assert soup.select_one("#card-full .card__minimum-note") is None
