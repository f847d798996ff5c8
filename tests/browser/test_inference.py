"""Running a model at /inference/, in a real browser."""

import re

from playwright.sync_api import Page, expect


def test_a_model_and_its_settings_change_the_answer_in_place(page: Page):
    page.goto("/inference/")
    page.evaluate("window.sameDocument = true")

    page.locator("#model").press_sequentially("llama 3.1 8", delay=30)
    page.locator("#model-results a").filter(has_text="Llama 3.1 8B").first.click()
    expect(page.locator(".card--precise")).to_have_count(3)
    if page.locator("#training-settings").get_attribute("open") is None:
        page.locator("#training-settings > summary").click()
    page.locator("#sequences").fill("4")
    expect(page).to_have_url(re.compile(r"/inference/\?model=llama-3-1-8b&sequences=4$"))
    page.locator("#runtime").select_option("llama.cpp")

    expect(page.locator("#card-q4_k_m")).to_be_visible()
    expect(page.locator("#headline")).to_contain_text("4 × 8,192 tokens")
    expect(page).to_have_url(re.compile(r"sequences=4&runtime=llama.cpp$"))
    page.locator("#sequences").fill("none")
    expect(page.locator("#sequences-error")).to_contain_text("must be a whole number")
    expect(page.locator("#last-answer")).to_be_visible()
    assert page.evaluate("window.sameDocument") is True
