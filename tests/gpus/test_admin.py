from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone
from django.utils.html import strip_tags

from calculator.catalog import current_catalog
from calculator.words.formatting import format_day, format_usd
from gpus.models import Gpu, MemoryTier
from gpus.prices.models import PriceObservation
from tests.admin_pages import fields_on, run_action, said, save
from tests.gpus.price_rows import observe

GPUS = "/admin/gpus/gpu/"
TIERS = "/admin/gpus/memorytier/"
PRICES = "/admin/gpus/priceobservation/"


pytestmark = pytest.mark.usefixtures("small_catalog")


@pytest.fixture
def rtx_4090():
    return Gpu.objects.get(slug="rtx-4090")


@pytest.fixture
def h100():
    return Gpu.objects.get(slug="h100")


def in_list(client, gpu, field):
    """The name of a GPU's field in the editable list."""
    formset = client.get(GPUS).context["cl"].formset
    [form] = [form for form in formset.forms if form.instance == gpu]
    return form.add_prefix(field)


def row_of(page, gpu):
    """A GPU's row of the list, as HTML."""
    [row] = [each for each in page.text.split("<tr")[1:] if f"/gpu/{gpu.pk}/change/" in each]
    return row


def prices_errors(response):
    """What is wrong with each price on a GPU's page that came back."""
    [inline] = response.context["inline_admin_formsets"]
    return [errors for errors in inline.formset.errors if errors]


def in_catalog(slug):
    return next(gpu for gpu in current_catalog().gpus if gpu.slug == slug)


# Prices -----------------------------------------------------------------------------------------


# After the one that is there.
NEW = "prices-1-"
STREET = {
    f"{NEW}kind": "buy_street",
    f"{NEW}usd": "1450",
    f"{NEW}source_name": "A shop",
    f"{NEW}source_url": "https://example.com/shop",
}


def page_of(gpu):
    return f"{GPUS}{gpu.pk}/change/"


def test_a_price_entered_on_the_gpus_page_is_on_the_site_at_once_as_seen_today(
    admin_client, admin_user, rtx_4090
):
    save(admin_client, page_of(rtx_4090), **STREET)

    price = in_catalog("rtx-4090").retail_price
    assert (price.usd, price.kind, price.source_name) == (1450, "street price", "A shop")
    assert price.checked_on == timezone.localdate()
    assert rtx_4090.prices.get(kind="buy_street").editor == admin_user


def test_a_new_price_asks_for_its_own_source(admin_client, rtx_4090):
    price = {f"{NEW}kind": "buy_launch", f"{NEW}usd": "1450"}

    [errors] = prices_errors(save(admin_client, page_of(rtx_4090), **price))

    assert "Say where you saw this price" in errors["source_name"][0]
    assert "Give the link" in errors["source_url"][0]
    assert in_catalog("rtx-4090").retail_price.usd == 1599


def test_the_source_of_the_last_one_is_taken_over_where_an_editor_says_so(admin_client, rtx_4090):
    price = {f"{NEW}kind": "buy_launch", f"{NEW}usd": "1450", f"{NEW}same_source": "on"}

    save(admin_client, page_of(rtx_4090), **price)

    price = in_catalog("rtx-4090").retail_price
    assert (price.usd, price.source_name) == (1450, "NVIDIA")
    assert price.source_url == "https://example.com/4090"


def test_there_is_no_source_to_take_over_from_another_kind(admin_client, rtx_4090):
    price = {f"{NEW}kind": "buy_street", f"{NEW}usd": "1450", f"{NEW}same_source": "on"}

    [errors] = prices_errors(save(admin_client, page_of(rtx_4090), **price))

    assert "There is no earlier one" in errors["same_source"][0]


def test_a_save_without_a_price_adds_none(admin_client, rtx_4090):
    save(admin_client, page_of(rtx_4090), short_name="4090")

    assert rtx_4090.prices.count() == 1


@pytest.mark.parametrize("amount", ["0", "-5", "free", "NaN", "1e9"])
def test_what_is_no_price_comes_back_with_an_error_beside_it(admin_client, rtx_4090, amount):
    response = save(admin_client, page_of(rtx_4090), **STREET | {f"{NEW}usd": amount})

    [errors] = prices_errors(response)
    assert list(errors) == ["usd"]
    assert fields_on(response)[f"{NEW}usd"] == amount


