"""An editor brings 200 prices in one paste and takes a table out, at a desk and on a phone."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect

from calculator.bulk.reading.files import read_file
from calculator.bulk.tables import BULK_TABLES
from calculator.bulk.writing import export
from gpus.models import Gpu
from gpus.prices.models import PriceObservation


@pytest.fixture
def editor(site) -> User:
    editor = User.objects.create_user("editor", password="a long secret", is_staff=True)
    editor.groups.add(Group.objects.get(name="Catalog editor"))
    return editor


def provider_page() -> str:
    """A page's table as the clipboard has it: 100 GPUs, two prices each."""
    names = list(Gpu.objects.order_by("slug").values_list("name", flat=True)[:100])
    lines = ["GPU\tVRAM\tOn-demand\tSpot"]
    for number, name in enumerate(names):
        lines.append(f"{name}\t24 GB\t${1 + number / 50:.2f}/hr\t${0.5 + number / 100:.2f}/hr")
    return "\n".join(lines)


def open_bulk(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="Import and export").click()
    expect(page.get_by_role("heading", name="Import and export")).to_be_visible()


def say_where_it_was_seen(page: Page) -> None:
    page.get_by_label("Provider", exact=True).fill("Test Cloud")
    page.get_by_label("Source", exact=True).fill("Test Cloud")
    page.get_by_label("Link to the page").fill("https://cloud.example.com/pricing")


def test_200_prices_take_one_paste_and_one_confirmation(page_at, log_in, editor):
    page = page_at()
    log_in(page, editor)
    open_bulk(page)

    page.get_by_label("Paste a table").fill(provider_page())
    say_where_it_was_seen(page)
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator("#content")).to_contain_text("200 added, 0 changed, 0 unchanged")
    expect(page.get_by_label("On-demand (C)")).to_have_value("usd@rent_on_demand")
    expect(page.locator("#bulk-changes tbody tr")).to_have_count(200)
    assert not PriceObservation.objects.filter(provider="Test Cloud").exists()
    page.get_by_label(re.compile("odd prices, marked below: I have checked them")).check()
    page.get_by_role("button", name="Import 200 changes").click()

    expect(page.locator(".messagelist .success")).to_contain_text("200 added")
    assert PriceObservation.objects.filter(provider="Test Cloud").count() == 200
    visitor = page_at()
    visitor.goto("/gpus/rtx-4090/")
    expect(visitor.locator("main")).to_contain_text("Test Cloud")


def test_mistakes_are_put_right_with_the_keyboard_alone_on_a_phone(
    page_at, log_in, editor, assert_good_in_every_window
):
    page = page_at(width=390)
    log_in(page, editor)
    open_bulk(page)
    assert_good_in_every_window(page)
    page.set_viewport_size({"width": 390, "height": 800})

    page.get_by_label("Paste a table").fill("GPU\tStreet price\nRTX 9999\t$1,500\n")
    page.get_by_label("Source", exact=True).fill("A shop")
    page.get_by_label("Link to the page").fill("https://shop.example.com/")
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_contain_text("“RTX 9999” is no GPU of the catalog")
    assert_good_in_every_window(page)
    page.get_by_role("link", name="Change the pasted text").press("Enter")
    page.get_by_label("Paste a table").fill("GPU\tStreet price\nRTX 4090\t$1,500\n")
    page.get_by_role("button", name="Show what would change").press("Enter")
    page.get_by_role("button", name="Import 1 change").press("Enter")

    expect(page.locator(".messagelist .success")).to_contain_text("1 added")
    price = PriceObservation.objects.get(source_name="A shop")
    assert (price.gpu.slug, price.kind, price.usd) == ("rtx-4090", "buy_street", 1500)


