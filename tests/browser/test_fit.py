"""What a visitor does with /fit/ and with a GPU's page, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

PAGES = [
    "/fit/?model=llama-3-1-8b&method=lora",
    "/fit/?model=llama-3-1-70b&method=full&sort=time",
    "/fit/?model=llama-3-1-8b&examples=many&sort=beauty",
    "/gpus/rtx-4090/",
    "/gpus/gaudi-3/?gpu_count=8&model=llama-3-1-70b",
    "/gpus/rtx-4090/?gpu_count=none",
]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    page, assert_good_in_every_window, path
):
    page.goto(path)

    assert_good_in_every_window(page)


def test_changing_the_method_swaps_the_setups_and_the_address_follows(page):
    page.goto("/fit/?model=llama-3-1-8b&method=lora")
    page.evaluate("window.sameDocument = true")

    page.get_by_label("Method").select_option("qlora")

    expect(page.get_by_role("heading", level=1)).to_have_text("GPUs for QLoRA of Llama 3.1 8B")
    expect(page).to_have_url(re.compile(r"/fit/\?model=llama-3-1-8b&method=qlora$"))
    expect(page).to_have_title(re.compile("^GPUs for QLoRA of Llama 3.1 8B"))
    assert page.evaluate("window.sameDocument")


def test_a_mistake_marks_its_field_and_what_was_typed_stays(page):
    page.goto("/fit/?model=llama-3-1-8b&method=lora")

    page.get_by_label("Examples").fill("many")

    expect(page.locator("#fit-examples_error")).to_contain_text("Enter a number such as 10,000")
    expect(page.get_by_label("Examples")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Examples")).to_have_value("many")
    expect(page.locator("#last-answer")).to_be_visible()
    expect(page.locator("table.setups")).to_be_visible()

    page.get_by_label("Examples").fill("200")

    expect(page.locator("#last-answer")).to_be_hidden()
    expect(page.get_by_label("Examples")).not_to_have_attribute("aria-invalid", "true")


def test_back_returns_to_the_setups_before(page):
    page.goto("/fit/?model=llama-3-1-8b&method=lora")
    page.get_by_label("Method").select_option("full")
    expect(page).to_have_url(re.compile("method=full"))

    page.go_back()

    expect(page.get_by_role("heading", level=1)).to_have_text("GPUs for LoRA of Llama 3.1 8B")


def test_without_javascript_the_button_asks(page_at):
    page = page_at(java_script=False)
    page.goto("/fit/?model=llama-3-1-8b&method=lora")

    page.get_by_label("Epochs").fill("1")
    page.get_by_role("button", name="Show").click()

    assert "epochs=1" in page.url
    assert "model=llama-3-1-8b" in page.url
    expect(page.locator("table.setups")).to_be_visible()


def test_more_cards_of_a_gpu_answer_as_one_types(page):
    page.goto("/gpus/rtx-4090/")
    alone = page.locator("#largest-qlora .largest__model").inner_text()

    page.get_by_label("How many of it").fill("8")

    expect(page.get_by_role("status")).to_contain_text("8× RTX 4090")
    expect(page.locator("#largest-qlora .largest__model")).not_to_have_text(alone)
    expect(page).to_have_url(re.compile(r"/gpus/rtx-4090/\?gpu_count=8$"))


def test_an_answer_of_a_card_leads_to_the_calculator_where_it_fits(page):
    page.goto("/gpus/rtx-4090/?model=llama-3-1-8b")

    page.locator("#values-lora .value__1 a").click()

    expect(page).to_have_url(
        re.compile(r"/\?model=llama-3-1-8b&sequence_length=\d+&gpu=rtx-4090#card-lora$")
    )
    expect(page.locator("#own-gpu")).to_contain_text(re.compile("LoRA (just )?fits"))


@pytest.mark.parametrize(
    "path",
    [
        "/curves/?model=llama-3-1-8b",
        "/curves/?x=colour",
        "/compare/",
        "/compare/?a=model%3Dllama-3-1-8b%26gpu%3Drtx-4090&b=model%3Dunheard-of",
    ],
)
def test_curves_and_comparison_are_accessible_at_every_width(
    page, assert_good_in_every_window, path
):
    page.goto(path)

    assert_good_in_every_window(page)


def test_the_comparisons_form_works_without_javascript(page_at):
    page = page_at(java_script=False)
    page.goto("/compare/?a=model%3Dllama-3-1-8b%26method%3Dlora")

    page.get_by_label("Sequence length").fill("8192")
    page.get_by_role("button", name="Compare").click()

    expect(page.get_by_text("They differ in sequence length.")).to_be_visible()
    assert "b=model" in page.url
