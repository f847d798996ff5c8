"""What a visitor does with models and training settings, in a real browser."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import AT_REST

PAGES = [
    "/?model=llama-3-1-8b",
    "/?model=llama-3-1-8b&lora_rank=64&gpu_count=9&strategy=zero3&offload=optimizer&differences=optimizer",
    "/?model=llama-3-1-8b&lora_rank=0",
    "/?model=llama",
    "/?size=405&sequence_length=131072",
]
CONFIG = {
    "model_type": "llama",
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 8192,
    "vocab_size": 128256,
    "tie_word_embeddings": True,
}


def choose_model(page: Page, typed: str, name: str) -> None:
    page.locator("#model").fill("")
    page.locator("#model").press_sequentially(typed, delay=30)
    page.locator("#model-results a").filter(has_text=name).first.click()


def test_a_model_found_while_typing_turns_the_cards_precise(page):
    page.goto("/")
    page.evaluate("window.sameDocument = true")

    choose_model(page, "llama 3.1 8", "Llama 3.1 8B")

    expect(page.locator("#headline")).to_contain_text("Llama 3.1 8B")
    expect(page.locator(".card--precise")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/\?model=llama-3-1-8b$"))
    expect(page).to_have_title(re.compile("^Fine-tune Llama 3.1 8B"))
    expect(page.locator("#model")).to_have_value("Llama 3.1 8B")
    expect(page.locator("#size")).to_have_value("")
    expect(page.locator("#model-results a")).to_have_count(0)
    expect(page.locator("#answer")).to_be_focused()
    expect(page.locator("#announcement")).to_contain_text("Llama 3.1 8B")
    assert page.evaluate("window.sameDocument") is True


def test_the_arrow_keys_enter_what_the_search_for_a_model_found(page_at, width, assert_accessible):
    page = page_at(width)
    page.goto("/")
    field = page.locator("#model")
    field.press_sequentially("llama 3.1 8", delay=30)
    option = page.get_by_role("option", name="Llama 3.1 8B").first
    # The list of all that was typed, not of its beginning: a new list has nothing chosen yet.
    expect(page.locator("#model-results .found__status")).to_have_text("1 model matches")
    expect(option).to_be_visible()

    field.press("ArrowDown")

    expect(option).to_have_attribute("aria-selected", "true")
    expect(field).to_be_focused()
    assert_accessible(page)
    field.press("Enter")
    expect(page.locator("#headline")).to_contain_text("Llama 3.1 8B")
    expect(field).to_be_focused()
    expect(field).to_have_value("Llama 3.1 8B")
    expect(field).to_have_attribute("aria-expanded", "false")


def test_opening_the_training_settings_asks_for_the_precise_estimate(page):
    page.goto("/?size=13")

    page.locator("#training-settings > summary").click()

    expect(page.locator(".card--precise")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/\?size=13&sequence_length=2048$"))
    expect(page.locator("#sequence_length")).to_be_visible()


def test_a_longer_sequence_answers_while_one_types_and_back_undoes_it(page):
    page.goto("/?model=llama-3-1-8b&micro_batch=2")
    field = page.get_by_label("Sequence length")

    field.fill("")
    field.press_sequentially("8192", delay=40)

    expect(page.locator("#headline")).to_contain_text("2 × 8,192 tokens")
    expect(page).to_have_url(re.compile(r"micro_batch=2&sequence_length=8192$"))
    expect(field).to_be_focused()
    expect(field).to_have_value("8192")

    page.go_back()
    expect(page.locator("header.site-header")).to_have_count(1)
    expect(page.locator("#headline")).not_to_contain_text("8,192 tokens")

    page.goto("/?model=llama-3-1-8b&sequence_length=8192")
    page.reload()
    expect(page.get_by_label("Sequence length")).to_have_value("8192")


def test_a_wrong_setting_says_so_beside_its_field_and_comes_right_again(page):
    page.goto("/?model=llama-3-1-8b&micro_batch=2")
    field = page.get_by_label("Micro-batch")

    field.fill("two")

    expect(page.locator("#micro_batch-error")).to_contain_text("must be a whole number")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("two")
    expect(page.locator("#last-answer")).to_be_visible()
    expect(page.locator("#announcement")).to_contain_text("must be a whole number")

    field.fill("4")

    expect(page.locator(".card--precise")).to_have_count(3)
    expect(page.locator("#micro_batch-error")).to_be_empty()
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_settings_stay_when_the_model_or_the_size_changes(page):
    page.goto("/?model=llama-3-1-8b&sequence_length=4096")

    page.get_by_role("link", name="13B", exact=True).click()
    expect(page).to_have_url(re.compile(r"/\?size=13&sequence_length=4096$"))
    expect(page.locator("#model")).to_have_value("")

    page.locator("#size").fill("32")
    expect(page).to_have_url(re.compile(r"/\?size=32&sequence_length=4096$"))

    page.get_by_label("Gradient checkpointing").select_option("false")
    expect(page).to_have_url(
        re.compile(r"size=32&sequence_length=4096&gradient_checkpointing=false$")
    )


def test_a_trainer_brings_its_defaults_and_what_was_typed_stays(page):
    page.goto("/?model=llama-3-1-8b&sequence_length=4096")

    page.get_by_role("link", name="TRL").click()

    expect(page).to_have_url(
        re.compile(r"/\?model=llama-3-1-8b&trainer=trl&sequence_length=4096$")
    )
    expect(page.get_by_label("Micro-batch")).to_have_value("8")
    expect(page.get_by_label("Sequence length")).to_have_value("4096")
    expect(page.get_by_role("link", name="TRL")).to_be_focused()

    page.get_by_label("Micro-batch").fill("2")
    expect(page).to_have_url(re.compile(r"trainer=trl&micro_batch=2&sequence_length=4096$"))


def test_a_saving_is_one_click_and_the_settings_follow(page):
    page.goto("/?model=llama-3-1-8b&gradient_checkpointing=false&sequence_length=8192")

    page.locator("#card-lora").get_by_role("link", name="Turn gradient checkpointing on").click()

    expect(page).to_have_url(re.compile(r"/\?model=llama-3-1-8b&sequence_length=8192$"))
    expect(page.get_by_label("Gradient checkpointing")).to_have_value("true")


def test_the_rule_of_thumb_is_one_click_away(page):
    page.goto("/?size=13&sequence_length=4096")

    page.get_by_role("link", name="Back to the rule of thumb").click()

    expect(page).to_have_url(re.compile(r"/\?size=13$"))
    expect(page.locator(".card--precise")).to_have_count(0)
    expect(page.locator("#card-full .card__figure")).to_have_text(re.compile("234"))
    assert page.locator("#training-settings").get_attribute("open") is None


def test_escape_and_a_click_beside_it_close_what_the_search_found(page):
    page.goto("/")
    field = page.locator("#model")

    field.press_sequentially("llama", delay=30)
    expect(page.locator("#model-results a").first).to_be_visible()
    field.press("Escape")
    expect(page.locator("#model-results a")).to_have_count(0)

    field.fill("qwen")
    expect(page.locator("#model-results a").first).to_be_visible()
    page.locator("h1").click()
    expect(page.locator("#model-results a")).to_have_count(0)


def test_without_javascript_models_settings_and_configs_work_as_pages(page_at):
    page = page_at(java_script=False)
    page.goto("/")

    page.locator("#model").fill("llama 3.1")
    page.get_by_role("button", name="Show").click()
    page.locator("#model-results a").filter(has_text="Llama 3.1 70B").first.click()
    # The name alone has answered for the smallest already.
    expect(page).to_have_url(re.compile(r"/\?model=llama-3-1-70b$"))
    expect(page.locator(".card--precise")).to_have_count(3)

    page.locator("#training-settings > summary").click()
    page.get_by_label("Sequence length").fill("4096")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#headline")).to_contain_text("1 × 4,096 tokens")
    expect(page.locator("#training-settings")).to_have_attribute("open", "")

    page.locator("#config-panel > summary").click()
    page.get_by_label("config.json", exact=True).fill(json.dumps(CONFIG))
    page.get_by_role("button", name="Estimate this model").click()
    expect(page.locator("#headline")).to_contain_text("llama model on 1 × 4,096 tokens")
    expect(page).to_have_url(re.compile(r"/\?config=%7B"))


def test_an_uploaded_config_is_estimated_and_its_address_can_be_shared(page, page_at, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    page.goto("/")

    page.locator("#config-panel > summary").click()
    page.get_by_label("Or choose the file").set_input_files(path)
    page.get_by_role("button", name="Estimate this model").click()
    expect(page.locator(".card--precise")).to_have_count(3)
    headline = page.locator("#headline").inner_text()

    other = page_at()
    other.goto(page.url)
    expect(other.locator("#headline")).to_have_text(headline)


def test_swapping_precise_answers_shifts_no_layout_above_the_cards(page_at):
    page = page_at(390, height=844)
    page.goto("/?model=llama-3-1-8b")
    top = page.locator(".ruler__drawing").bounding_box()["y"]

    page.get_by_role("link", name="14B", exact=True).click()

    expect(page.locator("#headline")).to_contain_text("14B model")
    assert page.locator(".ruler__drawing").bounding_box()["y"] == pytest.approx(top, abs=30)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways(page, path):
    page.goto(path)

    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


@pytest.mark.parametrize("path", PAGES[1:4])
def test_axe_finds_nothing(page, assert_good_in_every_window, path):
    page.goto(path)
    page.evaluate(
        "document.querySelectorAll('#calculator details').forEach((d) => (d.open = true))"
    )
    page.evaluate(AT_REST)

    assert_good_in_every_window(page)
