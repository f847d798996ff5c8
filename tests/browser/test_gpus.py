"""What a visitor does with the list of GPUs, in a real browser."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, Route, expect

from gpus.models import Gpu, MemoryTier
from tests.browser.conftest import answer_at_last
from tests.gpus.price_rows import observe

PAGES = [
    "/gpus/",
    "/gpus/?vendor=NVIDIA&memory=24&sort=-cloud_price",
    "/gpus/?memory=100000",
    "/gpus/?vendor=AMD&memory=100000",
    "/gpus/?memory=lots&vendor=3dfx&sort=size",
]

LONG_AGO = dt.date(2020, 1, 31)


@pytest.fixture(autouse=True)
def catalog_of_four(site):
    """Four GPUs whose figures the tests know, in place of the site's own."""
    Gpu.objects.all().delete()
    shop = {"source_name": "A shop", "source_url": "https://example.com/shop"}
    cloud = {"source_name": "A cloud", "source_url": "https://example.com/cloud"}
    rows = [
        ("rx-7600", "Radeon RX 7600", "AMD", "consumer", 8, None, None),
        ("rtx-3090", "GeForce RTX 3090", "NVIDIA", "consumer", 24, 990, "0.22"),
        ("rtx-4090", "GeForce RTX 4090", "NVIDIA", "consumer", 24, 1599, "0.34"),
        ("h100-sxm", "H100 SXM", "NVIDIA", "datacenter", 80, 33600, "2.69"),
    ]
    for slug, name, vendor, audience, memory_gb, retail, hourly in rows:
        tier, _ = MemoryTier.objects.get_or_create(
            memory_gb=memory_gb, defaults={"label": f"{memory_gb} GB", "audience": audience}
        )
        gpu = Gpu.objects.create(
            slug=slug,
            name=name,
            short_name=name,
            vendor=vendor,
            audience=audience,
            tier=tier,
            bandwidth_gb_per_s=1000,
            bf16_dense_tflops=100,
            bf16_tflops_basis="derived: from the shader rate",
            source="A data sheet",
        )
        if retail:
            observe(gpu, "buy_street", retail, LONG_AGO, **shop)
            observe(gpu, "rent_on_demand", hourly, LONG_AGO, **cloud)


def names(page: Page) -> list[str]:
    return page.locator(".gpu__model").all_inner_texts()


def status(page: Page):
    return page.locator("#gpu-status")


def test_an_earlier_link_to_a_row_that_is_not_on_the_page_leads_to_its_own(page):
    page.goto("/gpus/?vendor=AMD#rtx-4090")

    page.wait_for_url("**/gpus/rtx-4090/")


def test_a_heading_sorts_and_the_address_and_the_title_follow(page):
    page.goto("/gpus/?vendor=NVIDIA")
    page.evaluate("window.sameDocument = true")

    page.get_by_role("link", name="To rent").click()

    expect(status(page)).to_have_text("3 of 4 GPUs, cheapest to rent first.")
    expect(page).to_have_url(re.compile(r"/gpus/\?vendor=NVIDIA&sort=cloud_price$"))
    assert names(page) == ["GeForce RTX 3090", "GeForce RTX 4090", "H100 SXM"]
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("To rent")
    expect(page.get_by_role("link", name="To rent")).to_be_focused()

    page.get_by_role("link", name="To rent").click()

    expect(page).to_have_url(re.compile(r"sort=-cloud_price$"))
    assert names(page) == ["H100 SXM", "GeForce RTX 4090", "GeForce RTX 3090"]
    assert page.evaluate("window.sameDocument") is True


def test_the_choice_of_order_follows_the_headings_and_is_kept_by_the_filters(page):
    page.goto("/gpus/")
    page.get_by_role("link", name="To buy").click()
    expect(page).to_have_url(re.compile("sort=retail_price$"))
    expect(page.locator("#filter-sort")).to_have_value("retail_price")

    page.get_by_label("Vendor").select_option("NVIDIA")

    expect(page).to_have_url(re.compile(r"/gpus/\?vendor=NVIDIA&sort=retail_price$"))
    expect(page).to_have_title(re.compile("^NVIDIA GPUs"))
    assert names(page) == ["GeForce RTX 3090", "GeForce RTX 4090", "H100 SXM"]