def test_a_day_that_has_not_come_is_refused(admin_client, rtx_4090):
    ahead = STREET | {f"{NEW}checked_on": "2999-01-01"}

    [errors] = prices_errors(save(admin_client, page_of(rtx_4090), **ahead))

    assert errors == {"checked_on": ["This day has not come yet."]}


@pytest.mark.parametrize(
    ("usd", "words"),
    [("15990", "$15,990 is 10 times the last price"), ("100", "15 times less than the last")],
)
def test_ten_times_up_or_down_is_asked_about_in_words_and_saved_once_confirmed(
    admin_client, rtx_4090, usd, words
):
    leap = STREET | {f"{NEW}kind": "buy_launch", f"{NEW}usd": usd}

    [errors] = prices_errors(save(admin_client, page_of(rtx_4090), **leap))
    assert words in errors["usd"][0]
    assert "launch price, $1,599, 1 Nov 2026" in errors["usd"][0]
    save(admin_client, page_of(rtx_4090), **leap | {f"{NEW}confirmed": "on"})

    assert in_catalog("rtx-4090").retail_price.usd == int(usd)


def test_less_than_ten_times_is_not_asked_about(admin_client, rtx_4090):
    save(
        admin_client,
        page_of(rtx_4090),
        **STREET | {f"{NEW}kind": "buy_launch", f"{NEW}usd": "15989"},
    )

    assert in_catalog("rtx-4090").retail_price.usd == 15989


def test_the_current_prices_of_selected_gpus_were_checked_today(admin_client, rtx_4090, h100):
    observe(h100, "rent_on_demand", "2.49", provider="RunPod")
    observe(h100, "rent_on_demand", "2.99", "2026-10-01", provider="RunPod")

    response = run_action(admin_client, GPUS, "prices_checked", [rtx_4090, h100])

    # A launch price was said once.
    assert said(response) == ["1 price was checked today, unchanged."]
    price = in_catalog("h100").cloud_price_per_hour
    assert (price.usd, price.checked_on) == (Decimal("2.49"), timezone.localdate())
    assert price.source_name == "A price list"
    assert h100.prices.count() == 3


def test_selected_prices_were_checked_today(admin_client, h100):
    old = observe(h100, "rent_on_demand", "2.99", "2026-10-01")
    new = observe(h100, "rent_on_demand", "2.49")

    response = run_action(admin_client, PRICES, "checked_today", [old, new])

    assert said(response) == [
        "1 price was checked today, unchanged.",
        "1 selected are not the newest of their kind, or no longer offered: left as they are.",
    ]
    assert h100.prices.get(checked_on=timezone.localdate()).usd == Decimal("2.49")
    # A second time on one day there is nothing more to say.
    run_action(admin_client, PRICES, "checked_today", h100.prices.all())
    assert h100.prices.count() == 3


def test_a_price_that_is_corrected_on_its_own_page_keeps_its_day_and_source(admin_client):
    price = PriceObservation.objects.get()

    save(admin_client, f"{PRICES}{price.pk}/change/", usd="1499", same_source="on")

    price = in_catalog("rtx-4090").retail_price
    assert (price.usd, price.source_name) == (1499, "NVIDIA")
    assert price.checked_on == dt.date(2026, 11, 1)


def test_gpus_can_be_listed_by_the_age_of_their_prices(admin_client, rtx_4090, h100):
    def listed(age):
        return list(admin_client.get(GPUS, {"price_age": age}).context["cl"].queryset)

    assert listed("none") == [h100]
    # A launch price ages without going stale.
    assert listed("stale") == []

    today = timezone.localdate()
    observe(rtx_4090, "buy_street", 1500, today - dt.timedelta(days=91))
    assert listed("stale") == [rtx_4090]

    observe(rtx_4090, "buy_street", 1500, today - dt.timedelta(days=90))
    assert listed("stale") == []


# Tiers and publishing ---------------------------------------------------------------------------


def test_a_tier_taken_off_the_ladder_in_the_list_is_off_it_on_the_site(admin_client):
    assert current_catalog().tiers_by_gb[24].is_on_ladder
    page = admin_client.get(TIERS)
    [form] = [form for form in page.context["cl"].formset.forms if form.instance.memory_gb == 24]
    data = fields_on(page)
    del data[form.add_prefix("on_ladder")]

    admin_client.post(TIERS, {**data, "_save": "Save"})

    assert not current_catalog().tiers_by_gb[24].is_on_ladder


def test_a_gpu_moves_to_another_tier_in_the_list(admin_client, rtx_4090):
    tier = MemoryTier.objects.get(memory_gb=80)

    save(admin_client, GPUS, **{in_list(admin_client, rtx_4090, "tier"): tier.pk})

    assert in_catalog("rtx-4090").memory_gb == 80


