"""Long pages are folded: what links lead to opens, what is searched, read or printed is all there."""

import pytest
from playwright.sync_api import expect

from calculator.estimation.estimate import COMPONENTS

# What other pages, answers and people's bookmarks lead to.
ANCHORS = {
    "/accuracy/": ("summary", "rows", "field", "reports", "off", "left-out", "peers", "sources"),
    "/methodology/": (
        *("units", "rule-of-thumb", "phases", "resident", "activations", "passing"),
        *("example", "trainers", "sharding", "time", "limits", "versions", *COMPONENTS),
    ),
    "/api/": (
        *("document", "request", "shapes", "errors", "embed", "command"),
        *("post_estimate", "get_estimate", "get_fit", "get_my_gpu", "post_import_config"),
        *("get_models", "get_models_by_slug", "get_tiers_by_memory_gb", "get_presets_by_slug"),
        *("shape-Estimate", "shape-Errors", "shape-Fit", "shape-Tiers"),
    ),
}


def assert_leads_to(page, path, anchor):
    page.goto(f"{path}#{anchor}")
    expect(page.locator(f"[id='{anchor}']")).to_be_in_viewport()


@pytest.mark.parametrize("path", ANCHORS)
def test_every_link_into_a_long_page_leads_to_what_is_seen_without_javascript(page_at, path):
    page = page_at(390, java_script=False)
    for anchor in ANCHORS[path]:
        assert_leads_to(page, path, anchor)


def test_a_link_to_a_row_or_a_report_opens_the_fold_that_it_is_in(page_at):
    page = page_at(390, java_script=False)
    page.goto("/accuracy/")
    for rows in page.locator(".fold--rows tbody").all():
        last = rows.locator("tr").last
        expect(last).to_be_hidden()
        assert_leads_to(page, "/accuracy/", last.get_attribute("id"))


def test_from_anywhere_on_a_phone_the_contents_are_one_tap_away(page_at):
    page = page_at(390)
    for path in ANCHORS:
        page.goto(path)
        page.locator("main section").last.scroll_into_view_if_needed()

        page.locator(".to-contents").click()

        expect(page.locator("#contents")).to_be_in_viewport()


def test_everything_opens_at_once_for_who_reads_it_through_and_on_paper(page, assert_accessible):
    page.goto("/methodology/")
    text = page.get_by_text("Adafactor works in fp32 on the largest matrix")
    expect(text).to_be_hidden()

    page.get_by_role("button", name="Open everything").click()
    expect(text).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Close everything").click()
    expect(text).to_be_hidden()

    page.emulate_media(media="print")
    expect(text).to_be_visible()
