"""The rule of thumb with a typical run beside it, and one minimum for a run on every page."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from calculator.answer.precise import precise_result
from calculator.answer.setups import MOST_GPUS, Workload, fit_rows
from calculator.catalog import current_catalog
from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.architectures.typical import typical_architecture
from calculator.estimation.typical_run import TYPICAL_METHODS, typical_device_bytes
from calculator.pages.fit.ordering import best_of, total_memory
from calculator.pages.share.presenters import calculator_picture
from calculator.question.reading import read_question
from calculator.question.subjects import subject_of_model
from calculator.words.formatting import format_figure, format_gb
from gpus.labels import setup_label

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

TODAY = dt.date(2026, 11, 24)
MODELS = ("llama-3-1-8b", "qwen2-5-72b", "gpt-oss-20b", "qwen3-30b-a3b", "gemma-3-4b", "phi-4-14b")
RUNS = ({}, {"sequence_length": 8192, "micro_batch": 4}, {"gradient_checkpointing": False})
FAQ = Path("calculator/data/faq")


def test_fit_and_calculator_have_the_same_minimum():
    catalog = current_catalog()

    for slug, method, run in product(MODELS, TYPICAL_METHODS, RUNS):
        subject = subject_of_model(catalog, slug)
        settings = TrainingSettings(method=method, **run)
        result = precise_result(catalog, subject, subject.architecture, settings)
        rows = fit_rows(
            catalog.gpus, subject.architecture, settings, Workload(1_000_000), today=TODAY
        )
        minimum, smallest = result.minimum, best_of(rows).smallest
        if minimum is None or minimum.gpu_count > MOST_GPUS:
            continue
        # One of the minimum's own size with so many is among the setups, as likely to do…
        assert any(
            row.gpu.memory_gb == minimum.tier.memory_gb
            and row.gpu_count == minimum.gpu_count
            and row.setup.is_likely_to_fit
            and not row.is_offloaded
            for row in rows
        ), (slug, method, run)
        # …and what is called the smallest there is no larger, and as likely to do.
        assert smallest.setup.is_likely_to_fit
        assert total_memory(smallest)[1] <= minimum.tier.memory_gb * minimum.gpu_count


def test_both_pages_print_the_same_minimum_and_what_is_smaller_but_tight(client):
    smaller = []
    for asked, method in (
        ("model=qwen2-5-72b", "full"),
        ("model=qwen2-5-72b", "lora"),
        ("model=llama-3-1-8b", "lora"),
        ("size=7&sequence_length=2048", "full"),
    ):
        card = BeautifulSoup(client.get(f"/?{asked}").content, "html.parser")
        fit = BeautifulSoup(client.get(f"/fit/?{asked}&method={method}").content, "html.parser")
        card, minimum = card.select_one(f"#card-{method}"), fit.select_one("#fit-minimum")

        assert minimum.dt.get_text() == card.select_one(".card__minimum-label").get_text()
        said = card.select_one(".card__minimum strong").get_text()
        assert minimum.select_one("strong").get_text() == said
        tight = card.select_one(".card__smaller")
        smaller.append(tight and tight.get_text())
        assert ("Smaller, but tight" in minimum.get_text()) == (tight is not None)
        assert tight is None or tight.get_text() in minimum.get_text()
    assert smaller == [
        "Smaller, but tight: 16× 80 GB (A100 / H100)",
        "Smaller, but tight: 2× 80 GB (A100 / H100)",
        None,
        None,
    ]


def test_none_never_stands_above_also_fits():
    catalog = current_catalog()

    for slug, method in product(MODELS, TYPICAL_METHODS):
        subject = subject_of_model(catalog, slug)
        for tokens in (2_048, 262_144, 1_048_576, 4_194_304):
            settings = TrainingSettings(method=method, sequence_length=tokens)
            result = precise_result(catalog, subject, subject.architecture, settings)
            if result.minimum is None:
                assert result.alternatives == (), (slug, method, tokens)


def test_beside_the_rule_of_thumb_stands_a_typical_run_of_the_precise_core(client):
    catalog = current_catalog()

    for size in ("7", "0.5", "13", "70"):
        soup = BeautifulSoup(client.get(f"/?size={size}").content, "html.parser")
        for method in TYPICAL_METHODS:
            settings = TrainingSettings(method=method)
            device = estimate(typical_architecture(Decimal(size)), settings).device_bytes
            figure = format_figure(device.likely, (device.low, device.high))
            said = soup.select_one(f"#card-{method} .card__typical")
            assert f"2,048\xa0tokens: about {figure}" in said.get_text()
            # The link opens that very figure.
            question = read_question(catalog, {"size": size, "sequence_length": "2048"})
            assert said.select_one("a")["href"] == f"/?size={size}&sequence_length=2048"
            assert question.run.settings_for(method) == settings
            assert figure in soup.select_one("#typical-words").get_text()
            # It stands in whatever is shown without the cards too.
            assert figure.removesuffix("\xa0GB") in soup.title.get_text()
            picture = calculator_picture(catalog, {"size": size}, today=TODAY)
            assert any(f"Typically {figure}" in column.further for column in picture.columns)
        headline = soup.select_one("#headline").get_text()
        assert headline in soup.select_one("meta[name=description]")["content"]


def test_a_typical_run_of_7b_by_qlora_is_no_run_for_an_8_gb_card():
    device = typical_device_bytes(Decimal(7), "qlora")

    assert format_gb(device.likely) == "14.3\xa0GB"


def test_every_rule_figure_of_the_faq_has_its_typical_run_beside_it():
    for path in sorted(FAQ.glob("*.md")):
        text = path.read_text()
        methods = "|".join(TYPICAL_METHODS)
        rule = set(re.findall(rf"\{{memory:((?:{methods}):[\d.]+)\}}", text))
        typical = set(re.findall(r"\{typical:([^}]+)\}", text))
        assert rule <= typical, (path.name, rule - typical)


def test_gb_and_gib_are_explained_where_a_figure_is_above_the_cards_name(client):
    catalog = current_catalog()
    tier = next(each for each in catalog.usable_tiers if each.memory_gb == 12)
    found = None
    for tokens in range(256, 4_096, 128):
        question = read_question(catalog, {"size": "4", "sequence_length": str(tokens)})
        likely = estimate(
            typical_architecture(Decimal(4)), question.run.settings_for("qlora")
        ).device_bytes.likely
        if 12 * 10**9 < likely <= tier.capacity_bytes:
            found = tokens
    assert found, "no run lies between 12 GB and what a 12 GB card has"

    soup = BeautifulSoup(client.get(f"/?size=4&sequence_length={found}").content, "html.parser")

    card = soup.select_one("#card-qlora")
    assert card.select_one(".card__minimum strong").get_text() == setup_label_of(catalog, 12)
    assert "GiB of 2³⁰ bytes" in card.select_one(".card__gb").get_text()


def setup_label_of(catalog, memory_gb):
    from gpus.fitting import Setup

    return setup_label(Setup(catalog.tiers_by_gb[memory_gb], 1))
