"""The methodology page: every component explained, every number from the code."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings as django_settings

from calculator.estimation import TrainingSettings, estimate
from calculator.estimation.device import CONTEXT_BYTES, GAPS_FRACTION, LIKELY_FRACTION, MIB
from calculator.estimation.estimate import COMPONENTS, FORMULA_VERSION
from calculator.estimation.step.resident import QUANTIZED_BYTES_PER_WEIGHT
from calculator.estimation.trainers import TRAINERS
from calculator.pages.methodology.closed_forms import (
    kept_per_token_and_layer,
    logits_bytes_per_entry,
)
from calculator.pages.methodology.example import LLAMA_3_1_8B, METHODS, example_settings
from calculator.words.formatting import format_number
from tests.calculator.estimation.architectures import architecture

TEMPLATES = Path(django_settings.BASE_DIR) / "templates" / "calculator/pages/methodology"


@pytest.fixture
def page(client, db):
    response = client.get("/methodology/")
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def words_of(element) -> str:
    return " ".join(element.text.split())


@pytest.mark.parametrize("slug", COMPONENTS)
def test_every_component_of_the_estimate_has_an_anchor(page, slug):
    assert page.find(id=slug) is not None


@pytest.mark.parametrize("slug", COMPONENTS)
def test_every_component_is_called_by_its_name(page, slug):
    target = page.find(id=slug)
    # A fold says its name where it is opened.
    term = target.parent if "fold__body" in target.get("class", ()) else target
    assert COMPONENTS[slug].casefold() in words_of(term).casefold()


def test_every_term_has_a_formula_a_meaning_and_a_source(page):
    terms = page.select(".term")
    assert len(terms) > 10
    for term in terms:
        name = words_of(term.select_one("summary h3"))
        assert term.select_one("summary .term__formula") is not None, name
        assert term.select_one(".fold__body p:not(.sources)") is not None, name
        assert term.select_one(".fold__body .sources") is not None, name


def test_links_within_the_page_lead_somewhere(page):
    for link in page.select('main a[href^="#"]'):
        assert page.find(id=link["href"][1:]) is not None, link["href"]


def test_the_contents_list_every_section(page):
    listed = [link["href"][1:] for link in page.select(".contents a")]

    assert listed == [
        section["id"] for section in page.select(".methodology__text > section.prose")
    ]


def test_the_formula_version_is_the_cores(page):
    assert f"Formula version {FORMULA_VERSION}." in words_of(page)


def test_the_version_leads_to_what_changed(client, page):
    assert page.select_one(".lead a[href='#versions']").text == FORMULA_VERSION
    link = page.select_one("#versions a[href$='formula-versions.md']")

    response = client.get(link["href"])

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert f"## {FORMULA_VERSION}," in b"".join(response.streaming_content).decode()


def test_bytes_per_quantised_weight_are_the_cores(page):
    text = words_of(page.find(id="weights"))

    for size in QUANTIZED_BYTES_PER_WEIGHT.values():
        assert format_number(size, decimals=4) in text


def test_context_and_slack_are_the_cores(page):
    text = words_of(page.find(id="device_bytes"))

    assert f"{CONTEXT_BYTES[0] // MIB} to {CONTEXT_BYTES[2] // MIB} MiB" in text
    assert f"{LIKELY_FRACTION:.0%} of the way" in text
    assert f"{GAPS_FRACTION:.0%} for gaps" in text


def test_the_worked_example_is_what_the_estimate_gives(page):
    text = words_of(page.find(id="example"))

    for method, _ in METHODS:
        found = estimate(LLAMA_3_1_8B, example_settings(method))
        assert f"{found.peak_allocated_bytes / 10**9:.1f} GB" in text


def test_the_example_is_the_catalogs_model():
    assert architecture("llama-3-1-8b") == LLAMA_3_1_8B


def test_pure_bf16_adamw_takes_8_bytes_and_the_foreach_one_10_at_its_step(page):
    # estimation.md's 50.7 → 62.8 GiB for a 7B model: 8 and 10 bytes per parameter.
    row = next(tr for tr in page.select("#optimizer_states tr") if "bf16 throughout" in tr.text)

    assert [cell.text for cell in row.select("td")] == ["2", "2", "4", "8", "10"]


def test_the_closed_form_of_full_bf16_is_the_known_one():
    # Derived by hand for Llama's layer with FlashAttention and checked against traced steps.
    settings = TrainingSettings(
        method="full", recipe="pure_bf16", gradient_checkpointing=False, micro_batch=4
    )

    assert kept_per_token_and_layer(settings) == "16h + 4q + 4k + 8f + 4a + 8"


def test_a_checkpointed_bf16_layer_keeps_its_input_of_two_bytes():
    settings = TrainingSettings(method="full", recipe="pure_bf16", micro_batch=4)

    assert kept_per_token_and_layer(settings) == "2h"


def test_fp32_weights_under_autocast_keep_a_residual_stream_of_four_bytes():
    # As wide as the fp32 embedding makes it; the 16-bit maps keep what they keep in pure bf16.
    settings = example_settings("full")
    checkpointed = kept_per_token_and_layer(settings)
    kept = kept_per_token_and_layer(replace(settings, gradient_checkpointing=False))

    assert checkpointed == "4h"
    assert re.fullmatch(r"\d+h \+ 4q \+ 4k \+ 8f \+ 4a \+ 8", kept)


def test_a_standard_loss_takes_12_bytes_and_14_with_the_logits_kept():
    settings = example_settings("lora")

    assert logits_bytes_per_entry(settings) == pytest.approx(12, abs=0.01)
    kept = logits_bytes_per_entry(replace(settings, keeps_logits=True))
    assert kept == pytest.approx(14, abs=0.01)


# Names, not numbers: formats, versions, papers, products.
NAMES = re.compile(
    r"NF4|MXFP4|fp8|bf16|fp16|fp32|int8|DeepSeek-V3|LLM\.int8|ZeRO-?\d?|MatMul4Bit|k-bit|"
    r"(?:16|32|64|8)[- ]bits?|16- or 32-bit|in 16 bits|get 32|before 4\.50|FlashAttention-2|"
    r"arXiv|8-bit optimizers|\(1 \+ gaps\)"
)


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_number_is_typed_into_the_page(path):
    text = re.sub(r"{[{%].*?[%}]}|<[^>]*>", " ", path.read_text(encoding="utf-8"))

    left = re.findall(r".{0,20}\d.{0,20}", NAMES.sub(" ", text))

    assert left == []


def test_every_default_of_every_trainer_stands_with_its_version_and_source(page):
    text = words_of(page.find(id="trainers"))
    rows = [row.find_all(["th", "td"]) for row in page.select("#trainers tbody tr")]

    assert len(rows) == sum(len(trainer.defaults) for trainer in TRAINERS.values())
    assert all(words_of(cell) for cells in rows for cell in cells)
    for trainer in TRAINERS.values():
        assert f"{trainer.name} {trainer.version}" in text
        assert f"{len(trainer.defaults)} defaults in all" in text
        assert all(source in text for source in trainer.sources)
        assert all(" ".join(remark.split()) in text for remark in trainer.remarks)
