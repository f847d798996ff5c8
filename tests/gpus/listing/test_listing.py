"""The list of GPUs: what is found, in which order, and what the page says about it."""

import datetime as dt
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from gpus.listing.forms import ORDERS, GpuListForm, to_query
from gpus.listing.presenters import GPUS_PER_PAGE, gpu_row, present_gpu_list
from gpus.listing.price_notes import PriceNotes
from gpus.listing.selection import (
    SORT_VALUES,
    GpuFilter,
    Order,
    loosened,
    newest_check,
    select_gpus,
    sort_gpus,
    without_asked_price,
)
from gpus.models import Audience, Gpu, MemoryTier, Vendor
from tests.gpus.builders import a_gpu, a_price, catalog_of
from tests.gpus.price_rows import observe

TODAY = dt.date(2026, 11, 24)

RTX_3090 = a_gpu(
    "GeForce RTX 3090",
    24,
    launched_on=dt.date(2020, 9, 1),
    bandwidth_bytes_per_second=Decimal(936) * 10**9,
    bf16_dense_flops=Decimal(71) * 10**12,
    retail_price=a_price("990"),
    cloud_price_per_hour=a_price("0.22"),
)
RTX_4090 = a_gpu(
    "GeForce RTX 4090",
    24,
    launched_on=dt.date(2022, 10, 1),
    bandwidth_bytes_per_second=Decimal(1008) * 10**9,
    bf16_dense_flops=Decimal("165.2") * 10**12,
    retail_price=a_price("1599"),
    cloud_price_per_hour=a_price("0.34"),
)
RX_7600 = a_gpu("Radeon RX 7600", 8, vendor="AMD", retail_price=a_price("189"))
RX_580 = a_gpu("Radeon RX 580", 8, vendor="AMD")
H100 = a_gpu(
    "H100 SXM5 80GB",
    80,
    audience="datacenter",
    cloud_price_per_hour=a_price("2.69"),
    bf16_dense_flops=Decimal(989) * 10**12,
)
GPUS = (RX_7600, RX_580, RTX_3090, RTX_4090, H100)


def names(gpus):
    return [gpu.short_name for gpu in gpus]


def gpu_list(query=None, gpus=GPUS, today=TODAY):
    return present_gpu_list(catalog_of(*gpus), query or {}, today=today)


# What is found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (GpuFilter(), list(GPUS)),
        (GpuFilter(vendor="AMD"), [RX_7600, RX_580]),
        (GpuFilter(audience="datacenter"), [H100]),
        (GpuFilter(min_memory_gb=Decimal(24)), [RTX_3090, RTX_4090, H100]),
        (GpuFilter(min_memory_gb=Decimal("24.5")), [H100]),
        (GpuFilter(max_retail_price_usd=Decimal(990)), [RX_7600, RTX_3090]),
        (GpuFilter(max_cloud_price_usd_per_hour=Decimal("0.34")), [RTX_3090, RTX_4090]),
        (GpuFilter(text="4090"), [RTX_4090]),
        (GpuFilter(text="rtx4090"), [RTX_4090]),
        (GpuFilter(text="nvidia RTX"), [RTX_3090, RTX_4090]),
        (GpuFilter(text="RTX AMD"), []),
        (GpuFilter(vendor="NVIDIA", min_memory_gb=Decimal(24), text="h100"), [H100]),
    ],
)
def test_a_gpu_is_listed_when_it_meets_every_criterion(wanted, found):
    assert select_gpus(GPUS, wanted) == tuple(found)


def test_a_limit_on_the_price_says_which_gpus_it_leaves_out_for_want_of_a_price():
    wanted = GpuFilter(max_retail_price_usd=Decimal(1000), vendor="NVIDIA")

    assert select_gpus(GPUS, wanted) == (RTX_3090,)
    assert without_asked_price(GPUS, wanted) == (H100,)


def test_a_gpu_whose_other_price_is_too_high_is_not_left_out_for_want_of_a_price():
    wanted = GpuFilter(max_retail_price_usd=Decimal(1), max_cloud_price_usd_per_hour=Decimal(1))

    assert without_asked_price(GPUS, wanted) == (RX_580,)