def test_an_exported_workbook_is_imported_again_without_javascript(
    page_at, log_in, editor, tmp_path, assert_good_in_every_window
):
    page = page_at(java_script=False)
    log_in(page, editor)
    open_bulk(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Memory tiers as XLSX").click()
    file = tmp_path / "tiers.xlsx"
    download.value.save_as(file)
    assert len(read_file(file.read_bytes()).rows) > 5

    page.get_by_label("What is in it").select_option("tiers")
    page.get_by_label("Or a file").set_input_files(file)
    page.get_by_role("button", name="Show what would change").click()

    expect(page.locator("#content")).to_contain_text("Nothing to change")
    assert_good_in_every_window(page)


def test_an_import_meets_another_editors_save_goes_on_and_is_undone_with_one_press(
    page_at, log_in, editor, problems, assert_good_in_every_window
):
    problems.expect("status of 409")
    page, window_of_anna = page_at(), page_at()
    log_in(page, editor)
    anna = User.objects.create_user("anna", is_staff=True)
    anna.groups.add(Group.objects.get(name="Catalog editor"))
    log_in(window_of_anna, anna)
    open_bulk(page)
    page.get_by_label("What is in it").select_option("gpus")
    page.get_by_label("Paste a table").fill("slug\ttdp_w\nrtx-4090\t450\nrtx-3090\t349\n")
    Gpu.objects.filter(slug="rtx-4090").update(tdp_w=440)
    page.get_by_role("button", name="Show what would change").click()
    window_of_anna.goto("/admin/gpus/gpu/?q=rtx-4090")
    window_of_anna.get_by_role("link", name="GeForce RTX 4090", exact=True).click()
    window_of_anna.locator("#id_tdp_w").fill("445")
    window_of_anna.get_by_label("Why").fill("As sold")
    window_of_anna.locator("input[name=_save]").click()
    expect(window_of_anna.locator(".messagelist .success")).to_be_visible()
    before = export(BULK_TABLES["gpus"], "csv")

    page.get_by_role("button", name="Import 2 changes").click()
    clash = page.get_by_role("region", name=re.compile("Row 2, GeForce RTX 4090: anna saved it"))
    expect(clash).to_contain_text("“As sold”")
    expect(clash.get_by_role("row", name="Board power").get_by_role("cell")).to_have_text(
        ["440", "445", "450"]
    )
    expect(page.locator(".conflict")).to_have_count(1)
    assert_good_in_every_window(page)
    assert export(BULK_TABLES["gpus"], "csv") == before
    page.get_by_role("button", name="Import 2 changes").click()
    expect(page.locator(".messagelist .success")).to_contain_text("2 changed")
    assert Gpu.objects.get(slug="rtx-4090").tdp_w == 450

    page.goto("/admin/calculator/changeset/")
    imported = page.locator("#result_list tbody tr").first
    expect(imported).to_contain_text("GPUs from a pasted table")
    imported.get_by_role("button", name="Undo change").click()
    expect(page.locator(".messagelist .success")).to_contain_text("is as if it had not been")
    assert export(BULK_TABLES["gpus"], "csv") == before


def test_an_import_says_what_it_does_to_the_site_and_asks_first(
    page_at, log_in, problems, assert_good_in_every_window
):
    publisher = User.objects.create_user("publisher", is_staff=True)
    publisher.groups.add(Group.objects.get(name="Catalog publisher"))
    page = page_at()
    log_in(page, publisher)
    open_bulk(page)
    page.get_by_label("What is in it").select_option("presets")
    page.get_by_label("Paste a table").fill("slug\tparts\nqlora\tbase | 4-bit base | 8.5 | | 1\n")
    page.get_by_role("button", name="Show what would change").click()

    asked = page.get_by_role("alert")
    expect(asked).to_contain_text("would have a hole where the figure is")
    ahead = page.get_by_role("region", name="What this changes for visitors")
    seven = ahead.locator("dl > div").filter(has_text="7B, QLoRA").first
    expect(seven).to_contain_text(re.compile(r"6.GB\s*→\s*59\.5.GB"))

    assert_good_in_every_window(page)
    page.get_by_label("I have read this and want it so.").check()
    page.get_by_role("button", name="Import 1 change").click()
    expect(page.locator(".messagelist .success")).to_contain_text("1 changed")
