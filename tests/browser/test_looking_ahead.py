"""An editor sees what a change would do before saving it, and is asked before it does harm."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Page, expect

from calculator.models import FaqEntry, MethodPreset

PRESETS = "/admin/calculator/methodpreset/"


@pytest.fixture
def admin(page_at, log_in, site) -> Page:
    editor = User.objects.create_user("editor", is_staff=True)
    editor.groups.add(Group.objects.get(name="Catalog publisher"))
    page = page_at()
    log_in(page, editor)
    return page


def open_preset(page: Page, slug: str) -> None:
    page.goto(f"{PRESETS}{MethodPreset.objects.get(slug=slug).pk}/change/")


def test_a_part_shows_its_effect_as_it_is_typed(admin):
    open_preset(admin, "qlora")
    ahead = admin.locator("#ahead")
    expect(ahead).to_contain_text("Nothing that visitors read would change")

    admin.locator("input[name=parts-0-bytes_per_parameter]").fill("1.65")

    seven = ahead.locator("dl > div").filter(has_text="7B, QLoRA").first
    expect(seven).to_contain_text(re.compile(r"6.GB\s*→\s*14.GB"))
    expect(ahead).to_contain_text("How much VRAM do you need to fine-tune a 7B model?")
    assert MethodPreset.objects.get(slug="qlora").to_spec().bytes_per_parameter < 1


def test_the_button_shows_it_without_javascript(page_at, log_in, admin):
    page = page_at(java_script=False)
    log_in(page, User.objects.get(username="editor"))
    open_preset(page, "qlora")

    page.locator("input[name=parts-0-bytes_per_parameter]").fill("1.65")
    page.get_by_role("button", name="Show, without saving").click()

    expect(page.locator("#ahead")).to_contain_text(re.compile(r"6.GB\s*→\s*14.GB"))
    expect(page.locator("input[name=parts-0-bytes_per_parameter]")).to_have_value("1.65")


def test_an_answer_is_drawn_as_typed_and_a_figure_put_in_by_pressing_it(admin):
    entry = FaqEntry.objects.get(slug="vram-to-fine-tune-7b")
    admin.goto(f"/admin/calculator/faqentry/{entry.pk}/change/")
    answer = admin.get_by_label("Answer")
    ahead = admin.locator("#ahead")
    answer.fill("It takes **{memroy:qlora:7}**, ")
    expect(ahead).to_contain_text("Did you mean “memory”?")

    answer.fill("It takes ")
    ahead.locator("summary").click()
    ahead.get_by_role("button", name="{memory:qlora:7}").click()

    expect(answer).to_have_value("It takes {memory:qlora:7}")
    expect(ahead.locator(".ahead__answer")).to_contain_text(re.compile(r"It takes 6.GB"))


def test_a_slug_that_links_rely_on_is_asked_about_in_words(admin):
    open_preset(admin, "lora")
    admin.locator("input[name=slug]").fill("adapters")
    expect(admin.locator("#ahead")).to_contain_text("Saving will ask you first")

    admin.locator("input[name=_save]").click()

    asked = admin.get_by_role("alert")
    expect(asked).to_contain_text("The precise estimate")
    expect(admin.locator("input[name=slug]")).to_have_value("adapters")
    expect(admin.locator("#ahead")).to_contain_text("Saving will ask you first")
    asked.get_by_role("checkbox").check()
    expect(admin.locator("#ahead")).not_to_contain_text("Saving will ask you first")
    admin.locator("input[name=_save]").click()
    expect(admin.locator(".messagelist .success")).to_be_visible()
