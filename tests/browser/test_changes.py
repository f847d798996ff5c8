"""An editor changes the catalog, and back; two editors meet on one row."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

PHONE = 390
TIERS = "/admin/gpus/memorytier/"


@pytest.fixture
def window_of(page_at, log_in):
    """A logged-in editor's window: a superuser's, or a member's of a group."""

    def window_of(name: str, group: str = "", **options) -> Page:
        user = User.objects.create_user(name, is_staff=True, is_superuser=not group)
        if group:
            user.groups.add(Group.objects.get(name=group))
        page = page_at(**options)
        log_in(page, user)
        return page

    return window_of


def open_tier(page: Page) -> None:
    page.goto(TIERS)
    page.get_by_role("link", name="24", exact=True).click()


def save(page: Page) -> None:
    page.locator("input[name=_save]").click()


def test_an_edit_is_read_as_a_difference_and_undone_with_one_press(
    window_of, page_at, assert_good_in_every_window
):
    anna = window_of("anna", "Catalog editor")
    open_tier(anna)
    anna.locator("#id_label").fill("24 GB graphics card")
    anna.get_by_label("Why").fill("As shops call it")
    save(anna)
    visitor = page_at()
    visitor.goto("/?size=7")
    expect(visitor.locator("#card-lora")).to_contain_text("24 GB graphics card")

    anna.locator(".messagelist").get_by_role("link", name="change").click()
    expect(anna.locator("#content")).to_contain_text("“As shops call it”")
    row = anna.get_by_role("row", name="Label")
    expect(row).to_contain_text("24 GB GPU")
    expect(row).to_contain_text("24 GB graphics card")
    assert_good_in_every_window(anna)
    anna.get_by_role("button", name="Undo this change").click()
    expect(anna.locator(".messagelist .success")).to_contain_text("is as if it had not been")

    visitor.reload()
    expect(visitor.locator("#card-lora")).to_contain_text("24 GB GPU")


def test_a_deletion_is_undone_from_the_list_of_changes(
    window_of, page_at, problems, assert_good_in_every_window
):
    problems.expect("status of 404")
    admin, visitor = window_of("boss"), page_at()
    address = "/faq/vram-to-fine-tune-7b/"
    admin.goto("/admin/calculator/faqentry/?q=vram-to-fine-tune-7b")
    admin.locator("#result_list tbody th a").click()
    admin.get_by_role("link", name="Delete", exact=True).click()
    admin.get_by_role("link", name="delete it for good").click()
    admin.get_by_role("button", name="Yes").click()
    assert visitor.goto(address).status == 404

    admin.goto("/admin/calculator/changeset/")
    expect(admin.locator("#result_list")).to_contain_text("deleted FAQ entry: ")
    assert_good_in_every_window(admin)
    admin.get_by_role("button", name="Undo change").first.click()

    expect(admin.locator(".messagelist .success")).to_contain_text("is as if it had not been")
    assert visitor.goto(address).status == 200


def test_two_editors_at_once_see_both_versions_and_lose_nothing(window_of):
    anna, ben = window_of("anna", "Catalog editor"), window_of("ben", "Catalog editor")
    open_tier(anna)
    open_tier(ben)
    anna.locator("#id_label").fill("Anna's card")
    anna.locator("#id_order").fill("7")
    save(anna)
    expect(anna.locator(".messagelist .success")).to_be_visible()

    ben.locator("#id_label").fill("Ben's card")
    save(ben)

    conflict = ben.locator(".conflict")
    expect(conflict).to_contain_text("Not saved yet: anna saved this row")
    label = conflict.get_by_role("row", name="Label")
    expect(label.get_by_role("cell")).to_have_text(["24 GB GPU", "Anna's card", "Ben's card"])
    expect(ben.locator("#id_label")).to_have_value("Ben's card")
    expect(ben.locator("#id_order")).to_have_value("7")
    ben.set_viewport_size({"width": PHONE, "height": 800})
    assert ben.evaluate("document.documentElement.scrollWidth") <= PHONE

    save(ben)
    expect(ben.locator(".messagelist .success")).to_be_visible()
    anna.goto(TIERS)
    row = anna.locator("#result_list tbody tr").filter(
        has=anna.get_by_role("link", name="24", exact=True)
    )
    expect(row.locator("input[name$=label]")).to_have_value("Ben's card")
    expect(row.locator("input[name$=order]")).to_have_value("7")


def test_in_a_list_only_the_row_that_both_changed_is_refused(window_of):
    anna, ben = window_of("anna", "Catalog editor"), window_of("ben", "Catalog editor")
    anna.goto(TIERS)
    ben.goto(TIERS)
    anna.locator("input[name=form-0-label]").fill("Anna's first")
    anna.locator("input[name=form-1-label]").fill("Anna's second")
    save(anna)
    expect(anna.locator(".messagelist .success")).to_be_visible()

    ben.locator("input[name=form-1-label]").fill("Ben's second")
    ben.locator("input[name=form-2-label]").fill("Ben's third")
    save(ben)

    expect(ben.locator(".conflict")).to_have_count(1)
    expect(ben.locator("input[name=form-1-label]")).to_have_value("Ben's second")
    expect(ben.locator("input[name=form-2-label]")).to_have_value("Ben's third")
    save(ben)
    expect(ben.locator(".messagelist .success")).to_be_visible()
    for number, label in enumerate(("Anna's first", "Ben's second", "Ben's third")):
        expect(ben.locator(f"input[name=form-{number}-label]")).to_have_value(label)


def test_a_second_factor_is_set_up_and_asked_for(window_of, page_at, assert_good_in_every_window):
    anna = window_of("anna", "Catalog editor")
    user = User.objects.get(username="anna")
    user.set_password("a long secret")
    user.save()
    anna.context.clear_cookies()

    def log_in(page: Page, code: str = "") -> None:
        page.goto("/admin/login/?next=/admin/")
        page.get_by_label("Username").fill("anna")
        page.get_by_label("Password").fill("a long secret")
        page.get_by_label("Code").fill(code)
        page.get_by_role("button", name="Log in").click()

    log_in(anna)
    anna.get_by_role("link", name="Second factor").click()
    expect(anna.get_by_role("img", name="QR code")).to_be_visible()
    assert_good_in_every_window(anna)
    anna.locator("#id_code").fill(f"{totp(TOTPDevice.objects.get().bin_key):06}")
    anna.get_by_role("button", name="Set up").click()
    backup = anna.locator(".backup-codes code").first.inner_text()

    elsewhere = page_at()
    log_in(elsewhere)
    expect(elsewhere.locator(".errornote")).to_contain_text("authenticator app")
    log_in(elsewhere, backup)
    expect(elsewhere.locator("#content h1")).to_contain_text("The catalog")
