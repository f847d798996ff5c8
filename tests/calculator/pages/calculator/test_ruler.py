from decimal import Decimal

import pytest
from bs4 import BeautifulSoup

from calculator.answer.rule_of_thumb import estimate_methods
from calculator.catalog import current_catalog
from calculator.models import Task
from calculator.pages.calculator.ruler import Ruler, draw_ruler

pytestmark = pytest.mark.django_db


def ruler(size: str) -> Ruler:
    catalog = current_catalog()
    return draw_ruler(estimate_methods(catalog, Task.TRAINING, Decimal(size)), catalog.tiers)


def percent(position: str) -> float:
    return float(position.removesuffix("%"))


def test_a_mark_stands_between_the_tiers_that_it_is_between(catalog):
    drawing = ruler("7")

    ticks = {tick.label: percent(tick.x) for tick in drawing.ticks}
    marks = {mark.slug: percent(mark.x) for mark in drawing.marks}
    assert marks["qlora"] < ticks["8"]
    assert ticks["16"] < marks["lora"] < ticks["24"]
    assert ticks["80"] < marks["full"] < ticks["2×"]


def test_equal_ratios_are_equal_distances(catalog):
    ticks = {tick.label: percent(tick.x) for tick in ruler("7").ticks}

    doubling = ticks["16"] - ticks["8"]
    for smaller, larger in (("12", "24"), ("24", "48"), ("80", "2×"), ("2×", "4×"), ("8×", "16×")):
        assert ticks[larger] - ticks[smaller] == pytest.approx(doubling, abs=0.02)


@pytest.mark.parametrize("size", ["0.1", "1", "7", "70", "405", "2000"])
def test_everything_stands_on_the_drawing(catalog, size):
    drawing = ruler(size)

    positions = [percent(tick.x) for tick in drawing.ticks]
    positions += [percent(mark.x) for mark in drawing.marks]
    positions += [percent(mark.minimum_x) for mark in drawing.marks if mark.minimum_x]
    assert min(positions) >= 1
    assert max(positions) <= 99


def test_the_ladder_stands_still_between_usual_sizes(catalog):
    assert [t.x for t in ruler("7").ticks] == [t.x for t in ruler("70").ticks]


def test_the_tiers_that_methods_need_keep_their_labels_on_a_phone(catalog):
    for size in ("1", "7", "13", "32", "70"):
        for tick in ruler(size).ticks:
            assert not (tick.is_minimum and tick.is_crowded), (size, tick)


def test_the_marks_are_text_for_a_screen_reader(catalog):
    assert [mark.text_alternative for mark in ruler("7").marks] == [
        "Full fine-tuning 126 GB, smallest setup 2× 80 GB (A100 / H100)",
        "LoRA 16.8 GB, smallest setup 24 GB GPU (RTX 4090 / 3090)",
        "QLoRA 6 GB, smallest setup 8 GB GPU (RTX 4060 / 3070)",
    ]


def test_the_brackets_name_the_audiences_and_hold_their_tiers(catalog):
    drawing = ruler("7")

    ticks = {tick.label: percent(tick.x) for tick in drawing.ticks}
    spans = {span.audience: span for span in drawing.spans}
    assert list(spans) == ["consumer", "workstation", "datacenter"]
    for audience, tiers in {
        "consumer": ("8", "32"),
        "workstation": ("48", "48"),
        "datacenter": ("80", "16×"),
    }.items():
        start = percent(spans[audience].x)
        end = start + percent(spans[audience].width)
        assert start < ticks[tiers[0]] <= ticks[tiers[1]] < end <= 100
    assert [span.more for span in drawing.spans] == ["", "", ", in multiples of 80\u00a0GB"]


def test_a_card_on_which_it_is_tight_is_ringed_within_the_range_and_said(catalog, client):
    """LoRA at 4,352 tokens: 24.6 to 28.0 GB, likely 26.3; a card of 24 GiB has up to 25.8."""
    page = BeautifulSoup(
        client.get("/?model=llama-3-1-8b&sequence_length=4352").content, "html.parser"
    )

    tight = percent(page.select_one("#mark-lora-tight")["cx"])
    span = page.select_one("#mark-lora-range")
    assert 0 <= tight - percent(span["x"]) <= percent(span["width"])
    assert tight < percent(page.select_one("#mark-lora-ring")["cx"])
    spoken = " ".join(each.get_text() for each in page.select(".ruler li"))
    assert ", tight on 24 GB GPU" in spoken
    assert "Tight on" in page.select_one("#card-lora .card__tight").get_text()


def test_the_rule_of_thumb_knows_no_tight(catalog):
    assert not ruler("7").has_tight
