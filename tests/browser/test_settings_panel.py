"""The settings' panel as JavaScript helps with it: the filter, and differences once a group opens."""

import re

from playwright.sync_api import expect


def test_a_filter_narrows_the_groups_and_asks_for_no_answer(page):
    page.goto("/?model=llama-3-1-8b")
    page.locator("#training-settings > summary").click()
    groups = page.locator(".settings__more:visible")
    expect(groups).to_have_count(7)
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    page.locator("#settings-filter").fill("galore")

    expect(groups).to_have_count(1)
    expect(page.locator("#optimizer")).to_be_visible()
    expect(page.locator("#optimizer_in_backward")).to_be_hidden()
    expect(page.locator("#settings-found")).to_have_text("2 settings")

    page.locator("#settings-filter").press("Enter")
    page.locator("#settings-filter").fill("no such thing")
    expect(page.locator("#settings-found")).to_have_text("No setting is called so")
    page.locator("#settings-filter").fill("")
    expect(groups).to_have_count(7)
    expect(page.locator(".settings__more[open]")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/\?model=llama-3-1-8b$"))
    assert not any("/fragments/training/" in url for url in asked)


def test_an_opened_group_says_what_each_option_changes_and_follows_the_answer(page):
    page.goto("/?model=llama-3-1-8b")
    page.locator("#training-settings > summary").click()
    page.locator("#settings-kernels > summary").click()
    page.locator("#differences-kernels").scroll_into_view_if_needed()
    eager = page.locator("#differences-kernels tr").filter(has_text="Eager").locator("td").first
    expect(eager).to_have_text(re.compile(r"^\+"))
    unchecked = page.locator("#differences-first tr").filter(has_text="Off").locator("td").first
    expect(unchecked).to_have_text(re.compile(r"^\+"))
    before = eager.inner_text(), unchecked.inner_text()

    page.locator("#sequence_length").fill("8192")

    expect(eager).not_to_have_text(before[0])
    expect(unchecked).not_to_have_text(before[1])
    page.locator("#differences-kernels a").filter(has_text="Eager").click()
    expect(page.locator("#attention")).to_have_value("eager")
    expect(page).to_have_url(re.compile(r"sequence_length=8192&attention=eager$"))
    expect(eager).to_have_text("now")