def test_the_list_asks_as_much_for_a_hundred_gpus_as_for_two(
    admin_client, django_assert_max_num_queries
):
    tier = MemoryTier.objects.get(memory_gb=24)
    Gpu.objects.bulk_create(
        Gpu(slug=f"gpu-{n}", name=f"GPU {n}", short_name=str(n), tier=tier) for n in range(98)
    )

    with django_assert_max_num_queries(12):
        admin_client.get(GPUS)


def test_the_list_shows_the_prices_that_cards_show_and_sorts_by_them(admin_client, rtx_4090, h100):
    for gpu, *seen in (
        (rtx_4090, "buy_street", "1900", "2026-10-01"),
        (rtx_4090, "buy_new", "2100", "2026-10-20"),
        (rtx_4090, "rent_marketplace", "0.3", "2026-11-20"),
        (rtx_4090, "rent_on_demand", "0.69", "2026-09-01"),
        (rtx_4090, "rent_on_demand", "0.59", "2026-10-01"),
        (h100, "rent_spot", "1.2", "2026-11-01"),
    ):
        observe(gpu, *seen)
    observe(rtx_4090, "buy_new", "1", "2026-11-20", provider="Gone", ended_on="2026-11-21")
    observe(rtx_4090, "rent_on_demand", "0.1", "2026-11-20", published=False)

    page = admin_client.get(f"{GPUS}?o=5")

    texts = {
        gpu.slug: [strip_tags(cell) for cell in columns]
        for gpu in page.context["cl"].result_list
        for columns in [re.findall(r'<td class="field-to_\w+">(.*?)</td>', row_of(page, gpu))]
    }
    assert texts == {
        "h100": ["–", "$1.20, 1 Nov 2026"],
        "rtx-4090": ["$2,100, 20 Oct 2026", "$0.59, 1 Oct 2026"],
    }
    for slug, (to_buy, to_rent) in texts.items():
        gpu = in_catalog(slug)
        for text, price in ((to_buy, gpu.retail_price), (to_rent, gpu.cloud_price_per_hour)):
            assert text == (
                f"{format_usd(price.usd)}, {format_day(price.checked_on)}" if price else "–"
            )
    assert [gpu.slug for gpu in page.context["cl"].result_list] == ["rtx-4090", "h100"]
    by_buying = admin_client.get(f"{GPUS}?o=-4").context["cl"].result_list
    assert [gpu.slug for gpu in by_buying] == ["rtx-4090", "h100"]


def test_a_tier_that_has_gpus_is_not_deleted_and_the_page_says_why(admin_client):
    tier = MemoryTier.objects.get(memory_gb=24)

    response = admin_client.post(f"{TIERS}{tier.pk}/delete/", {"post": "yes"})

    assert "would require deleting the following protected related objects" in response.text
    assert "GeForce RTX 4090" in response.text
    assert MemoryTier.objects.filter(memory_gb=24).exists()


def test_gpus_are_unpublished_and_published_again(admin_client, rtx_4090, h100):
    response = run_action(admin_client, GPUS, "unpublish", [rtx_4090, h100])

    assert said(response) == ["2 GPUs unpublished."]
    assert current_catalog().gpus == ()

    run_action(admin_client, GPUS, "publish", [rtx_4090])

    assert [gpu.slug for gpu in current_catalog().gpus] == ["rtx-4090"]
    assert LogEntry.objects.count() == 3


def test_publishing_what_is_published_changes_nothing(admin_client, rtx_4090):
    version = current_catalog().version

    response = run_action(admin_client, GPUS, "publish", [rtx_4090])

    assert said(response) == ["0 GPUs published."]
    assert current_catalog().version == version


def test_a_gpu_is_found_by_name_and_links_to_its_page_on_the_site(admin_client, rtx_4090):
    found = admin_client.get(GPUS, {"q": "4090"}).context["cl"].queryset
    link = admin_client.get(f"{GPUS}{rtx_4090.pk}/change/").context["absolute_url"]

    assert list(found) == [rtx_4090]
    assert link == "/gpus/rtx-4090/"


def test_a_gpu_that_is_not_published_has_no_link_to_the_site(admin_client, rtx_4090):
    rtx_4090.published = False
    rtx_4090.save()

    response = admin_client.get(f"{GPUS}{rtx_4090.pk}/change/")

    assert "View on site" not in response.text
