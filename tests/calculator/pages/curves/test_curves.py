"""/curves/: the picture's geometry agrees with its table, and both with the estimate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from bs4 import BeautifulSoup

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.units import GB
from calculator.pages.curves.drawing import BOTTOM, HEIGHT, LABEL_GAP, TOP, draw
from calculator.pages.curves.results import Curve, Point
from calculator.words.formatting import format_figure
from tests.calculator.estimation.architectures import architecture
from tests.gpus.builders import ladder

NAMES = {"full": "Full", "lora": "LoRA", "qlora": "QLoRA"}


def a_curve(method: str, *gigabytes: int) -> Curve:
    return Curve(
        method,
        tuple(
            Point(Decimal(2**index), gb * GB - GB // 2, gb * GB, gb * GB + GB // 2)
            for index, gb in enumerate(gigabytes)
        ),
    )


def drawn(*curves: Curve, own: int = 2):
    xs = [point.x for point in curves[0].points]
    words = {(curve.method, x): f"{curve.method} at {x}" for curve in curves for x in xs}
    labels = {x: str(x) for x in xs}
    return draw(curves, ladder(), NAMES, words, labels, Decimal(own))


def page(client, query=""):
    response = client.get(f"/curves/{query}")
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def text(soup, selector):
    return " ".join(soup.select_one(selector).get_text(" ").split())


def test_more_memory_is_drawn_higher_and_all_of_it_inside_the_frame():
    (line,) = drawn(a_curve("full", 10, 20, 40)).lines

    heights = [float(mark.y) for mark in line.marks]

    assert heights == sorted(heights, reverse=True)
    assert all(TOP <= y <= HEIGHT - BOTTOM for y in heights)
    assert [mark.text for mark in line.marks] == ["full at 1", "full at 2", "full at 4"]


def test_on_log_scales_each_doubling_is_the_same_step():
    (line,) = drawn(a_curve("full", 10, 20, 40)).lines

    xs, ys = (
        [float(value) for value in values]
        for values in zip(*(point.split(",") for point in line.points.split()), strict=True)
    )

    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2)
    assert ys[1] - ys[0] == pytest.approx(ys[2] - ys[1], abs=0.2)


def test_tiers_are_levels_where_a_card_has_that_much_to_use():
    drawing = drawn(a_curve("full", 10, 20, 40))

    levels = {tier.label: float(tier.position) for tier in drawing.tiers}

    assert list(levels) == ["12 GB", "16 GB", "24 GB", "32 GB"]
    assert list(levels.values()) == sorted(levels.values(), reverse=True)
    (line,) = drawing.lines
    assert float(line.marks[1].y) > levels["24 GB"]  # 20 GB are below what 24 GB cards have


def test_labels_of_lines_that_end_together_stand_apart():
    lines = drawn(a_curve("full", 10, 40), a_curve("lora", 9, 39), a_curve("qlora", 8, 39)).lines

    places = sorted(float(line.label_y) for line in lines)

    assert places[1] - places[0] >= LABEL_GAP - 0.1
    assert places[2] - places[1] >= LABEL_GAP - 0.1


def test_the_question_itself_is_marked_if_it_is_in_the_picture():
    assert drawn(a_curve("full", 10, 20, 40), own=2).own_x
    assert drawn(a_curve("full", 10, 20, 40), own=64).own_x == ""


@pytest.mark.usefixtures("catalog")
def test_the_table_has_the_estimates_figures(client):
    soup = page(client, "?model=llama-3-1-8b")
    device = estimate(
        architecture("llama-3-1-8b"), TrainingSettings(method="lora", sequence_length=8192)
    ).device_bytes

    row = next(
        row for row in soup.select("tbody tr") if row.th.get_text(strip=True).startswith("8,192")
    )

    assert format_figure(device.likely, (device.low, device.high)) in row.get_text()


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("query", ["?model=llama-3-1-8b", "?size=13&x=batch", "?x=size"])
def test_every_point_says_on_hovering_what_the_table_says(client, query):
    soup = page(client, query)

    figures = {cell.find(string=True).strip() for cell in soup.select("tbody td")}
    titles = [title.get_text() for title in soup.select("circle title")]

    assert len(titles) == len(soup.select("tbody td"))
    for title in titles:
        assert title.split("about ")[1].split(" (")[0] in figures


@pytest.mark.usefixtures("catalog")
def test_the_row_of_the_question_itself_is_marked(client):
    soup = page(client, "?model=llama-3-1-8b&sequence_length=4096")

    assert text(soup, ".curves__own th") == "4,096 (as set)"


@pytest.mark.usefixtures("catalog")
def test_the_picture_has_a_text_alternative(client):
    picture = page(client, "?model=llama-3-1-8b").select_one("svg.curves__picture")

    assert picture["role"] == "img"
    assert picture["aria-label"].startswith("Memory against sequence length: Llama 3.1 8B.")
    assert "QLoRA: from " in picture["aria-label"]


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?x=colour", "Choose what to draw against"),
        ("?model=unheard-of", "No model here is called"),
        ("?size=none", "Enter"),
        ("?model=llama-3-1-8b&sequence_length=0", "Sequence length must be"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_words_above_what_can(client, query, words):
    soup = page(client, query)

    assert words in text(soup, "#instead")
    assert soup.select_one("svg.curves__picture")