def test_on_a_phone_one_sorts_by_a_choice_again_and_again(page_at):
    page = page_at(390)
    page.goto("/gpus/")

    page.get_by_label("Sort by").select_option("-retail_price")
    expect(page).to_have_url(re.compile("sort=-retail_price$"))
    assert names(page)[0] == "H100 SXM"

    page.get_by_label("Sort by").select_option("retail_price")
    expect(page).to_have_url(re.compile("sort=retail_price$"))
    assert names(page)[0] == "GeForce RTX 3090"


def test_typing_filters_while_one_types_and_keeps_the_focus(page):
    page.goto("/gpus/")
    field = page.get_by_label("Search")

    field.press_sequentially("rtx 4090", delay=30)

    expect(status(page)).to_have_text("1 of 4 GPUs, least memory first.")
    expect(page).to_have_url(re.compile(r"/gpus/\?search=rtx\+4090$"))
    expect(field).to_be_focused()
    expect(field).to_have_value("rtx 4090")


def test_an_older_list_never_replaces_a_newer_one(page, problems):
    # htmx says so on the console when a newer question aborts an older one.
    problems.expect("htmx:sendAbort")
    problems.expect("htmx:afterRequest")
    page.goto("/gpus/")

    held: list[Route] = []
    page.route("**/gpus/table/?search=rtx&*", lambda route: held.append(route))
    field = page.get_by_label("Search")

    field.fill("rtx")
    with page.expect_request("**/gpus/table/?search=rtx&*"):
        pass
    field.fill("h100")

    expect(status(page)).to_have_text("1 of 4 GPUs, least memory first.")
    answer_at_last(page, held)
    assert names(page) == ["H100 SXM"]
    expect(page).to_have_url(re.compile(r"search=h100$"))


def wait_for_htmx(page: Page) -> None:
    """Back is for htmx to notice: not before it has started on the page that came back."""
    page.wait_for_function("window.htmx && document.readyState === 'complete'")


def test_back_forward_and_reload_show_what_the_address_says(page):
    page.goto("/gpus/")
    page.get_by_label("Vendor").select_option("NVIDIA")
    expect(page).to_have_url(re.compile("vendor=NVIDIA$"))
    page.get_by_label("Memory from (GB)").fill("80")
    expect(page).to_have_url(re.compile("memory=80$"))

    page.go_back()
    expect(status(page)).to_have_text("3 of 4 GPUs, least memory first.")
    expect(page.get_by_label("Memory from (GB)")).to_have_value("")
    expect(page.get_by_label("Vendor")).to_have_value("NVIDIA")
    expect(page.locator("header.site-header")).to_have_count(1)
    wait_for_htmx(page)

    page.go_back()
    expect(status(page)).to_have_text("All 4 GPUs, least memory first.")
    expect(page.get_by_label("Vendor")).to_have_value("")
    wait_for_htmx(page)

    page.go_forward()
    expect(status(page)).to_have_text("3 of 4 GPUs, least memory first.")

    page.reload()
    expect(status(page)).to_have_text("3 of 4 GPUs, least memory first.")
    expect(page.get_by_label("Vendor")).to_have_value("NVIDIA")


def test_enter_after_typing_does_not_make_back_need_two_steps(page):
    page.goto("/gpus/")
    field = page.get_by_label("Search")
    field.fill("h100")
    expect(page).to_have_url(re.compile("search=h100$"))

    with page.expect_response("**/gpus/table/*"):
        field.press("Enter")

    page.go_back()
    expect(page).to_have_url(re.compile("/gpus/$"))


