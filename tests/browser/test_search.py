"""Searching from the header and on the search's own page, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

FIELD = "Find an answer, a model or a GPU"


def test_the_header_finds_as_one_types_and_the_arrow_keys_enter_the_list(page, assert_accessible):
    page.goto("/gpus/")
    field = page.get_by_label(FIELD)

    field.press_sequentially("rtx4090", delay=20)
    hit = page.locator("#site-search-results").get_by_role("option", name="GeForce RTX 4090")
    expect(hit).to_be_visible()
    expect(page).to_have_url(re.compile("/gpus/$"))
    expect(field).to_have_attribute("aria-expanded", "true")

    field.press("ArrowDown")
    expect(hit).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", hit.get_attribute("id"))
    expect(field).to_be_focused()
    assert_accessible(page)
    page.keyboard.press("ArrowUp")
    expect(hit).not_to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(hit).to_have_count(0)
    expect(field).to_have_attribute("aria-expanded", "false")

    field.press_sequentially(" ")
    field.fill("rtx4090")
    expect(hit).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(page).to_have_url(re.compile("/gpus/rtx-4090/$"))


def test_on_a_phone_an_icon_leads_to_the_field(page_at):
    page = page_at(390)
    page.goto("/")
    expect(page.get_by_label(FIELD)).to_be_hidden()

    page.get_by_role("link", name="Search the site").click()
    field = page.get_by_label("A question, a model or a GPU")
    expect(field).to_be_focused()
    field.press_sequentially("lama 3.1", delay=20)

    expect(page).to_have_url(re.compile(r"/search/\?q=lama\+3\.1$"))
    expect(page.get_by_role("status")).to_contain_text("found for “lama 3.1”")
    expect(page.get_by_role("link", name="Llama 3.1 8B")).to_be_visible()


def test_without_javascript_the_search_is_a_form(page_at):
    page = page_at(java_script=False)
    page.goto("/search/")

    page.get_by_label("A question, a model or a GPU").fill("what rank")
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("link", name=re.compile("higher LoRA rank"))).to_be_visible()


@pytest.mark.parametrize("path", ["/search/?q=llama", "/search/"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    page, assert_good_in_every_window, path
):
    page.goto(path)

    assert_good_in_every_window(page)


def test_axe_finds_nothing_in_what_the_header_found(page, assert_accessible):
    page.goto("/gpus/")
    page.get_by_label(FIELD).press_sequentially("llama", delay=20)
    expect(page.locator("#site-search-results .hit").first).to_be_visible()

    assert_accessible(page)


def test_all_questions_are_a_page_of_a_phones_length(page_at):
    page = page_at(390)
    page.goto("/faq/")

    assert page.evaluate("document.documentElement.scrollHeight") < 8_000
