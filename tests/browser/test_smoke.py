"""The first page opens cleanly in every kind of window."""

import pytest
from django.contrib import admin

PAGES = ["/", "/inference/", "/faq/", "/gpus/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_and_is_accessible(path, page_at, width, color_scheme, assert_accessible):
    page = page_at(width, color_scheme=color_scheme)

    response = page.goto(path)

    assert response.status == 200
    assert page.locator("h1").count() == 1
    assert_accessible(page)


@pytest.mark.parametrize("path", PAGES)
def test_no_page_scrolls_sideways(path, page_at, width):
    page = page_at(width)

    page.goto(path)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_without_javascript(path, page_at):
    page = page_at(java_script=False)

    page.goto(path)

    assert page.locator("h1").is_visible()


def test_an_editor_reaches_the_admin(page, log_in, admin_user):
    log_in(page, admin_user)

    page.goto("/admin/")

    assert page.locator("h1").inner_text() == admin.site.index_title
