"""Where a visitor could lose the thread: clicks that throw the page about, answers that do not come."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from tests.browser.conftest import AT_REST

PRECISE = "/?model=llama-3.1-8b&sequence_length=4096&micro_batch=2"


def top_of(page, selector):
    return page.locator(selector).evaluate("element => element.getBoundingClientRect().top")


def until(page, is_so):
    """Wait for what holds sooner or later: a page that is just being left says nothing."""
    for _ in range(100):
        with suppress(PlaywrightError):
            if is_so():
                return
        page.wait_for_timeout(100)
    assert is_so()


def test_a_saving_shows_its_card_and_does_not_throw_the_page_about(page_at, width):
    page = page_at(width, height=844)
    page.goto(PRECISE)

    # Twice: the second answer comes with a panel of settings that is open.
    for change in ("loss=chunked", "prepare_kbit=false"):
        page.locator("#card-qlora .savings a[hx-get]").first.click()
        expect(page).to_have_url(re.compile(change))
        expect(page.locator("#answer")).not_to_have_class(re.compile("htmx-request"))
        page.evaluate(AT_REST)

        assert -1 <= top_of(page, "#card-qlora") <= 300
        expect(page.locator("#card-qlora .card__figure")).to_be_in_viewport()


@pytest.mark.parametrize("path", [PRECISE, "/fit/?model=llama-3.1-8b&method=qlora"])
def test_offline_a_click_says_so_and_asks_again_when_the_line_is_back(page_at, problems, path):
    problems.expect("ERR_INTERNET_DISCONNECTED")
    problems.expect("htmx:sendError")
    problems.expect("htmx:afterRequest")
    page = page_at()
    page.goto(path)
    figures = page.locator(".card__figure, .setup__memory").first.inner_text()

    page.context.set_offline(True)
    field = page.locator("#sequence_length, #fit-examples").first
    field.fill("8192")
    message = page.get_by_role("alert")

    expect(message).to_contain_text("You are offline. What you see is the last answer.")
    expect(message).to_be_in_viewport()
    assert page.locator(".card__figure, .setup__memory").first.inner_text() == figures

    page.context.set_offline(False)

    expect(message).to_be_empty()
    expect(page).to_have_url(re.compile("8192"))


def test_a_site_that_fails_says_so_and_keeps_the_answer(page, problems):
    problems.expect("503")
    page.goto("/")
    page.route("**/fragments/**", lambda route: route.fulfill(status=503, body="busy"))

    page.get_by_role("link", name="13B", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("could not answer (error 503)")
    expect(page.locator("#headline")).to_contain_text("7B model")

    page.unroute("**/fragments/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#headline")).to_contain_text("13B model")
    expect(page.get_by_role("alert")).to_be_empty()


def test_what_answers_while_one_types_has_its_button_only_without_a_script(page_at):
    page, plain = page_at(), page_at(java_script=False)
    for path in (PRECISE, "/gpus/", "/fit/?model=llama-3.1-8b&method=qlora"):
        page.goto(path)
        assert page.get_by_role("button", name=re.compile("^Show")).count() == 0
        plain.goto(path)
        expect(plain.get_by_role("button", name=re.compile("^Show")).first).to_be_visible()


@pytest.mark.parametrize(
    ("path", "field", "typed", "says"),
    [
        (PRECISE, "#sequence_length", "8k", "2 × 8,192 tokens"),
        (PRECISE, "#sequence_length", "8,192", "2 × 8,192 tokens"),
        (
            "/inference/?model=llama-3.1-8b&context_length=4096",
            "#context_length",
            "32K",
            "32,768 tokens",
        ),
        ("/", "#size", "500M", "0.5B model"),
    ],
)
def test_numbers_are_understood_as_people_type_them(page, path, field, typed, says):
    page.goto(path)
    page.locator(field).fill(typed)
    expect(page.locator("#headline")).to_contain_text(says)
    expect(page.locator(field)).to_have_value(typed)


def test_a_price_without_its_gpu_leaves_the_setups_where_they_are(page_at):
    for java_script in (True, False):
        page = page_at(java_script=java_script)
        page.goto("/fit/?model=llama-3.1-8b&method=qlora" + ("" if java_script else "&price=1.5"))
        if java_script:
            page.get_by_label("Your price").fill("1.5")

        expect(page.locator("#fit-price_gpu_error")).to_contain_text(
            "Say which GPU has this price"
        )
        expect(page.locator("table.setups tbody tr")).to_have_count(20)
        expect(page.locator("#last-answer")).to_be_hidden()


def test_a_run_may_be_stated_by_its_tokens_in_all(page):
    page.goto("/fit/?model=llama-3.1-8b&method=qlora")
    page.get_by_label("Or tokens in all").fill("50M")

    expect(page.locator(".fit-assumptions li").first).to_contain_text("50 million tokens")
    expect(page).to_have_url(re.compile("total_tokens=50000000"))


def test_a_page_opened_with_a_mistake_says_what_it_answers_instead(page, assert_accessible):
    page.goto("/?size=abc&sequence_length=4096")

    expect(page.locator("#size-error")).to_contain_text("“abc”")
    expect(page.locator("#instead")).to_contain_text("Below is the answer for a 7B model, instead")
    expect(page.locator("#headline")).to_contain_text("4,096 tokens")
    expect(page.locator("#last-answer")).to_be_hidden()
    assert_accessible(page)
    page.locator("#instead").get_by_role("link").click()
    expect(page.get_by_label("Or type a size")).to_be_in_viewport()
    page.get_by_label("Or type a size").fill("8")
    expect(page.locator("#headline")).to_contain_text("8B model")
    expect(page.locator("#instead")).to_have_count(0)
    page.get_by_label("Or type a size").fill("x")
    expect(page.locator("#last-answer")).to_be_visible()
    assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    assert_accessible(page)


def test_an_answer_is_added_to_the_comparison_that_was_looked_at_last(page_at):
    page = page_at()
    page.goto(PRECISE)
    page.get_by_role("link", name="Add QLoRA to the comparison").click()
    expect(page.locator(".compare thead th")).to_have_count(1)

    page.goto("/fit/?model=qwen3-4b&method=lora")
    page.locator("#fit-compare").click()
    expect(page.locator(".compare thead th")).to_have_count(2)
    expect(page.locator(".compare thead th").first).to_contain_text("Llama 3.1 8B")
    expect(page.locator(".compare thead th").nth(1)).to_contain_text("Qwen3 4B")

    page.goto("/gpus/rtx-4090/")
    page.get_by_role("link", name="Add QLoRA of Phi-4 14B to the comparison").click()
    expect(page.locator(".compare thead th").nth(2)).to_contain_text("Phi-4 14B")
    page.goto("/why/?model=qwen3-8b&method=qlora&amount=20")
    page.locator("#why-compare").click()
    expect(page.locator(".compare thead th")).to_have_count(4)

    plain = page_at(java_script=False)
    plain.goto("/fit/?model=qwen3-4b&method=lora")
    plain.locator("#fit-compare").click()
    expect(plain.locator(".compare thead th")).to_have_count(1)


def test_back_and_forward_land_where_the_reader_was(page_at, width):
    page = page_at(width, height=844)
    page.goto(PRECISE)
    saving = page.locator("#card-qlora .savings a[hx-get]").first
    saving.scroll_into_view_if_needed()
    was = top_of(page, "#card-qlora")

    saving.click()
    expect(page).to_have_url(re.compile("loss=chunked"))
    until(page, lambda: page.evaluate("Boolean(history.state?.place)"))
    came = top_of(page, "#card-qlora")
    assert abs(came - was) > 100

    for move, place in ((page.go_back, was), (page.go_forward, came), (page.go_back, was)):
        move()
        until(page, lambda place=place: abs(top_of(page, "#card-qlora") - place) < 8)
