"""The list of prices to look at: what stands in it, and what each line does."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from calculator.changes.models import ChangeSet
from calculator.words.formatting import format_day
from gpus.looks.models import GpuLooks
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from gpus.pricing.work import price_row
from tests.admin_pages import errors_in, said, save
from tests.gpus.price_rows import observe

WORK = "/admin/gpus/priceobservation/work/"
HTMX = {"HX-Request": "true"}
NEW = {"source_name": "A shop", "source_url": "https://example.com/shop"}


pytestmark = pytest.mark.usefixtures("small_catalog")


@pytest.fixture
def h100():
    return Gpu.objects.get(slug="h100")


@pytest.fixture
def stale(h100):
    """An hour of the H100 at RunPod, seen 100 days ago."""
    day = timezone.localdate() - dt.timedelta(days=100)
    return observe(h100, "rent_on_demand", "2.49", day, provider="RunPod")


def line(price):
    return f"{WORK}price/{price.pk}/"


def page(price):
    return f"/admin/gpus/priceobservation/{price.pk}/change/"


def lines(client):
    work = client.get(WORK).context["work"]
    return [str(row.gpu) for row in work["stale_rows"]], [
        str(row.gpu) for row in work["unpriced_rows"]
    ]


def today(gpu):
    return gpu.prices.get(checked_on=timezone.localdate())


def test_it_lists_prices_not_checked_for_a_quarter_and_gpus_without_one(admin_client, stale):
    # Of the RTX 4090 the launch price alone is known.
    assert lines(admin_client) == (["H100 SXM"], ["GeForce RTX 4090"])

    observe(stale.gpu, "rent_on_demand", "2.49", timezone.localdate(), provider="RunPod")
    assert lines(admin_client) == ([], ["GeForce RTX 4090"])


def test_what_visitors_look_at_most_comes_first(admin_client, stale):
    rtx_4090 = Gpu.objects.get(slug="rtx-4090")
    observe(rtx_4090, "buy_street", 1500, stale.checked_on)
    assert lines(admin_client)[0] == ["GeForce RTX 4090", "H100 SXM"]

    GpuLooks.objects.create(gpu=stale.gpu, month=timezone.localdate().replace(day=1), count=2)

    assert lines(admin_client)[0] == ["H100 SXM", "GeForce RTX 4090"]
    assert "2 looks" in admin_client.get(WORK).text


def test_it_begins_on_the_admins_front_page(admin_client, stale):
    page = admin_client.get("/admin/").text

    assert "Prices to look at" in page
    assert f'action="{line(stale)}"' in page


def test_a_new_price_is_saved_with_its_own_source(admin_client, admin_user, stale, h100):
    response = admin_client.post(line(stale), {"usd": "2.10", **NEW}, headers=HTMX)

    assert "H100 SXM, RunPod: $2.10, saved for today." in response.text
    saved = today(h100)
    assert (saved.usd, saved.source_name) == (Decimal("2.10"), "A shop")
    assert (saved.provider, saved.editor) == ("RunPod", admin_user)
    assert lines(admin_client)[0] == []


def test_a_new_price_takes_the_old_source_over_where_an_editor_says_so(admin_client, stale, h100):
    refused = admin_client.post(line(stale), {"usd": "2.10"}, headers=HTMX)
    assert "Say where you saw this price" in refused.text
    assert h100.prices.count() == 1

    admin_client.post(line(stale), {"usd": "2.10", "same_source": "on"}, headers=HTMX)

    assert today(h100).source_name == stale.source_name


def test_unchanged_is_a_look_of_today_at_the_same_price_and_source(admin_client, stale, h100):
    response = admin_client.post(line(stale), {"unchanged": "1"}, headers=HTMX)

    assert "checked today" in response.text
    assert (today(h100).usd, today(h100).source_url) == (stale.usd, stale.source_url)
    [change] = ChangeSet.objects.filter(kind="list")
    assert change.who_name == "admin"


def test_what_is_no_longer_offered_is_no_price_of_today_and_keeps_its_past(
    client, admin_client, stale, h100
):
    observe(h100, "rent_on_demand", "2.99", "2026-01-01", provider="RunPod")

    admin_client.post(line(stale), {"gone": "1"}, headers=HTMX)

    assert lines(admin_client) == ([], ["GeForce RTX 4090", "H100 SXM"])
    assert h100.prices.published().count() == 2
    assert h100.prices.get(ended_on=timezone.localdate()) == stale
    page = " ".join(strip_tags(client.get("/gpus/h100/").text).split())
    today = format_day(timezone.localdate())
    assert f"RunPod: $2.99 on 1 Jan 2026, $2.49 on {format_day(stale.checked_on)}" in str(
        client.get("/gpus/h100/").text
    )
    assert f"{format_day(stale.checked_on)}; no longer offered since {today}" in page
    assert "no offer is known now" in page
    assert client.get("/api/v1/gpus").json()["gpus"][-1]["cloud_price_per_hour"] is None


def test_a_price_of_the_day_on_which_an_offer_ended_or_later_is_an_offer_again(
    admin_client, stale, h100
):
    admin_client.post(line(stale), {"gone": "1"}, headers=HTMX)
    observe(h100, "rent_on_demand", "2.20", "2026-10-01", provider="RunPod")
    assert not h100.prices.current().exists()

    back = observe(h100, "rent_on_demand", "2.30", timezone.localdate(), provider="RunPod")
    assert list(h100.prices.current()) == [back]
    admin_client.post(line(back), {"gone": "1"}, headers=HTMX)
    assert not h100.prices.current().exists()
    seen = price_row(back, timezone.localdate(), {}).form.replaces
    typed = {"usd": "2.25", "replaces": seen, **NEW}
    admin_client.post(line(back), typed, headers=HTMX)

    [again] = h100.prices.current()
    assert (again.pk, again.usd, again.ended_on) == (back.pk, Decimal("2.25"), None)


def test_an_end_is_entered_on_the_prices_page_and_not_before_it_was_seen(
    admin_client, stale, h100
):
    early = stale.checked_on - dt.timedelta(days=1)
    assert errors_in(save(admin_client, page(stale), ended_on=early.isoformat())) == {
        "ended_on": ["It was seen after that day."]
    }
    tomorrow = timezone.localdate() + dt.timedelta(days=2)
    refused = save(admin_client, page(stale), ended_on=tomorrow.isoformat())
    assert errors_in(refused) == {"ended_on": ["This day has not come yet."]}

    save(admin_client, page(stale), ended_on=stale.checked_on.isoformat())

    assert not h100.prices.current().exists()
    listed = admin_client.get("/admin/gpus/priceobservation/?age=ended")
    assert f"no longer offered since {format_day(stale.checked_on)}" in listed.text


def test_offers_are_ended_for_a_selection_and_older_prices_left(admin_client, stale, h100):
    older = observe(h100, "rent_on_demand", "2.99", "2026-01-01", provider="RunPod")
    selected = {"action": "no_longer_offered", "_selected_action": [stale.pk, older.pk]}

    done = admin_client.post("/admin/gpus/priceobservation/", selected, follow=True)

    assert said(done)[0] == "1 offer is no longer there since today; past prices stay."
    assert "1 selected are no offers of today" in said(done)[1]
    assert list(h100.prices.exclude(ended_on=None)) == [stale]


def test_ten_times_the_price_is_asked_about_before_it_is_saved(admin_client, stale, h100):
    typed = {"usd": "24.90", "same_source": "on"}

    asked = admin_client.post(line(stale), typed, headers=HTMX)
    assert "$24.90 is 10 times the last price of its kind (RunPod, $2.49 an hour," in asked.text
    assert 'name="confirmed"' in asked.text
    assert 'value="24.90"' in asked.text
    assert h100.prices.count() == 1

    admin_client.post(line(stale), typed | {"confirmed": "on"}, headers=HTMX)
    assert today(h100).usd == Decimal("24.90")


@pytest.mark.parametrize("usd", ["0", "-0", "-1", "0.0000"])
def test_a_price_that_is_not_above_nothing_is_refused_at_its_field(admin_client, stale, h100, usd):
    typed = {"usd": usd, "same_source": "on"}
    refused = admin_client.post(line(stale), typed, headers=HTMX)
    assert refused.context["row"].form.errors == {"usd": ["A price is above 0."]}

    assert errors_in(save(admin_client, page(stale), usd=usd))["usd"] == ["A price is above 0."]
    assert h100.prices.count() == 1


@pytest.mark.parametrize("changed", [{"usd": "2.10"}, {"checked_on": "2026-01-02"}])
def test_a_price_is_not_corrected_under_its_old_source_without_a_question(
    admin_client, stale, h100, changed
):
    # The newest one's source is not the source of the one that is corrected.
    observe(h100, "rent_on_demand", "2.20", timezone.localdate(), provider="RunPod", **NEW)

    asked = save(admin_client, page(stale), **changed)

    assert "say where you saw that" in errors_in(asked)["source_name"][0]
    before = h100.prices.get(pk=stale.pk)
    assert (before.usd, before.checked_on) == (stale.usd, stale.checked_on)
    save(admin_client, page(stale), **changed, same_source="on")
    after = h100.prices.get(pk=stale.pk)
    assert (after.usd, after.checked_on) != (stale.usd, stale.checked_on)
    assert (after.source_name, after.source_url) == (stale.source_name, stale.source_url)


def test_a_price_is_corrected_with_its_new_source_or_its_note_alone_without_a_question(
    admin_client, stale, h100
):
    save(admin_client, page(stale), note="Seen by phone")
    assert h100.prices.get(pk=stale.pk).note == "Seen by phone"

    save(admin_client, page(stale), usd="2.10", **NEW)
    after = h100.prices.get(pk=stale.pk)
    assert (after.usd, after.source_name) == (Decimal("2.10"), "A shop")


def test_a_first_price_asks_for_kind_provider_and_source(admin_client):
    gpu = Gpu.objects.get(slug="rtx-4090")
    address = f"{WORK}gpu/{gpu.pk}/"

    asked = admin_client.post(address, {"usd": "0.34", "kind": "rent_on_demand"}, headers=HTMX)
    assert "Say who rents it out." in asked.text
    assert "Give the link" in asked.text

    typed = {"usd": "0.34", "kind": "rent_on_demand", "provider": "RunPod", **NEW}
    admin_client.post(address, typed, headers=HTMX)
    assert today(gpu).provider == "RunPod"

    again = admin_client.post(address, typed, headers=HTMX)
    assert "for that day already" in again.text


def test_unchanged_and_no_longer_offered_do_not_pass_over_what_others_saved(
    admin_client, stale, h100
):
    seen = admin_client.get(WORK).context["work"]["stale_rows"][0].form.replaces
    other = {"editor": User.objects.create_user("grace"), "provider": "RunPod", **NEW}
    observe(h100, "rent_on_demand", "2.10", timezone.localdate(), **other)
    for button, words in (
        ({"unchanged": "1"}, "you say that it still is $2.49 per hour (A price list)."),
        ({"gone": "1"}, "you say that it is no longer offered."),
    ):
        typed = {"usd": "2.2", "source_name": "Half a", "replaces": seen, **button}
        asked = admin_client.post(line(stale), typed, headers=HTMX)
        assert "grace entered $2.10 (A shop) for today meanwhile" in asked.text
        assert words in asked.text
        assert 'value="2.2"' in asked.text
        assert 'value="Half a"' in asked.text
        assert (today(h100).usd, today(h100).ended_on) == (Decimal("2.10"), None)

        again = button | {"replaces": asked.context["row"].form.replaces}
        admin_client.post(line(stale), again, headers=HTMX)
        assert (today(h100).usd, today(h100).ended_on) != (Decimal("2.10"), None)
        h100.prices.exclude(pk=stale.pk).delete()
        observe(h100, "rent_on_demand", "2.10", timezone.localdate(), **other)


def test_unchanged_is_asked_about_where_the_price_itself_was_corrected(admin_client, stale, h100):
    seen = {"replaces": admin_client.get(WORK).context["work"]["stale_rows"][0].form.replaces}
    save(admin_client, page(stale), usd="2.39", same_source="on")

    asked = admin_client.post(line(stale), seen | {"unchanged": "1"}, headers=HTMX)

    assert "admin entered $2.39 (A price list)" in asked.text
    assert h100.prices.count() == 1
    again = {"unchanged": "1", "replaces": asked.context["row"].form.replaces}
    admin_client.post(line(stale), again, headers=HTMX)
    assert today(h100).usd == Decimal("2.39")


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        ({"published": False}, "Somebody took it off the site meanwhile"),
        ({"ended_on": "2026-11-20"}, "Somebody said meanwhile that it is gone since 20 Nov 2026"),
    ],
)
def test_what_is_gone_meanwhile_does_not_return_unasked(
    admin_client, stale, h100, meanwhile, words
):
    seen = {"replaces": admin_client.get(WORK).context["work"]["stale_rows"][0].form.replaces}
    for name, value in meanwhile.items():
        setattr(stale, name, value)
    stale.save()

    new = {"usd": "2.10", **NEW}
    for typed in ({"unchanged": "1"}, new):
        asked = admin_client.post(line(stale), seen | typed, headers=HTMX)
        assert words in asked.text
    assert not h100.prices.current().exists()


def test_the_second_of_two_editors_sees_both_prices_before_one_replaces_the_other(
    client, stale, h100
):
    for name in ("grace", "ada"):
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name="Catalog editor"))
    client.force_login(User.objects.get(username="grace"))
    client.post(line(stale), {"usd": "2.10", **NEW}, headers=HTMX)

    client.force_login(User.objects.get(username="ada"))
    typed = {"usd": "2.20", "same_source": "on", "replaces": ""}
    response = client.post(line(stale), typed, headers=HTMX)

    assert "grace entered $2.10 (A shop) for today meanwhile; you typed $2.20." in response.text
    assert today(h100).usd == Decimal("2.10")
    replaces = response.context["row"].form.replaces
    client.post(line(stale), typed | {"replaces": replaces}, headers=HTMX)
    assert today(h100).usd == Decimal("2.20")


def test_without_javascript_the_line_leads_back_to_the_list(admin_client, stale, h100):
    refused = admin_client.post(line(stale), {"usd": "2.10"})
    assert "Say where you saw this price" in refused.text
    assert "<h1>Prices to look at</h1>" in refused.text

    response = admin_client.post(line(stale), {"usd": "2.10", **NEW}, follow=True)

    [message] = said(response)
    assert message.startswith("H100 SXM, RunPod: $2.10, saved for today. <a href=")
    assert today(h100)


@pytest.mark.parametrize(
    "typed", [{"unchanged": "1"}, {"gone": "1"}, {"usd": "2.10", "same_source": "on"}]
)
def test_each_save_leads_to_where_it_can_be_undone(admin_client, stale, h100, typed):
    done = admin_client.post(line(stale), typed, headers=HTMX)

    [undo] = re.findall(r'<a href="([^"]*)"[^>]*>Undo</a>', done.text)
    assert admin_client.get(undo).context["may_undo"]
    admin_client.post(undo.replace("/change/", "/undo/"))
    assert [price.pk for price in h100.prices.current()] == [stale.pk]


def test_whose_session_is_over_reads_so_at_the_line(client, stale):
    response = client.post(line(stale), {"usd": "2.10", **NEW}, headers=HTMX)
    assert response.status_code == 401
    assert response.text.startswith("Not saved: you are not signed in any more.")

    assert "/login/" in client.post(line(stale), {"usd": "2.10", **NEW}).url


def test_who_may_only_look_sees_no_fields_and_buttons(client, stale):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_priceobservation"))
    client.force_login(viewer)

    for address in (WORK, "/admin/"):
        page = client.get(address).text
        assert "$2.49 per hour" in page
        assert 'name="usd"' not in page
        assert "No longer offered" not in page


def test_only_editors_see_and_keep_prices(client, stale):
    client.force_login(User.objects.create_user("other", is_staff=True))

    assert client.get(WORK).status_code == 403
    assert client.post(line(stale), {"unchanged": "1"}).status_code == 403
    assert "Prices to look at" not in client.get("/admin/").text
    assert PriceObservation.objects.filter(checked_on=timezone.localdate()).count() == 0


def test_the_list_asks_as_much_for_twenty_lines_as_for_one(admin_client, stale, h100):
    def asked():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            admin_client.get(WORK)
        return len(queries)

    few = asked()
    for number in range(20):
        observe(h100, "rent_on_demand", 2, stale.checked_on, provider=f"Cloud {number}")

    assert asked() == few
