"""What a visitor does with /why/, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

PAGES = [
    "/why/?model=llama-3-1-8b&method=qlora&amount=30",
    "/why/?model=llama-3-1-8b&figure=oom&amount=24&method=qlora",
    "/why/?model=llama-3-1-8b&amount=much",
]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    page, assert_good_in_every_window, path
):
    page.goto(path)

    assert_good_in_every_window(page)


def test_typing_an_amount_swaps_the_answer_and_the_address_follows(page):
    page.goto("/why/?model=llama-3-1-8b&method=qlora")
    page.evaluate("window.sameDocument = true")

    page.get_by_label("How much").fill("30")

    expect(page.locator("#live-status")).to_contain_text("more than the most that we expect")
    expect(page).to_have_url(re.compile(r"/why/\?model=llama-3-1-8b&amount=30&method=qlora$"))
    assert page.evaluate("window.sameDocument")


def test_the_form_works_without_javascript(page_at):
    page = page_at(java_script=False)
    page.goto("/why/?model=llama-3-1-8b&micro_batch=2&method=qlora")

    page.get_by_label("What showed it").select_option("oom")
    page.get_by_label("How much").fill("24 GB")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("#why-subject")).to_contain_text("micro-batch 2")
    expect(page.locator("#live-status")).to_contain_text("that card has room")
