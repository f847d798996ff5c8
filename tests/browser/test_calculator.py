"""What a visitor does with the calculator, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import AT_REST, answer_at_last
from tests.browser.test_smoke import LARGEST_LAYOUT_SHIFT

# Beside the first page, of which test_smoke.py asks the same.
PAGES = ["/?size=13", "/?size=abc", "/?size=2000"]


def figures(page: Page) -> list[str]:
    return [
        text.replace("\u00a0", " ") for text in page.locator(".card__figure").all_inner_texts()
    ]


def test_a_tapped_size_changes_the_answer_the_address_and_the_title(page):
    page.goto("/")

    page.get_by_role("link", name="13B", exact=True).click()

    expect(page.locator("#headline")).to_contain_text("13B model")
    expect(page).to_have_url(re.compile(r"/\?size=13$"))
    expect(page).to_have_title(re.compile("Fine-tune a 13B model"))
    expect(page.locator("#size")).to_have_value("13")
    expect(page.locator("#sizes [aria-current]")).to_have_text("13B")
    expect(page.locator("#announcement")).to_contain_text("13B model")
    assert figures(page) == ["234 GB", "31.2 GB", "11.1 GB"]


def test_swapping_the_cards_loads_no_new_page(page):
    page.goto("/")
    page.evaluate("window.sameDocument = true")

    page.get_by_role("link", name="70B", exact=True).click()

    expect(page.locator("#headline")).to_contain_text("70B model")
    assert page.evaluate("window.sameDocument") is True


def test_typing_a_size_answers_while_one_types_and_keeps_the_focus(page):
    page.goto("/")
    field = page.get_by_label("Or type a size")

    field.fill("")
    field.press_sequentially("32", delay=40)

    expect(page.locator("#headline")).to_contain_text("32B model")
    expect(page).to_have_url(re.compile(r"/\?size=32$"))
    expect(field).to_be_focused()
    expect(field).to_have_value("32")


def test_an_older_answer_never_replaces_a_newer_one(page, problems):
    # htmx reports the question that a newer one replaced as an error.
    problems.expect("htmx:sendAbort")
    problems.expect("htmx:afterRequest")
    page.goto("/")

    held: list[Route] = []
    page.route("**/fragments/training/?size=13", lambda route: held.append(route))

    with page.expect_request("**/fragments/training/?size=13"):
        page.get_by_role("link", name="13B", exact=True).click()
    page.get_by_role("link", name="70B", exact=True).click()

    expect(page.locator("#headline")).to_contain_text("70B model")
    answer_at_last(page, held)
    expect(page.locator("#headline")).to_contain_text("70B model")
    expect(page).to_have_url(re.compile(r"size=70$"))


def test_a_search_that_comes_after_a_model_was_chosen_opens_no_list(page: Page):
    page.goto("/")
    page.locator("#model").fill("llama 3.1 8b")
    chosen = page.locator("#model-results a").first
    expect(chosen).to_contain_text("Llama 3.1 8B")

    held: list[Route] = []
    page.route("**/fragments/models/**", lambda route: held.append(route))
    with page.expect_request("**/fragments/models/**"):
        page.locator("#model").press_sequentially(" ")
    chosen.click()
    expect(page.locator(".card--precise")).to_have_count(3)
    answer_at_last(page, held)

    expect(page.locator("#model-results a")).to_have_count(0)
    expect(page.locator("#announcement")).to_contain_text("Llama 3.1 8B")


def test_an_answer_whose_link_is_gone_is_shown_whole(page: Page):
    page.goto("/")
    page.evaluate("window.sameDocument = true")

    def answer_late(route: Route) -> None:
        response = route.fetch()
        page.locator("#sizes").evaluate(
            "(element) => element.replaceWith(element.cloneNode(true))"
        )
        route.fulfill(response=response)

    page.route("**/fragments/training/?size=13", answer_late, times=1)
    page.get_by_role("link", name="13B", exact=True).click()

    expect(page.locator("#headline")).to_contain_text("13B model")
    expect(page.locator("#announcement")).to_contain_text("13B model")
    expect(page).to_have_url(re.compile(r"/\?size=13$"))
    assert page.evaluate("window.sameDocument") is True


def test_back_forward_and_reload_show_what_the_address_says(page):
    page.goto("/?size=7")
    page.get_by_role("link", name="13B", exact=True).click()
    expect(page).to_have_url(re.compile("size=13$"))
    page.get_by_role("link", name="70B", exact=True).click()
    expect(page).to_have_url(re.compile("size=70$"))

    page.go_back()
    expect(page.locator("#headline")).to_contain_text("13B model")
    expect(page.locator("#size")).to_have_value("13")
    expect(page.locator("header.site-header")).to_have_count(1)
    expect(page).to_have_title(re.compile("13B"))

    page.go_back()
    expect(page.locator("#headline")).to_contain_text("For a 7B model")

    page.go_forward()
    expect(page.locator("#headline")).to_contain_text("13B model")

    page.reload()
    expect(page.locator("#headline")).to_contain_text("13B model")
    assert figures(page) == ["234 GB", "31.2 GB", "11.1 GB"]


def test_back_twice_in_a_row_shows_what_the_address_says(page):
    page.goto("/?size=7")
    for size in ("13", "70"):
        page.get_by_role("link", name=f"{size}B", exact=True).click()
        expect(page).to_have_url(re.compile(f"size={size}$"))

    held = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route("**/htmx-2*.js", hold_the_first)
    with page.expect_request("**/htmx-2*.js"):
        page.evaluate("history.back()")
    # The second press comes while the page of the first is loading, without htmx as yet.
    page.evaluate("history.back()")
    held[0].continue_()

    expect(page).to_have_url(re.compile("size=7$"))
    expect(page.locator("#headline")).to_contain_text("For a 7B model")
    expect(page.locator("#size")).to_have_value("7")


def test_back_from_another_page_shows_a_whole_page(page):
    page.goto("/")
    page.get_by_role("link", name="13B", exact=True).click()
    expect(page).to_have_url(re.compile("size=13$"))
    page.get_by_role("link", name="FAQ").click()
    expect(page).to_have_url(re.compile("/faq/$"))

    page.go_back()

    expect(page.locator("header.site-header")).to_be_visible()
    expect(page.locator("#headline")).to_contain_text("13B model")


def test_bad_input_shows_an_error_beside_the_field_and_keeps_the_last_answer_dimmed(page):
    page.goto("/")
    field = page.get_by_label("Or type a size")

    field.fill("seven")

    expect(page.locator("#size-error")).to_contain_text("“seven” is not one")
    expect(page.locator("#last-answer")).to_contain_text("still the last answer")
    expect(page.locator("#answer")).to_have_css("filter", "grayscale(1)")
    assert figures(page) == ["126 GB", "16.8 GB", "6 GB"]
    expect(field).to_have_value("seven")
    expect(field).to_have_attribute("aria-invalid", "true")

    field.fill("8")

    expect(page.locator("#headline")).to_contain_text("8B model")
    expect(page.locator("#last-answer")).to_be_hidden()
    expect(page.locator("#answer")).to_have_css("filter", "none")
    expect(page.locator("#size-error")).to_be_empty()
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_without_javascript_the_button_and_the_sizes_do_the_same(page_at):
    page = page_at(java_script=False)
    page.goto("/")

    page.get_by_label("Or type a size").fill("13")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("/?size=13")
    assert figures(page) == ["234 GB", "31.2 GB", "11.1 GB"]

    page.get_by_role("link", name="70B", exact=True).click()
    assert page.url.endswith("/?size=70")
    assert figures(page) == ["1,260 GB", "168 GB", "59.5 GB"]


def test_everything_is_within_reach_of_the_keyboard(page):
    page.goto("/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("link", name="8B", exact=True).focus()
    page.keyboard.press("Enter")

    expect(page.locator("#headline")).to_contain_text("8B model")
    # The sizes were swapped under the focus; it must not fall back to the top of the page.
    expect(page.get_by_role("link", name="8B", exact=True)).to_be_focused()


def test_swapping_cards_shifts_no_layout(page_at):
    page = page_at(390, height=844)
    page.goto("/")
    page.evaluate(
        """() => {
            window.shift = 0;
            new PerformanceObserver((list) => {
                for (const entry of list.getEntries())
                    if (!entry.hadRecentInput) window.shift += entry.value;
            }).observe({type: "layout-shift", buffered: true});
        }"""
    )

    for size in ("8B", "13B", "14B"):
        # A click of a script is no tap, after which a browser forgives shifts for half a second.
        page.evaluate(
            "name => setTimeout(() => [...document.querySelectorAll('#sizes a')]"
            ".find((a) => a.textContent === name).click(), 0)",
            size,
        )
        expect(page.locator("#headline")).to_contain_text(f"{size} model")
        page.evaluate(AT_REST)

    assert page.evaluate("window.shift") < LARGEST_LAYOUT_SHIFT


def test_the_answer_is_on_the_first_screen_of_a_phone(page_at):
    page = page_at(390, height=844)
    page.goto("/")

    for part in ("#sizes", "#headline", ".ruler__drawing"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 844, part


def test_the_narrowest_phone_and_double_zoom_do_not_scroll_sideways(page_at):
    page = page_at(320)
    page.goto("/?size=2000")

    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    page, assert_good_in_every_window, path
):
    page.goto(path)

    assert_good_in_every_window(page)


def test_a_printed_page_is_the_answer_in_ink_on_white(page_at):
    page = page_at(color_scheme="dark")
    page.emulate_media(media="print")
    page.goto("/?size=13")

    expect(page.locator("#headline")).to_be_visible()
    expect(page.locator(".card")).to_have_count(3)
    for control in ("#sizes", "#size", ".site-nav"):
        expect(page.locator(control)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(21, 24, 28)"
