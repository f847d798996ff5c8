"""An editor goes through the prices to look at, as every week; visitors see how they moved."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Page, expect

from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from tests.gpus.price_rows import observe

WORK = "/admin/gpus/priceobservation/work/"
PRICES = 20


@pytest.fixture
def editor(site) -> User:
    editor = User.objects.create_user("editor", is_staff=True)
    editor.groups.add(Group.objects.get(name="Catalog editor"))
    return editor


@pytest.fixture
def admin(page_at, log_in, editor) -> Page:
    page = page_at()
    log_in(page, editor)
    return page


def price_field(row):
    return row.get_by_label("USD")


def test_twenty_prices_are_checked_or_changed_in_one_page_by_keyboard(admin):
    admin.goto(WORK)
    admin.evaluate("window.sameDocument = true")
    first = admin.locator(".work__row").first
    price_field(first).focus()
    lines = [row.get_attribute("id") for row in admin.locator(".work__row").all()[:PRICES]]

    for number, key in enumerate(lines):
        row = admin.locator(f"#{key}")
        # Where the last one was saved, this one's field is ready.
        expect(price_field(row)).to_be_focused()
        if number % 2:
            row.get_by_role("button", name="Unchanged").press("Enter")
        else:
            last = PriceObservation.objects.get(pk=key.removeprefix("price-"))
            admin.keyboard.type(f"{last.usd * 2:f}")
            row.get_by_label("at the same source").press("Space")
            price_field(row).press("Enter")
        expect(row).to_contain_text("saved for today" if number % 2 == 0 else "checked today")

    expect(admin.get_by_role("status")).to_contain_text("checked today")
    assert admin.evaluate("window.sameDocument") is True
    seen = PriceObservation.objects.filter(checked_on=timezone.localdate())
    assert seen.count() == PRICES
    for price in seen:
        [before] = (
            PriceObservation.objects.filter(
                gpu=price.gpu, kind=price.kind, provider=price.provider
            )
            .exclude(pk=price.pk)
            .order_by("-checked_on")[:1]
        )
        assert price.usd in (before.usd, before.usd * 2)
        assert (price.editor.username, price.source_url) == ("editor", before.source_url)


def test_a_slip_of_a_zero_is_asked_about_and_what_was_typed_stays(admin):
    admin.goto("/admin/")
    row = admin.locator(".work__row").first
    key = row.get_attribute("id")
    last = PriceObservation.objects.get(pk=key.removeprefix("price-"))

    price_field(row).fill(f"{last.usd * 10:f}")
    row.get_by_label("at the same source").check()
    row.get_by_role("button", name="Save").click()

    expect(row).to_contain_text("10 times the last price of its kind")
    expect(price_field(row)).to_have_value(f"{last.usd * 10:f}")
    expect(row.get_by_label("it is right")).to_be_focused()
    row.get_by_label("it is right").press("Space")
    row.get_by_label("it is right").press("Enter")
    expect(admin.locator(f"#{key}")).to_contain_text("saved for today")


def test_a_new_price_without_a_source_asks_for_one(admin):
    admin.goto(WORK)
    row = admin.locator(".work__row").first

    price_field(row).fill("123")
    price_field(row).press("Enter")

    expect(row).to_contain_text("Say where you saw this price")
    row.get_by_label("Source", exact=True).fill("A shop")
    row.get_by_label("Link", exact=True).fill("https://example.com/shop")
    row.get_by_role("button", name="Save").click()
    expect(admin.locator(".work__row").first).to_contain_text("$123, saved for today")


def test_what_goes_wrong_on_the_way_is_said_at_the_line_and_what_was_typed_stays(
    admin, log_in, editor, problems, site
):
    offline = ("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
    for expected in (*offline, "status of 500", "Code 500", "status of 401", "Code 401"):
        problems.expect(expected)
    admin.goto(WORK)
    row = admin.locator(".work__row").first
    key = row.get_attribute("id")
    last = PriceObservation.objects.get(pk=key.removeprefix("price-"))
    row.get_by_label("at the same source").check()
    price_field(row).fill(f"{last.usd:f}")
    save = row.get_by_role("button", name="Save")

    admin.context.set_offline(True)
    save.click()
    expect(row.get_by_role("alert")).to_contain_text("No answer came")
    admin.context.set_offline(False)

    admin.route("**/work/price/**", lambda route: route.fulfill(status=500, body="A page"))
    save.click()
    expect(row.get_by_role("alert")).to_contain_text("answered with an error (500)")
    admin.unroute("**/work/price/**")

    admin.context.clear_cookies(name="sessionid")
    save.click()
    expect(row.get_by_role("alert")).to_contain_text("you are not signed in any more")
    expect(price_field(row)).to_have_value(f"{last.usd:f}")

    # As after signing in in another tab, which brings another token against forged requests.
    log_in(admin, editor)
    admin.context.add_cookies([{"name": "csrftoken", "value": "a" * 32, "url": site}])
    save.click()
    expect(admin.locator(f"#{key}")).to_contain_text("saved for today")


def test_without_javascript_a_price_is_saved_all_the_same(page_at, log_in, editor):
    page = page_at(java_script=False)
    log_in(page, editor)
    page.goto(WORK)
    row = page.locator(".work__row").first

    row.get_by_role("button", name="Unchanged").click()

    expect(page.locator(".messagelist .success")).to_contain_text("checked today")
    assert PriceObservation.objects.filter(checked_on=timezone.localdate()).count() == 1


def test_the_list_is_good_on_a_phone_in_the_dark_and_to_a_screen_reader(
    page_at, log_in, editor, assert_good_in_every_window
):
    # Otherwise links are still on their way from one scheme's colour to the other's.
    admin = page_at(reduced_motion="reduce")
    log_in(admin, editor)
    admin.goto(WORK)
    row = admin.locator(".work__row").first
    price_field(row).fill("0.001")
    price_field(row).press("Enter")
    expect(row).to_contain_text("Say where you saw this price")

    assert_good_in_every_window(admin)


def test_a_visitor_sees_every_current_price_and_how_they_moved(page, assert_good_in_every_window):
    gpu = Gpu.objects.get(slug="h200-sxm")
    for days, usd in ((60, "4.50"), (30, "4.10"), (1, "3.90")):
        day = timezone.localdate() - dt.timedelta(days=days)
        observe(gpu, "rent_on_demand", usd, day, provider="Lambda")

    page.goto("/gpus/h200-sxm/")

    facts = page.locator("#facts")
    expect(facts).to_contain_text("Lambda $3.90")
    expect(facts).to_contain_text("RunPod")
    picture = page.get_by_role("img", name="To rent, per hour")
    expect(picture).to_be_visible()
    page.locator("#price-history").get_by_text("As a list").first.click()
    expect(page.locator("#price-history li").filter(has_text="$4.10")).to_be_visible()
    assert_good_in_every_window(page)