def test_bad_input_shows_an_error_beside_the_field_and_keeps_the_last_table_dimmed(page):
    page.goto("/gpus/")
    field = page.get_by_label("Memory from (GB)")

    field.fill("lots")

    expect(page.locator("#filter-memory_error")).to_contain_text("“lots” is not one")
    expect(page.locator("#last-answer")).to_be_visible()
    expect(page.locator("table")).to_be_visible()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("lots")
    expect(status(page)).to_have_text("No list yet. Check: Memory from (GB).")

    field.fill("24")

    expect(status(page)).to_have_text("3 of 4 GPUs, least memory first.")
    expect(page.locator("#filter-memory_error")).to_be_empty()
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_an_empty_list_says_what_to_loosen(page):
    page.goto("/gpus/?vendor=AMD")
    page.get_by_label("Memory from (GB)").fill("24")
    expect(status(page)).to_have_text("None of 4 GPUs fits.")

    page.get_by_role("link", name="Without “AMD”").click()

    expect(status(page)).to_have_text("3 of 4 GPUs, least memory first.")
    expect(page.get_by_label("Vendor")).to_have_value("")
    expect(page.get_by_label("Memory from (GB)")).to_have_value("24")

    page.get_by_role("link", name="Clear all filters").click()

    expect(page).to_have_url(re.compile("/gpus/$"))


def test_a_link_to_a_gpu_leads_to_its_row(page_at, width):
    page = page_at(width)

    page.goto("/gpus/#rtx-4090")

    row = page.locator("#rtx-4090")
    expect(row).to_be_in_viewport()
    assert row.evaluate("row => row.matches(':target')")


def test_the_evidence_of_a_figure_is_one_step_away(page_at, width, assert_accessible):
    page = page_at(width)
    page.goto("/gpus/")
    row = page.locator("#rtx-4090")

    row.locator("summary").click()

    expect(row.get_by_text("derived: from the shader rate")).to_be_visible()
    expect(row.get_by_text("Specifications: A data sheet.")).to_be_visible()
    assert_accessible(page)


def test_on_a_phone_a_gpu_is_a_block_with_its_labels(page_at):
    page = page_at(390)
    page.goto("/gpus/")
    row = page.locator("#rtx-4090")

    assert row.bounding_box()["height"] < 300
    expect(row.get_by_text("24 GB")).to_be_visible()
    label = "cell => getComputedStyle(cell, '::before').content"
    assert "Bandwidth" in row.locator(".gpu__bandwidth").evaluate(label)
    # A price that is not known takes no space.
    assert page.locator("#rx-7600 .gpu__cloud_price").bounding_box()["height"] <= 1


def test_the_headings_are_there_for_screen_readers_at_every_width(page_at, width):
    page = page_at(width)
    page.goto("/gpus/")

    expect(page.get_by_role("columnheader")).to_have_count(7)
    expect(page.get_by_role("rowheader")).to_have_count(4)
    expect(page.locator("#rtx-4090").get_by_role("cell")).to_have_count(6)


def test_a_heading_that_has_the_focus_is_visible_on_a_phone_too(page_at):
    page = page_at(390)
    page.goto("/gpus/")

    page.get_by_role("link", name="Bandwidth").focus()

    box = page.get_by_role("link", name="Bandwidth").bounding_box()
    assert box["width"] > 20
    assert box["height"] > 12


def test_the_headings_stay_in_view_on_a_laptop(page_at):
    page = page_at(1280, height=300)
    page.goto("/gpus/")

    page.locator("#h100-sxm").scroll_into_view_if_needed()

    expect(page.get_by_role("columnheader", name="Memory")).to_be_in_viewport()


def test_without_javascript_the_form_and_the_headings_do_the_same(page_at):
    page = page_at(java_script=False)
    page.goto("/gpus/")

    page.get_by_label("Vendor").select_option("NVIDIA")
    page.get_by_label("Memory from (GB)").fill("24")
    page.get_by_role("button", name="Show").click()
    assert status(page).inner_text() == "3 of 4 GPUs, least memory first."

    page.get_by_role("link", name="To buy").click()
    assert page.url.endswith("/gpus/?vendor=NVIDIA&memory=24&sort=retail_price")
    assert names(page) == ["GeForce RTX 3090", "GeForce RTX 4090", "H100 SXM"]

    page.get_by_label("Search").fill("rtx")
    page.get_by_role("button", name="Show").click()
    assert names(page) == ["GeForce RTX 3090", "GeForce RTX 4090"]
    assert "sort=retail_price" in page.url


@pytest.mark.parametrize("path", PAGES)
def test_nothing_scrolls_sideways_and_axe_finds_nothing(page, assert_good_in_every_window, path):
    page.goto(path)

    for width in (320, 390, 768, 960, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator("main").evaluate("main => main.scrollWidth") <= width, width
    assert_good_in_every_window(page)