def test_loosening_names_the_criteria_that_alone_hide_gpus():
    wanted = GpuFilter(vendor="AMD", min_memory_gb=Decimal(24))

    assert loosened(GPUS, wanted) == (("vendor", 3), ("min_memory_gb", 2))


# In which order


@pytest.mark.parametrize(
    ("order", "sorted_names"),
    [
        ("memory", ["Radeon RX 7600", "Radeon RX 580", "RTX 3090", "RTX 4090", "H100 SXM5 80GB"]),
        ("-memory", ["H100 SXM5 80GB", "RTX 3090", "RTX 4090", "Radeon RX 7600", "Radeon RX 580"]),
        ("name", ["RTX 3090", "RTX 4090", "H100 SXM5 80GB", "Radeon RX 580", "Radeon RX 7600"]),
        (
            "retail_price",
            ["Radeon RX 7600", "RTX 3090", "RTX 4090", "Radeon RX 580", "H100 SXM5 80GB"],
        ),
        (
            "-retail_price",
            ["RTX 4090", "RTX 3090", "Radeon RX 7600", "Radeon RX 580", "H100 SXM5 80GB"],
        ),
        ("-launch", ["RTX 4090", "RTX 3090", "Radeon RX 7600", "Radeon RX 580", "H100 SXM5 80GB"]),
        ("-tflops", ["H100 SXM5 80GB", "RTX 4090", "RTX 3090", "Radeon RX 7600", "Radeon RX 580"]),
    ],
)
def test_gpus_without_the_value_come_last_and_equals_keep_their_order(order, sorted_names):
    assert names(sort_gpus(GPUS, Order.parse(order))) == sorted_names


@pytest.mark.parametrize("order", ORDERS)
@given(gpus=st.permutations(GPUS))
def test_sorting_loses_nobody_and_keeps_what_is_not_known_at_the_end(order, gpus):
    order = Order.parse(order)

    in_order = sort_gpus(gpus, order)

    assert set(in_order) == set(GPUS)
    known = [SORT_VALUES[order.column](gpu) is not None for gpu in in_order]
    assert known == sorted(known, reverse=True)


def test_every_column_can_be_sorted_by_in_both_directions():
    assert {Order.parse(key).column for key in ORDERS} == set(SORT_VALUES)
    assert len(ORDERS) == 2 * len(SORT_VALUES)
    assert {column.key for column in gpu_list().table.columns} == set(SORT_VALUES)


# From the URL and back


@given(
    wanted=st.builds(
        GpuFilter,
        text=st.sampled_from(["", "4090", "rtx 40", "ü&=?#"]),
        vendor=st.sampled_from(["", *Vendor.values]),
        audience=st.sampled_from(["", *Audience.values]),
        min_memory_gb=st.none() | st.decimals(1, 600, places=1),
        max_retail_price_usd=st.none() | st.decimals("0.01", 100_000, places=2),
        max_cloud_price_usd_per_hour=st.none() | st.decimals("0.01", 100, places=2),
    ),
    order=st.sampled_from([Order.parse(key) for key in ORDERS]),
)
def test_a_filter_and_an_order_survive_the_way_through_the_url(wanted, order):
    form = GpuListForm(to_query(wanted, order), GPUS)

    assert form.is_valid(), form.errors
    assert form.to_filter() == wanted
    assert form.to_order() == order


def test_the_default_leaves_no_trace_in_the_url():
    query = {"search": " ", "vendor": "", "memory": "", "sort": "memory"}

    assert gpu_list(query).page_url == "/gpus/"


