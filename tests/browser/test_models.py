"""What a visitor does with the list of models and a model's page, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

PAGES = [
    "/models/?search=llama+3",
    "/models/?search=nothing+of+the+kind",
    "/models/?size=small",
    "/models/llama-3-1-8b/",
    "/models/mixtral-8x7b/",
    "/models/lfm2-2-6b/",
]


def test_the_list_narrows_as_one_types_and_the_address_follows(page):
    page.goto("/models/")
    page.evaluate("window.sameDocument = true")

    page.get_by_label("Search").press_sequentially("mixtral", delay=20)

    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"^2 of \d{3} models, by family\.$")
    )
    expect(page).to_have_url(re.compile(r"/models/\?search=mixtral$"))
    expect(page).to_have_title(re.compile("“mixtral”"))
    assert page.locator(".model__name").all_inner_texts() == ["Mixtral 8x7B", "Mixtral 8x22B"]
    assert page.evaluate("window.sameDocument")

    page.go_back()
    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"^All \d{3} models, by family: 1 to 60\.$")
    )


def test_a_wrong_size_is_said_beside_its_field(page):
    page.goto("/models/")

    page.get_by_label("Up to").fill("small")

    expect(page.locator("#filter-size_error")).to_contain_text("“small” is not one")
    expect(page.get_by_label("Up to")).to_have_attribute("aria-invalid", "true")


def test_without_javascript_the_filters_are_a_form(page_at):
    page = page_at(java_script=False)
    page.goto("/models/")

    page.get_by_label("Search").fill("phi")
    page.get_by_role("button", name="Show").click()

    expect(page).to_have_url(re.compile(r"/models/\?search=phi&kind=&size=$"))
    expect(page.locator(".model__name").first).to_contain_text("Phi")


@pytest.mark.parametrize("path", ["/models/", "/gpus/"])
def test_on_a_phone_a_list_is_short_and_what_one_taps_is_large_enough(page_at, path):
    page = page_at(390)
    page.goto(path)

    assert page.evaluate("document.documentElement.scrollHeight") < 9_000
    sizes = page.locator("tbody a, tbody summary, .pages a, .price-notes a").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"
    )
    assert len(sizes) > 50
    assert min(min(size) for size in sizes) >= 24

    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile(r": (26 to 50|61 to 120)\.$"))


def test_a_model_leads_to_its_page_and_on_into_the_calculator(page):
    page.goto("/models/?search=qwen3+8b")

    page.get_by_role("link", name="Qwen3 8B", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Qwen3 8B")
    page.get_by_role("link", name="Change length, batch, rank and more").click()

    expect(page).to_have_url(re.compile(r"/\?model=qwen3-8b$"))
    expect(page.locator("#headline")).to_contain_text("Qwen3 8B")


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_accessible_and_fit_their_width(page, assert_good_in_every_window, path):
    page.goto(path)

    assert_good_in_every_window(page, widths=(320, 390, 1280))
