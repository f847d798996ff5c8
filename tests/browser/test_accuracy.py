"""The accuracy and methodology pages in a real browser."""

import re

import pytest
from playwright.sync_api import expect

PAGES = ["/accuracy/", "/accuracy/?method=dpo&page=two&reports=0", "/methodology/"]


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_accessible_and_no_wider_than_the_window(
    page, assert_good_in_every_window, path
):
    page.goto(path)

    assert_good_in_every_window(page)


def test_the_navigation_takes_one_line_below_the_name_on_a_phone(page_at):
    page = page_at(390)
    page.goto("/accuracy/")

    tops = {round(link.bounding_box()["y"]) for link in page.locator(".site-nav a").all()}

    assert len(tops) == 1


def test_a_filter_leads_to_its_rows_without_java_script(page_at):
    page = page_at(1280, java_script=False)
    page.goto("/accuracy/")

    page.get_by_label("Method", exact=True).select_option("lora")
    page.get_by_role("button", name="Show").click()

    expect(page).to_have_url(re.compile(r"/accuracy/\?.*method=lora.*#rows$"))
    assert set(page.locator(".runs:not(.runs--reports) .runs__method").all_text_contents()) == {
        "LoRA"
    }


def test_points_differ_by_shape_and_not_by_colour_alone(page):
    page.goto("/accuracy/")

    for method, shape in [("full", "rect"), ("lora", "circle"), ("qlora", "path")]:
        assert page.locator(f".plot__drawing {shape}.point--{method}").count() > 0
        assert page.locator(f".plot__drawing :not({shape}).point--{method}").count() == 0


def test_a_link_to_a_term_leads_to_it(page):
    page.goto("/methodology/#logits_and_loss")

    expect(page.get_by_role("heading", name="Logits and loss")).to_be_in_viewport()