def test_the_url_is_plain():
    query = {
        "vendor": "nvidia",
        "memory": "24 GB",
        "max_retail_price": "$1,599",
        "sort": "-launch",
    }

    assert (
        gpu_list(query).page_url
        == "/gpus/?vendor=NVIDIA&memory=24&max_retail_price=1599&sort=-launch"
    )


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("memory", "abc", "Enter a number such as 24: “abc” is not one."),
        ("memory", "-24", "Enter a number such as 24: “-24” is not one."),
        ("memory", "NaN", "“NaN” is not one"),
        ("memory", "٢٤", "“٢٤” is not one"),
        ("memory", "x" * 5000, "is not one"),
        ("memory", "0", "Enter a number above 0"),
        ("max_retail_price", "99999999", "Enter a number above 0, up to 1,000,000"),
        ("max_cloud_price", "1,5", "Use a point for decimals: 1.5 instead of 1,5."),
        ("vendor", "3dfx", "Choose one from the list: “3dfx” is not in it."),
        ("audience", "cats", "Choose one from the list: “cats” is not in it."),
        ("sort", "size", "Choose one from the list: “size” is not in it."),
        ("sort", "--memory", "Choose one from the list: “--memory” is not in it."),
        ("search", "x" * 61, "Search for at most 60 characters."),
        ("search", "a\0b", "Null characters are not allowed."),
    ],
)
def test_bad_input_gets_an_error_keeps_what_was_typed_and_lists_nothing(name, typed, says):
    page = gpu_list({name: typed})

    assert says in page.form.errors[name][0]
    assert page.form[name].value() == typed
    assert page.table is None
    assert dict(parse_qsl(urlsplit(page.page_url).query))[name] == typed
    assert page.status.startswith("No list yet. Check: ")


def test_a_choice_in_other_capitals_shows_as_chosen():
    page = gpu_list({"vendor": "amd", "sort": "NAME"})

    assert '<option value="AMD" selected>' in str(page.form["vendor"])
    assert '<option value="name" selected>' in str(page.form["sort"])


def test_a_choice_that_does_not_exist_stays_visible_in_its_field():
    page = gpu_list({"vendor": "3dfx"})

    assert '<option value="3dfx" selected>3dfx</option>' in str(page.form["vendor"])


def test_only_vendors_with_gpus_are_offered():
    offered = [value for value, _ in gpu_list().form.fields["vendor"].widget.choices]

    assert offered == ["", "NVIDIA", "AMD"]


def test_a_vendor_whose_gpus_are_gone_is_an_empty_list_not_an_error():
    page = gpu_list({"vendor": "Intel"})

    assert page.table.rows == ()
    assert page.form["vendor"].value() == "Intel"


# What the page says


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, "All 5 GPUs, least memory first."),
        ({"memory": "24"}, "3 of 5 GPUs, least memory first."),
        ({"memory": "80", "sort": "cloud_price"}, "1 of 5 GPUs, cheapest to rent first."),
        (
            {"max_retail_price": "1000", "sort": "-name"},
            "2 of 5 GPUs, names from Z to A. 2 more would fit, but their price is not known.",
        ),
        ({"memory": "500"}, "None of 5 GPUs fits."),
    ],
)
def test_the_status_counts_in_words(query, status):
    assert gpu_list(query).status == status


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ({}, "GPUs for fine-tuning: memory, speed and prices"),
        ({"audience": "datacenter"}, "Data center GPUs"),
        (
            {"vendor": "NVIDIA", "audience": "consumer", "memory": "24", "max_cloud_price": "1"},
            "NVIDIA consumer GPUs, at least 24 GB, up to $1.00 an hour to rent",
        ),
        ({"search": "4090"}, "GPUs, “4090”"),
        ({"memory": "abc"}, "Check the filters"),
    ],
)
def test_the_title_says_what_is_listed(query, title):
    assert gpu_list(query).title == title


def test_the_sorted_column_is_marked_and_a_click_on_it_turns_it_round():
    columns = {column.key: column for column in gpu_list({"sort": "-cloud_price"}).table.columns}

    assert columns["cloud_price"].aria_sort == "descending"
    assert columns["cloud_price"].query == "sort=cloud_price"
    assert [key for key, column in columns.items() if column.aria_sort] == ["cloud_price"]


