"""An editor changes the catalog in the admin; visitors see it at once."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from django.utils.formats import date_format
from playwright.sync_api import Page, expect

ADMIN_PAGES = [
    "/admin/",
    "/admin/gpus/gpu/",
    "/admin/gpus/gpu/add/",
    "/admin/gpus/priceobservation/",
    "/admin/gpus/priceobservation/add/",
    "/admin/gpus/memorytier/",
    "/admin/calculator/methodpreset/",
    "/admin/calculator/methodpreset/add/",
    "/admin/calculator/modelsize/",
    "/admin/calculator/faqentry/",
    "/admin/calculator/faqentry/add/",
    "/admin/calculator/changeset/",
    "/admin/password_change/",
]


@pytest.fixture
def editor(site) -> User:
    editor = User.objects.create_user("editor", password="a long secret", is_staff=True)
    editor.groups.add(Group.objects.get(name="Catalog publisher"))
    return editor


@pytest.fixture
def admin(page_at, log_in, editor) -> Page:
    """The editor's window."""
    page = page_at()
    log_in(page, editor)
    return page


@pytest.fixture
def visitor(page_at) -> Page:
    """A visitor's window beside it."""
    return page_at()


def row(page: Page, name: str):
    link = page.get_by_role("link", name=name, exact=True)
    return page.locator("#result_list tbody tr").filter(has=link)


def save(page: Page) -> None:
    page.locator("input[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def test_an_editor_logs_in_and_finds_the_catalog(page, editor):
    page.goto("/admin/")
    page.get_by_label("Username").fill("editor")
    page.get_by_label("Password").fill("a long secret")
    page.get_by_role("button", name="Log in").click()

    expect(page.locator("#content h1")).to_contain_text("The catalog")
    for table in ("GPUs", "Memory tiers", "Method presets", "Model sizes", "FAQ entries"):
        expect(page.get_by_role("link", name=table, exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="Users", exact=True)).to_have_count(0)


def test_a_price_entered_on_the_gpus_page_is_on_the_cards_and_in_the_gpu_list(admin, visitor):
    visitor.goto("/?size=7")
    h200_on_the_card = visitor.locator("#card-full .alternatives li").filter(has_text="H200")
    expect(h200_on_the_card).not_to_contain_text("$4.25")

    admin.goto("/admin/gpus/gpu/?q=h200")
    admin.get_by_role("link", name="H200 SXM", exact=True).click()
    new = admin.locator("#prices-group tr.form-row:not(.has_original):not(.empty-form)")
    new.locator("select[name$=kind]").select_option("rent_on_demand")
    new.locator("input[name$=provider]").fill("RunPod")
    new.locator("input[name$=usd]").fill("4.25")
    new.locator("input[name$=same_source]").check()
    save(admin)

    today = date_format(timezone.localdate(), "j M Y")
    visitor.reload()
    expect(h200_on_the_card).to_contain_text("$4.25 per hour")
    expect(h200_on_the_card).to_contain_text(today)
    visitor.goto("/gpus/?search=h200")
    price = visitor.locator("#h200-sxm .gpu__cloud_price")
    expect(price).to_contain_text("$4.25")
    note = visitor.locator(price.locator(".price__note").get_attribute("href"))
    expect(note).to_contain_text(today)


def test_a_tier_taken_off_the_ladder_leaves_the_ruler_and_the_minimums(admin, visitor):
    visitor.goto("/?size=7")
    minimum = visitor.locator("#card-lora .card__minimum strong")
    expect(minimum).to_have_text(re.compile(r"^24.GB"))
    expect(visitor.locator("#tick-24")).to_have_count(1)

    admin.goto("/admin/gpus/memorytier/")
    row(admin, "24").locator("input[name$=on_ladder]").uncheck()
    save(admin)

    visitor.get_by_role("link", name="8B", exact=True).click()
    expect(minimum).to_have_text(re.compile(r"^32.GB"))
    expect(visitor.locator("#tick-24")).to_have_count(0)
    # What left the ladder is still a card that one can buy.
    expect(visitor.locator("#card-lora .alternatives")).to_contain_text(re.compile(r"24.GB"))


def test_a_part_edited_in_a_preset_changes_card_headline_and_answers(admin, visitor):
    visitor.goto("/?size=7")
    figure = visitor.locator("#card-qlora .card__figure")
    expect(figure).to_have_text(re.compile(r"^6.GB$"))

    admin.goto("/admin/calculator/methodpreset/")
    row(admin, "QLoRA").get_by_role("link", name="QLoRA").click()
    admin.locator("input[name=parts-0-bytes_per_parameter]").fill("1.65")
    save(admin)

    visitor.reload()
    expect(figure).to_have_text(re.compile(r"^14.GB$"))
    expect(visitor.locator("#headline")).to_contain_text(re.compile(r"about.14.GB"))
    visitor.goto("/faq/vram-to-fine-tune-7b/")
    expect(visitor.locator("article")).to_contain_text(re.compile(r"about 14.GB with QLoRA"))


def test_an_unknown_placeholder_in_an_answer_is_an_error_beside_its_field(admin, visitor):
    admin.goto("/admin/calculator/faqentry/")
    admin.get_by_role("link", name="Does gradient checkpointing help?").click()
    answer = admin.get_by_label("Answer")
    was = answer.input_value()

    answer.fill("It takes {memory:nosuchmethod:7}.")
    admin.locator("input[name=_save]").click()
    expect(admin.locator(".field-answer .errorlist")).to_contain_text("nosuchmethod")
    expect(answer).to_have_value("It takes {memory:nosuchmethod:7}.")

    answer.fill(f"{was}\n\nSpoken by an editor, {{memory:qlora:7}}.")
    save(admin)
    visitor.goto("/faq/")
    visitor.get_by_role("link", name="Does gradient checkpointing help?").click()
    expect(visitor.locator("main")).to_contain_text(re.compile(r"Spoken by an editor, 6.GB\."))


def test_a_size_added_in_the_admin_can_be_tapped(admin, visitor):
    admin.goto("/admin/calculator/modelsize/add/")
    admin.locator("input[name=params_b]").fill("27")
    save(admin)

    visitor.goto("/")
    visitor.get_by_role("link", name="27B", exact=True).click()

    expect(visitor.locator("#headline")).to_contain_text("For a 27B model")


def test_the_admins_pages_work_under_the_strict_policy(admin):
    # A violation is a console error, which fails every test here and tells its page's address.
    for path in ADMIN_PAGES:
        response = admin.goto(path)

        assert response.status == 200, path
        assert "unsafe" not in response.headers["content-security-policy"], path


def test_what_an_editor_may_not_open_says_so_and_leads_back(admin, problems):
    problems.expect("status of 403")

    response = admin.goto("/admin/auth/user/")

    assert response.status == 403
    expect(admin.get_by_role("heading", level=1)).to_have_text("This account may not open that")
    admin.get_by_role("link", name="the admin", exact=True).click()
    expect(admin.locator("#content h1")).to_contain_text("The catalog")


def test_the_admins_date_picker_works_under_the_strict_policy(admin):
    admin.goto("/admin/gpus/priceobservation/add/")
    field = admin.locator("#id_checked_on")

    field.fill("")
    admin.locator(".field-checked_on").get_by_role("link", name="Today").click()

    expect(field).to_have_value(timezone.localdate().isoformat())
