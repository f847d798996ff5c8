"""docs/editing.md, done step by step as somebody does who never saw the site.

`EDITING_PICTURES=docs/editing` before pytest makes the guide's pictures anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect

from calculator.models import MethodPreset
from gpus.prices.models import PriceObservation

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "editing.md"
LARGEST_PICTURE_BYTES = 60_000


def said() -> str:
    return " ".join(GUIDE.read_text(encoding="utf-8").split())


def picture(page: Page, name: str, place: str) -> None:
    """Where pictures are asked for, make the guide's of a part of the page."""
    assert f"editing/{name}.png" in said()
    if folder := os.environ.get("EDITING_PICTURES"):
        page.locator(place).first.screenshot(path=Path(folder) / f"{name}.png", caret="initial")


@pytest.fixture
def page(page_at, site) -> Page:
    """A window at the login, of an account that a superuser made."""
    publisher = User.objects.create_user("ada", password="a long secret", is_staff=True)
    publisher.groups.add(Group.objects.get(name="Catalog publisher"))
    page = page_at(width=900)
    page.goto("/admin/")
    return page


def log_in(page: Page) -> None:
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill("a long secret")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#content h1")).to_contain_text("The catalog")


def save(page: Page) -> None:
    page.locator("input[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def test_signing_in_and_the_weekly_prices(page, page_at):
    picture(page, "login", "#container")
    log_in(page)
    row = page.locator(".work__row").first
    picture(page, "prices", ".work__row >> nth=0")

    row.get_by_role("button", name="Unchanged").click()
    expect(page.get_by_role("status")).to_contain_text("checked today")
    row = page.locator(".work__row:has(input[name$=usd])").first
    last = PriceObservation.objects.get(pk=row.get_attribute("id").removeprefix("price-"))
    row.get_by_label("USD").fill(f"{last.usd * 12:f}")
    row.get_by_label("at the same source").check()
    row.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("times the last price of its kind")
    picture(page, "leap", f"#{row.get_attribute('id')}")

    gone = page.locator(".work__row:has(input[name$=usd])").nth(1)
    last = PriceObservation.objects.get(pk=gone.get_attribute("id").removeprefix("price-"))
    gone.get_by_role("button", name="No longer offered").click()
    expect(page.get_by_role("status")).to_contain_text("no longer offered since today")
    visitor = page_at()
    visitor.goto(f"{last.gpu.get_absolute_url()}#facts")
    expect(visitor.locator("#facts dl")).to_contain_text("no longer offered since")
    expect(visitor.locator("#price-history")).to_contain_text("ended")
    page.wait_for_load_state("networkidle")


def test_adding_a_gpu_and_pasting_its_price(page, page_at):
    log_in(page)
    page.goto("/admin/gpus/gpu/add/")
    page.locator("#id_name").fill("Test Card 24")
    page.locator("#id_short_name").fill("Test 24")
    page.locator("#id_vendor").select_option("NVIDIA")
    page.locator("#id_audience").select_option("consumer")
    page.locator("#id_tier").select_option(label="24 GB")
    expect(page.locator("#id_slug")).to_have_value("test-card-24")
    expect(page.locator("#ahead")).to_contain_text("What a run may take of Test Card 24")
    save(page)

    page.get_by_role("link", name="Import and export").click()
    page.get_by_label("Paste a table").fill("GPU\tOn-demand\nTest Card 24\t$0.50/hr\n")
    page.get_by_label("Provider", exact=True).fill("Test Cloud")
    page.get_by_label("Source", exact=True).fill("Test Cloud")
    page.get_by_label("Link to the page").fill("https://cloud.example.com/pricing")
    picture(page, "paste", ".bulk__panel >> nth=0")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.locator("#content")).to_contain_text("1 added, 0 changed")
    picture(page, "import", "#bulk-changes")
    page.get_by_role("button", name="Import 1 change").click()
    expect(page.locator(".messagelist .success")).to_contain_text("1 added")

    visitor = page_at()
    visitor.goto("/gpus/test-card-24/")
    expect(visitor.locator("main")).to_contain_text("Test Cloud")


def test_an_answer_with_a_figure_and_a_mistake(page):
    log_in(page)
    page.goto("/admin/calculator/faqentry/")
    page.get_by_role("link", name="Does gradient checkpointing help?").click()
    answer, ahead = page.get_by_label("Answer"), page.locator("#ahead")
    was = answer.input_value()

    answer.fill(f"{was}\n\nWith QLoRA a 7B model takes {{memroy:qlora:7}}.")
    expect(ahead).to_contain_text("Did you mean “memory”?")
    picture(page, "mistake", "#ahead > ul")
    answer.fill(f"{was}\n\nWith QLoRA a 7B model takes {{memory:qlora:7}}.")
    expect(ahead.locator(".ahead__answer")).to_contain_text(re.compile("takes 6.GB"))
    save(page)


def test_a_preset_seen_before_it_is_saved_and_undone_after(page):
    log_in(page)
    page.goto(f"/admin/calculator/methodpreset/{preset('qlora').pk}/change/")
    page.locator("input[name=parts-0-bytes_per_parameter]").fill("1.65")
    ahead = page.locator("#ahead")
    expect(ahead).to_contain_text(re.compile(r"6.GB\s*→\s*14.GB"))
    picture(page, "effect", "#ahead dl >> nth=0")
    page.get_by_label("Why").fill("To see what happens")
    save(page)
    assert float(preset("qlora").to_spec().bytes_per_parameter) == 2

    page.locator(".messagelist").get_by_role("link", name="change").click()
    picture(page, "change", ".change .module >> nth=0")
    page.get_by_role("link", name="What undoing this would change for visitors").click()
    undoing = page.get_by_role("region", name="What undoing this would change for visitors")
    expect(undoing).to_be_in_viewport()
    expect(undoing).to_contain_text(re.compile(r"14.GB\s*→\s*6.GB"))
    page.get_by_role("button", name="Undo this change").click()

    expect(page.locator(".messagelist .success")).to_contain_text("is as if it had not been")
    assert float(preset("qlora").to_spec().bytes_per_parameter) == 0.85


def test_what_others_stand_on_is_asked_about(page):
    log_in(page)
    page.goto(f"/admin/calculator/methodpreset/{preset('lora').pk}/change/")
    page.locator("input[name=slug]").fill("adapters")
    expect(page.locator("#ahead")).to_contain_text("Saving will ask you first")

    page.locator("input[name=_save]").click()

    expect(page.get_by_role("alert")).to_contain_text("Answers stand on this")
    picture(page, "asked", ".findings")


def preset(slug: str) -> MethodPreset:
    return MethodPreset.objects.get(slug=slug)


def test_the_pictures_are_there_and_small():
    named = re.findall(r"\]\((editing/[\w-]+\.png)\)", GUIDE.read_text(encoding="utf-8"))

    assert len(named) >= 8
    for name in named:
        assert (GUIDE.parent / name).stat().st_size < LARGEST_PICTURE_BYTES, name
    pictures = {f"editing/{path.name}" for path in (GUIDE.parent / "editing").glob("*.png")}
    assert pictures == set(named)