def test_a_first_click_sorts_from_the_end_that_people_look_for():
    queries = {column.key: column.query for column in gpu_list({"vendor": "AMD"}).table.columns}

    assert queries == {
        "name": "vendor=AMD&sort=name",
        "memory": "vendor=AMD&sort=-memory",
        "bandwidth": "vendor=AMD&sort=-bandwidth",
        "tflops": "vendor=AMD&sort=-tflops",
        "launch": "vendor=AMD&sort=-launch",
        "retail_price": "vendor=AMD&sort=retail_price",
        "cloud_price": "vendor=AMD&sort=cloud_price",
    }


def test_figures_keep_the_digits_that_tell_cards_apart():
    row = gpu_row(RTX_4090, PriceNotes(), today=TODAY)

    assert (row.bandwidth, row.tflops, row.memory_gb) == ("1,008", "165", 24)
    assert gpu_row(RTX_3090, PriceNotes(), today=TODAY).tflops == "71"
    assert gpu_row(RX_580, PriceNotes(), today=TODAY).bandwidth == ""


@pytest.mark.parametrize(
    ("basis", "kind"),
    [
        ("derived: 2 x FP32 shader TFLOPS", "derived"),
        ("Published dense (data sheet)", "published"),
        ("FP16 packed shader rate", "source"),
        ("", "source"),
    ],
)
def test_one_word_says_where_the_tflops_come_from(basis, kind):
    gpu = a_gpu("Any", bf16_dense_flops=Decimal(10**14), bf16_flops_basis=basis)

    assert gpu_row(gpu, PriceNotes(), today=TODAY).tflops_basis_kind == kind


def test_without_tflops_the_row_says_that_there_is_no_figure():
    gpu = a_gpu("Any", bf16_flops_basis="left blank: sources conflict")

    assert gpu_row(gpu, PriceNotes(), today=TODAY).tflops_basis_kind == "no figure"


@pytest.mark.parametrize(
    ("checked_on", "is_old"), [("2026-05-28", False), ("2026-05-27", True), ("2026-11-24", False)]
)
def test_a_price_older_than_180_days_may_be_out_of_date(checked_on, is_old):
    gpu = a_gpu("Any", retail_price=a_price("100", checked_on=checked_on))

    assert gpu_row(gpu, PriceNotes(), today=TODAY).retail_price.price.may_be_out_of_date is is_old


def test_the_newest_check_is_that_of_any_price():
    gpus = [
        a_gpu("A", retail_price=a_price("1", checked_on="2026-10-01")),
        a_gpu("B", cloud_price_per_hour=a_price("1", checked_on="2026-10-09")),
        a_gpu("C"),
    ]

    assert newest_check(gpus) == dt.date(2026, 10, 9)
    assert newest_check([]) is None


def test_an_empty_catalog_is_a_page_too():
    page = gpu_list(gpus=())

    assert page.lead == "The catalog has no GPUs at the moment. Please come back soon."
    assert page.newest_check_on is None


# The views


@pytest.fixture
def three_gpus(db):
    tiers = {
        gb: MemoryTier.objects.create(memory_gb=gb, label=f"{gb} GB", audience="consumer")
        for gb in (8, 24, 80)
    }
    rtx_4090 = Gpu.objects.create(
        slug="rtx-4090",
        name="GeForce RTX 4090",
        short_name="RTX 4090",
        vendor="NVIDIA",
        audience="consumer",
        tier=tiers[24],
        bf16_dense_tflops=Decimal("165.2"),
        bf16_tflops_basis="derived: from the shader rate",
    )
    nvidia = {"source_name": "NVIDIA", "source_url": "https://example.com/4090"}
    observe(rtx_4090, "buy_launch", 1599, **nvidia)
    cloud = {"source_url": "https://example.com/cloud", "is_estimate": True}
    observe(rtx_4090, "rent_on_demand", "0.34", "2020-01-31", **cloud)
    Gpu.objects.create(
        slug="rx-7600",
        name="Radeon RX 7600",
        short_name="RX 7600",
        vendor="AMD",
        audience="consumer",
        tier=tiers[8],
    )
    Gpu.objects.create(
        slug="h100",
        name="H100 SXM",
        short_name="H100",
        vendor="NVIDIA",
        audience="datacenter",
        tier=tiers[80],
    )
    Gpu.objects.create(
        slug="secret",
        name="Unpublished",
        short_name="Unpublished",
        vendor="NVIDIA",
        audience="consumer",
        tier=tiers[24],
        published=False,
    )


