from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from calculator.catalog import current_catalog
from calculator.data.loading import load_catalog
from gpus.models import Gpu, MemoryTier
from tests.admin_pages import errors_in, fields_on, run_action, said, save
from tests.calculator.small_catalog import write_small_catalog

GPUS = "/admin/gpus/gpu/"
TIERS = "/admin/gpus/memorytier/"


@pytest.fixture(autouse=True)
def two_gpus(db, tmp_path):
    """An RTX 4090 with a retail price of 1 November 2026, and an H100 without any price."""
    write_small_catalog(tmp_path)
    load_catalog(tmp_path)


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


def in_catalog(slug):
    return next(gpu for gpu in current_catalog().gpus if gpu.slug == slug)


# Prices -----------------------------------------------------------------------------------------


def test_a_price_changed_in_the_list_is_on_the_site_at_once_as_checked_today(
    admin_client, rtx_4090
):
    assert in_catalog("rtx-4090").retail_price.usd == 1599

    save(admin_client, GPUS, **{in_list(admin_client, rtx_4090, "retail_price_usd"): "1450"})

    price = in_catalog("rtx-4090").retail_price
    assert price.usd == 1450
    assert price.checked_on == timezone.localdate()
    assert price.source_name == "NVIDIA"


def test_a_price_changed_on_the_gpus_page_was_checked_today(admin_client, rtx_4090):
    save(admin_client, f"{GPUS}{rtx_4090.pk}/change/", retail_price_usd="1450")

    assert in_catalog("rtx-4090").retail_price.checked_on == timezone.localdate()


def test_a_date_that_the_editor_sets_with_the_price_is_kept(admin_client, rtx_4090):
    url = f"{GPUS}{rtx_4090.pk}/change/"

    save(admin_client, url, retail_price_usd="1450", retail_price_checked_on="2026-11-20")

    assert in_catalog("rtx-4090").retail_price.checked_on == dt.date(2026, 11, 20)


def test_a_save_without_a_change_leaves_the_date_alone(admin_client, rtx_4090):
    save(admin_client, f"{GPUS}{rtx_4090.pk}/change/")

    assert in_catalog("rtx-4090").retail_price.checked_on == dt.date(2026, 11, 1)


def test_a_list_saved_without_a_change_leaves_the_catalog_alone(admin_client):
    version = current_catalog().version

    save(admin_client, GPUS)

    assert current_catalog().version == version


def test_a_price_taken_out_in_the_list_takes_its_date_with_it(admin_client, rtx_4090):
    save(admin_client, GPUS, **{in_list(admin_client, rtx_4090, "retail_price_usd"): None})

    assert in_catalog("rtx-4090").retail_price is None
    rtx_4090.refresh_from_db()
    assert rtx_4090.retail_price_checked_on is None


def test_a_first_price_on_the_gpus_page_asks_for_its_source_beside_the_fields(admin_client, h100):
    url = f"{GPUS}{h100.pk}/change/"

    response = save(admin_client, url, cloud_price_usd_per_hour="2.49")

    assert errors_in(response) == {
        "cloud_price_source_name": ["Say where the cloud price comes from."],
        "cloud_price_source_url": ["Give the link to the page with the cloud price."],
    }
    assert in_catalog("h100").cloud_price_per_hour is None


def test_a_first_price_in_the_list_says_where_its_source_is_entered(admin_client, h100):
    field = in_list(admin_client, h100, "cloud_price_usd_per_hour")

    response = save(admin_client, GPUS, **{field: "2.49"})

    assert errors_in(response) == {
        "": [
            "Cloud price source name: Say where the cloud price comes from. "
            "It is on the row's own page.",
            "Cloud price link: Give the link to the page with the cloud price. "
            "It is on the row's own page.",
        ]
    }
    assert fields_on(response)[field] == "2.49"


def test_a_first_price_with_its_source_needs_no_date(admin_client, h100):
    save(
        admin_client,
        f"{GPUS}{h100.pk}/change/",
        cloud_price_usd_per_hour="2.49",
        cloud_price_provider="RunPod",
        cloud_price_source_name="RunPod's price list",
        cloud_price_source_url="https://example.com/prices",
    )

    price = in_catalog("h100").cloud_price_per_hour
    assert (price.usd, price.kind) == (Decimal("2.49"), "RunPod")
    assert price.checked_on == timezone.localdate()


@pytest.mark.parametrize("amount", ["0", "-5", "free", "NaN", "1e9"])
def test_what_is_no_price_comes_back_with_an_error_beside_it(admin_client, rtx_4090, amount):
    field = in_list(admin_client, rtx_4090, "retail_price_usd")

    response = save(admin_client, GPUS, **{field: amount})

    assert list(errors_in(response)) == ["retail_price_usd"]
    assert fields_on(response)[field] == amount
    assert in_catalog("rtx-4090").retail_price.usd == 1599


def test_a_day_that_has_not_come_is_refused(admin_client, rtx_4090):
    url = f"{GPUS}{rtx_4090.pk}/change/"

    response = save(admin_client, url, retail_price_checked_on="2999-01-01")

    assert errors_in(response) == {"retail_price_checked_on": ["This day has not come yet."]}


def test_prices_are_marked_as_checked_today_and_unchanged(admin_client, rtx_4090, h100):
    version = current_catalog().version

    response = run_action(admin_client, GPUS, "retail_prices_checked", [rtx_4090, h100])

    price = in_catalog("rtx-4090").retail_price
    assert (price.usd, price.checked_on) == (1599, timezone.localdate())
    assert current_catalog().version != version
    assert said(response) == [
        "The retail price of 1 GPU was checked today.",
        "1 selected without a retail price: left as they are.",
    ]
    assert "Retail price checked on" in LogEntry.objects.get().get_change_message()


def test_stale_prices_can_be_listed(admin_client, rtx_4090, h100):
    def listed(age):
        return list(admin_client.get(GPUS, {"price_age": age}).context["cl"].queryset)

    assert listed("none") == [h100]

    rtx_4090.retail_price_checked_on = timezone.localdate() - dt.timedelta(days=90)
    rtx_4090.save()
    assert listed("stale") == []

    rtx_4090.retail_price_checked_on -= dt.timedelta(days=1)
    rtx_4090.save()
    assert listed("stale") == [rtx_4090]
    assert "91 days ago: stale" in admin_client.get(GPUS).text


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
