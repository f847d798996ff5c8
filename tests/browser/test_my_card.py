"""“Llama 3.1 8B, QLoRA, 4,096 tokens, batch 2, on my 4090: fits? if not, what do I change?”"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect


class Visitor:
    """A page whose every click and every field that is filled counts as one action."""

    def __init__(self, page: Page):
        self.page = page
        self.action_count = 0

    def enter(self, label: str, text: str) -> None:
        """Type into a field, and Enter: as people send off what they typed."""
        field = self.page.get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")
        self.action_count += 1

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)
        self.action_count += 1

    def click(self, locator) -> None:
        locator.click()
        self.action_count += 1


def test_the_question_about_ones_own_card_takes_six_actions(page_at, width):
    page = page_at(width)
    page.goto("/")
    visitor = Visitor(page)

    visitor.enter("Or a model", "llama 3.1 8b")
    expect(page).to_have_url(re.compile(r"model=llama-3-1-8b"))
    visitor.enter("On my GPU", "4090")
    expect(page).to_have_url(re.compile(r"gpu=rtx-4090"))
    visitor.click(page.locator("#training-settings > summary"))
    visitor.fill("Sequence length", "4096")
    expect(page).to_have_url(re.compile(r"sequence_length=4096"))
    visitor.fill("Micro-batch", "2")
    expect(page).to_have_url(re.compile(r"micro_batch=2&.*gpu=rtx-4090"))

    card = page.locator("#card-qlora")
    expect(card.locator(".card__own .verdict")).to_have_text("too small")
    expect(page.locator("#own-gpu")).to_contain_text("QLoRA too small")
    saving = card.locator(".savings li").first
    expect(saving.locator(".verdict")).to_have_text("fits")
    visitor.click(saving.get_by_role("link"))

    expect(card.locator(".card__own .verdict")).to_have_text("fits")
    expect(page).to_have_url(re.compile(r"gpu=rtx-4090"))
    expect(page.get_by_label("On my GPU")).to_have_value("RTX 4090")
    assert visitor.action_count <= 6


def test_what_stands_around_the_answer_keeps_the_gpu_that_was_typed(page_at):
    page = page_at(1280)
    page.goto("/?size=7")
    gpus = page.locator(".site-nav").get_by_role("link", name="GPUs")

    Visitor(page).enter("On my GPU", "4090")
    expect(gpus).to_have_attribute("href", "/gpus/?gpu=rtx-4090")
    page.get_by_label("Find an answer, a model or a GPU").press_sequentially("qwen3")
    found = page.locator("#site-search-results a").first
    expect(found).to_have_attribute("href", re.compile(r"gpu=rtx-4090"))
    page.get_by_label("Find an answer, a model or a GPU").fill("")
    Visitor(page).enter("On my GPU", "")
    expect(gpus).to_have_attribute("href", "/gpus/")

    Visitor(page).enter("On my GPU", "2x 3090")
    expect(gpus).to_have_attribute("href", "/gpus/?gpu=2x-rtx-3090")
    gpus.click()
    page.get_by_role("link", name="FAQ").click()
    page.get_by_role("link", name="VRAM Calculator").first.click()
    expect(page).to_have_url(re.compile(r"/\?gpu=2x-rtx-3090$"))
    expect(page.get_by_label("On my GPU")).to_have_value("2× RTX 3090")


def test_the_gpu_stays_through_sizes_back_and_reload_and_is_kept_without_enter(page_at, width):
    page = page_at(width)
    page.goto("/")

    # Typed and left, without Enter: it goes with what is asked next.
    page.get_by_label("On my GPU").fill("2x 3090")
    page.locator("#sizes").get_by_role("link", name="13").click()

    expect(page).to_have_url(re.compile(r"/\?size=13&gpu=2x-rtx-3090$"))
    expect(page.locator("#own-gpu")).to_contain_text("2× GeForce RTX 3090")
    page.locator("#sizes").get_by_role("link", name="70").click()
    expect(page).to_have_url(re.compile(r"/\?size=70&gpu=2x-rtx-3090$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/\?size=13&gpu=2x-rtx-3090$"))
    expect(page.get_by_label("On my GPU")).to_have_value("2× RTX 3090")
    page.reload()
    expect(page.locator("#card-qlora .card__own .verdict")).to_have_text("fits")


@pytest.mark.parametrize("java_script", [True, False])
def test_a_typical_run_stands_beside_the_rule_of_thumb_and_opens_its_estimate(
    page_at, width, java_script
):
    page = page_at(width, java_script=java_script)
    page.goto("/?size=7")

    beside = page.locator("#card-qlora .card__typical")
    expect(beside).to_contain_text("about 14.3 GB")
    beside.get_by_role("link").click()

    expect(page.locator("#card-qlora .card__number")).to_have_text("14.3")


def test_fit_says_the_calculators_minimum_and_whether_ones_own_cards_hold_it(page_at, width):
    page = page_at(width)
    page.goto("/?model=qwen2-5-72b&gpu=2x-h100-sxm-80gb")
    minimum = page.locator("#card-full .card__minimum strong").inner_text()

    # Its words may stand on two lines, with nothing to click in the middle.
    page.locator(".further").get_by_role("link", name="setups for Full fine-tuning").press("Enter")

    expect(page.locator("#fit-minimum")).to_contain_text(minimum)
    expect(page.locator("#fit-own")).to_contain_text("On your 2× H100 SXM5 80 GB: too small")


def test_a_gpu_page_leads_from_a_popular_model_to_its_answer_on_that_card(page_at, width):
    page = page_at(width)
    page.goto("/gpus/rtx-4090/")

    row = page.locator("#matrix tr", has_text="Llama 3.1 8B")
    cell = row.locator("a.verdict").last
    expect(cell).to_have_text("fits")
    assert cell.bounding_box()["height"] >= 24
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cell.click()

    expect(page).to_have_url(re.compile(r"/\?model=llama-3-1-8b&gpu=rtx-4090#card-qlora$"))
    expect(page.locator("#card-qlora .card__own .verdict")).to_have_text("fits")


@pytest.mark.parametrize("java_script", [True, False])
def test_a_name_of_several_cards_is_answered_with_links_that_keep_the_question(
    page_at, width, java_script
):
    page = page_at(width, java_script=java_script)
    for path, kept in (
        ("/?model=llama-3-1-8b&sequence_length=4096", "sequence_length=4096"),
        ("/inference/?model=llama-3-1-8b&sequences=4", "sequences=4"),
    ):
        page.goto(path)
        field = page.get_by_label("On my GPU")
        field.fill("2x a100")
        field.press("Enter")

        choices = page.locator("#gpu-error").get_by_role("link")
        expect(choices).to_have_count(4)
        assert min(each.bounding_box()["height"] for each in choices.all()) >= 24
        page.get_by_role("link", name="2× A100 SXM4 40 GB").click()

        expect(page).to_have_url(re.compile(rf"model=llama-3-1-8b&{kept}&gpu=2x-a100-sxm-40gb$"))
        expect(choices).to_have_count(0)
        expect(field).to_have_value("2× A100 SXM4 40 GB")
        expect(field).not_to_have_attribute("aria-invalid", "true")
        expect(page.locator(".card__own .verdict").first).to_be_visible()


def test_without_javascript_the_field_has_a_button_and_an_unclear_name_an_error(page_at, width):
    page = page_at(width, java_script=False)
    page.goto("/?model=llama-3-1-8b")

    page.get_by_label("On my GPU").fill("a100")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("#gpu-error")).to_contain_text("4 GPUs match “a100”")
    page.get_by_label("On my GPU").fill("a100 sxm 80gb")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"gpu=a100"))
    expect(page.locator("#own-gpu")).to_contain_text("A100 SXM4 80 GB")


def test_verdicts_and_their_field_are_accessible_at_every_width(page, assert_good_in_every_window):
    page.goto("/?model=llama-3-1-8b&gpu=rtx+6000")
    assert_good_in_every_window(page)

    page.goto("/?model=llama-3-1-8b&sequence_length=4096&gpu=2x-rtx-3060-12gb")

    assert_good_in_every_window(page)