def page_of(response):
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def slugs_on(page):
    return [row["id"] for row in page.select("tbody tr")]


def text_of(element):
    return " ".join(element.get_text(" ").split())


HTMX = {"HX-Request": "true"}


@pytest.mark.usefixtures("three_gpus")
def test_the_page_lists_every_published_gpu_by_its_anchor(client):
    page = page_of(client.get("/gpus/"))

    assert slugs_on(page) == ["rx-7600", "rtx-4090", "h100"]
    assert text_of(page.select_one("#gpu-status")) == "All 3 GPUs, least memory first."


@pytest.mark.usefixtures("three_gpus")
def test_the_url_filters_and_sorts(client):
    page = page_of(client.get("/gpus/?vendor=NVIDIA&memory=24&sort=-memory"))

    assert slugs_on(page) == ["h100", "rtx-4090"]
    assert page.select_one("#filter-memory")["value"] == "24"
    assert page.select_one("#filter-vendor option[selected]")["value"] == "NVIDIA"
    assert page.select_one("th[aria-sort]").get_text(" ", strip=True) == "Memory GB"
    assert page.select_one("th[aria-sort]")["aria-sort"] == "descending"


@pytest.mark.usefixtures("three_gpus")
def test_a_price_has_its_kind_source_and_date_and_says_when_it_is_old_or_estimated(client):
    page = page_of(client.get("/gpus/"))
    row = page.select_one("#rtx-4090")
    retail, cloud = row.select_one(".gpu__retail_price"), row.select_one(".gpu__cloud_price")

    assert text_of(retail) == "launch price $1,599 source 1"
    assert text_of(cloud) == "A cloud, old est. $0.34 per hour source 2"
    notes = [page.select_one(cell.select_one("a")["href"]) for cell in (retail, cloud)]
    assert [text_of(note) for note in notes] == [
        "NVIDIA , 1 Nov 2026",
        "A price list , 31 Jan 2020 , may be out of date",
    ]
    assert notes[0].a["href"] == "https://example.com/4090"


PAGES = ("1 to 25", "26 to 50", "51 to 53")


def many_gpus(count=2 * GPUS_PER_PAGE + 3):
    return tuple(
        a_gpu(f"Card {n:03}", 8 + n, retail_price=a_price("100"), cloud_price_per_hour=None)
        for n in range(count)
    )


def test_a_long_list_comes_in_pages_that_hold_each_gpu_once():
    gpus = many_gpus()

    pages = [gpu_list({"page": str(n), "vendor": "NVIDIA"}, gpus) for n in (1, 2, 3)]

    assert [row.name for page in pages for row in page.table.rows] == [gpu.name for gpu in gpus]
    assert [page.status for page in pages] == [
        f"All {len(gpus)} GPUs, least memory first: {which}." for which in PAGES
    ]
    assert pages[0].table.paging.next_url == pages[1].page_url == "/gpus/?vendor=NVIDIA&page=2"
    assert pages[2].table.paging.next_url == ""
    assert all("page" not in column.query for column in pages[1].table.columns)


def test_a_source_that_many_prices_share_is_said_once():
    assert len(gpu_list(gpus=many_gpus()).table.notes) == 1


@pytest.mark.parametrize("typed", ["0", "-1", "x", "99999", "1.5"])
def test_a_page_that_is_no_number_is_an_error_in_words(typed):
    page = gpu_list({"page": typed})

    assert page.table is None
    assert page.status == "No list yet. Check: Page."


