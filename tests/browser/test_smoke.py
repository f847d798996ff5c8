"""The first page opens cleanly in every kind of window."""

import pytest
from django.contrib import admin

LARGEST_LAYOUT_SHIFT = 0.01

PAGES = ["/", "/inference/", "/faq/", "/faq/lora-vs-qlora/", "/gpus/", "/why/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_and_is_good_in_every_window(path, page, assert_good_in_every_window):
    response = page.goto(path)

    assert response.status == 200
    assert page.locator("h1").count() == 1
    assert_good_in_every_window(page)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shifts_while_it_loads(path, page_at, width):
    page = page_at(width)
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shift += entry.value;
        }).observe({type: "layout-shift", buffered: true});"""
    )

    page.goto(path, wait_until="networkidle")

    # Here the page was loaded at this width; elsewhere the window is only made narrower.
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.shift") < LARGEST_LAYOUT_SHIFT


def test_every_page_opens_without_javascript(page_at):
    page = page_at(java_script=False)

    for path in PAGES:
        page.goto(path)

        assert page.locator("h1").is_visible(), path


def test_a_missing_page_is_accessible_and_leads_on(page, assert_good_in_every_window, problems):
    problems.expect("status of 404")

    response = page.goto("/faq/no-such-answer/")

    assert response.status == 404
    assert_good_in_every_window(page)
    page.get_by_role("link", name="Open the calculator").click()
    assert page.locator("#headline").is_visible()


def test_an_editor_reaches_the_admin(page, log_in, admin_user):
    log_in(page, admin_user)

    page.goto("/admin/")

    assert page.locator("h1").inner_text() == admin.site.index_title
