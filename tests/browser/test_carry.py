"""Taking a configuration along and bringing one in, in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.calculator.carrying.published import PUBLISHED

EXPORT = "/export/trl/?model=llama-3-1-8b&method=full&gpu_count=8&strategy=zero3"
TEXT = next(each.text for each in PUBLISHED if each.file == "axolotl-llama-3-qlora.yaml")


@pytest.mark.parametrize("path", [EXPORT, "/import/"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    page, assert_good_in_every_window, path
):
    page.goto(path)

    assert_good_in_every_window(page)


def test_a_file_is_copied_whole(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(EXPORT)

    page.get_by_role("button", name="Copy deepspeed.json").click()

    expect(page.locator("#copy-status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#deepspeed-json").text_content()


def test_a_configuration_is_read_without_javascript(page_at):
    page = page_at(java_script=False)
    page.goto("/import/")

    page.get_by_label("Configuration", exact=True).fill(TEXT)
    page.get_by_role("button", name="Read it").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("QLoRA of Llama 3 8B")
    expect(page.get_by_role("row").filter(has_text="lora_r: 32")).to_contain_text("Rank: 32")
    page.get_by_role("link", name="Every figure explained").click()
    expect(page.locator("#card-qlora")).to_be_visible()


def test_axe_finds_nothing_in_an_answer_line_by_line(page, assert_good_in_every_window):
    page.goto("/import/")
    page.get_by_label("Configuration", exact=True).fill(f"{TEXT}\nlisa_n_layers: 2\nno_such: 1\n")
    page.get_by_role("button", name="Read it").click()

    expect(page.locator(".carry-line--unknown")).to_have_count(1)
    assert_good_in_every_window(page)