def test_search_engines_keep_each_page_of_the_whole_list():
    gpus = many_gpus()

    assert gpu_list({"page": "2", "sort": "name"}, gpus).canonical_path == "/gpus/?page=2"
    assert gpu_list({"page": "2", "vendor": "NVIDIA"}, gpus).canonical_path == "/gpus/"


@pytest.mark.usefixtures("three_gpus")
def test_what_is_not_known_is_said(client):
    row = page_of(client.get("/gpus/")).select_one("#h100")

    assert text_of(row.select_one(".gpu__cloud_price")) == "– not known"


@pytest.mark.usefixtures("three_gpus")
def test_an_error_stands_beside_its_field_and_no_table_under_it(client):
    page = page_of(client.get("/gpus/?memory=lots&vendor=AMD"))

    field = page.select_one("#filter-memory")
    assert field["value"] == "lots"
    assert field["aria-invalid"] == "true"
    error = page.select_one(f"#{field['aria-describedby']}")
    assert "Enter a number such as 24: “lots” is not one." in error.get_text()
    assert page.select("table") == []
    assert page.select_one("meta[name=robots]")["content"] == "noindex"


@pytest.mark.usefixtures("three_gpus")
def test_an_empty_list_says_what_to_loosen(client):
    page = page_of(client.get("/gpus/?vendor=AMD&memory=24&sort=name"))

    links = {a.get_text(): a["href"] for a in page.select("#gpu-results a")}
    assert links == {
        "Without “AMD”": "/gpus/?memory=24&sort=name",
        "Without “at least 24 GB”": "/gpus/?vendor=AMD&sort=name",
        "clear all filters": "/gpus/",
    }


@pytest.mark.usefixtures("three_gpus")
def test_a_search_that_finds_nothing_is_quoted_once(client):
    page = page_of(client.get("/gpus/?search=zzz"))

    assert "Without “zzz”" in [a.get_text() for a in page.select("#gpu-results a")]


@pytest.mark.usefixtures("three_gpus")
def test_what_a_visitor_typed_is_escaped(client):
    response = client.get("/gpus/", {"search": "<script>alert(1)</script>", "vendor": "<b>x</b>"})

    assert b"<script>alert" not in response.content
    assert b"<b>x" not in response.content


@pytest.mark.usefixtures("three_gpus")
def test_the_fragment_is_the_table_with_its_address_and_title(client):
    response = client.get("/gpus/table/?vendor=AMD&memory=&sort=memory", headers=HTMX)

    page = page_of(response)
    assert slugs_on(page) == ["rx-7600"]
    assert page.title.get_text() == "AMD GPUs · Fine-Tuning VRAM Calculator"
    assert page.select("header.site-header") == []
    assert response["HX-Push-Url"] == "/gpus/?vendor=AMD"
    assert "HX-Request" in response["Vary"]


@pytest.mark.usefixtures("three_gpus")
def test_the_fragment_swaps_the_errors_too_and_takes_old_ones_away(client):
    bad = page_of(client.get("/gpus/table/?memory=lots", headers=HTMX))
    good = page_of(client.get("/gpus/table/?memory=8", headers=HTMX))

    assert bad.select("table") == []
    assert "“lots” is not one" in bad.select_one("#filter-memory_error").get_text()
    assert good.select_one("#filter-memory_error").get_text() == ""


@pytest.mark.usefixtures("three_gpus")
def test_the_fragment_opened_by_hand_leads_to_its_page(client):
    response = client.get("/gpus/table/?vendor=AMD&sort=-memory")

    assert response.status_code == 302
    assert response["Location"] == "/gpus/?vendor=AMD&sort=-memory"


@pytest.mark.usefixtures("three_gpus")
def test_a_list_asks_nothing_of_the_database(client, settings, django_assert_num_queries):
    settings.CATALOG_CHECK_SECONDS = 60
    client.get("/gpus/")

    with django_assert_num_queries(0):
        client.get("/gpus/?vendor=NVIDIA&sort=-cloud_price")


@pytest.mark.parametrize("path", ["/gpus/", "/gpus/table/"])
def test_only_reading_is_allowed(client, path):
    assert client.post(path).status_code == 405
