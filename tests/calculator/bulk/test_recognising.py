"""Which GPU a name means, and what each column of a pasted table holds."""

from __future__ import annotations

import pytest

from calculator.bulk.reading.columns import recognised
from calculator.bulk.reading.gpu_names import UnknownGpu
from calculator.bulk.reading.pasted import read_pasted
from calculator.bulk.source_rows import gpu_names
from calculator.bulk.tables import BULK_TABLES
from calculator.bulk.waiting import read

NAMES = {
    "RTX 4090": "rtx-4090",
    "rtx4090": "rtx-4090",
    "NVIDIA GeForce RTX 4090 24GB": "rtx-4090",
    "1x RTX 4090": "rtx-4090",
    "H100 SXM": "h100-sxm-80gb",
    "NVIDIA H100 80GB HBM3": "h100-sxm-80gb",
    "H100 PCIe": "h100-pcie-80gb",
    "H100 NVL": "h100-nvl-94gb",
    "A100 80 GB PCIe": "a100-pcie-80gb",
    "H100 94GB": "h100-nvl-94gb",
    "H100 SXM5 80 GB": "h100-sxm-80gb",
    "RTX PRO 6000 Blackwell Workstation": "rtx-pro-6000-workstation",
    "RTX PRO 6000 Max-Q": "rtx-pro-6000-max-q",
    "A100-SXM4-80GB": "a100-sxm-80gb",
    "A100 PCIe 40 GB": "a100-pcie-40gb",
    "4070 Ti": "rtx-4070-ti",
    "RTX 4070": "rtx-4070",
    "RTX 6000 Ada": "rtx-6000-ada",
    "RTX6000Ada": "rtx-6000-ada",
    "A6000": "rtx-a6000",
    "L4": "l4",
    "L40S 48GB": "l40s",
    "AMD Instinct MI300X 192GB": "mi300x",
    "RTX PRO 6000 Server Edition": "rtx-pro-6000-server",
    "rtx-4090": "rtx-4090",
}
NOT_ONE = {
    "A100": "may be any of A100 SXM4 40 GB, A100 SXM4 80 GB, A100 PCIe 80 GB, A100 PCIe 40 GB:",
    "A100 80GB": "may be any of A100 SXM4 80 GB, A100 PCIe 80 GB:",
    "H100": "may be any of H100 SXM5 80 GB, H100 NVL 94 GB, H100 PCIe 80 GB:",
    "H200": "may be any of H200 SXM, H200 NVL:",
    "RTX PRO 6000": "RTX PRO 6000 Blackwell Workstation, .*Max-Q, .*Server:",
    "V100": "may be any of",
    "RTX 3080": "may be any of",
    "8x H100 SXM": "8 GPUs",
    "K80": "no GPU of the catalog",
    "RTX 9999": "no GPU of the catalog",
    "": "no GPU of the catalog",
}


def test_gpus_are_found_by_what_people_and_providers_call_them(catalog):
    names = gpu_names()

    assert {typed: names.slug_of(typed) for typed in NAMES} == NAMES
    for typed, words in NOT_ONE.items():
        with pytest.raises(UnknownGpu, match=words):
            names.slug_of(typed)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("GPU\tPrice\n", ["gpu", "usd"]),
        (
            "Graphics card\t$/hr\tCloud\tAs of\tLink\n",
            ["gpu", "usd", "provider", "checked_on", "source_url"],
        ),
        (
            "Model\tVRAM\tOn-demand\tSpot price\n",
            ["gpu", "", "usd@rent_on_demand", "usd@rent_spot"],
        ),
        ("Instance\tHourly rate\tvCPUs\n", ["gpu", "usd", ""]),
        # By what is in them.
        ("Offer\tWhat it is\nRTX 4090\t$0.69/hr\n", ["gpu", "usd"]),
        ("x\ty\tz\nH100 SXM\t2.49\thttps://example.com/\n", ["gpu", "usd", "source_url"]),
    ],
)
def test_columns_are_known_by_their_names_or_their_contents(small_catalog, text, columns):
    prices = BULK_TABLES["prices"]
    text += "" if text.count("\n") > 1 else "\t".join("-" for _ in text.split("\t")) + "\n"

    assert recognised(prices, read_pasted(text), gpu_names(), ()) == columns


def test_a_table_without_a_row_of_names_loses_no_row(small_catalog):
    grid, reading = read(BULK_TABLES["prices"], read_pasted("RTX 4090\t$0.69\nH100 SXM\t$2\n"), {})

    assert not grid.has_header
    assert grid.rows == (("RTX 4090", "$0.69"), ("H100 SXM", "$2"))
    assert list(reading.columns) == ["gpu", "usd"]


def test_other_tables_columns_are_known_by_their_fields_names_too(small_catalog):
    table = BULK_TABLES["tiers"]

    found = recognised(
        table, read_pasted("Memory (GB)\tlabel\tunknown\n1\t2\t3\n"), gpu_names(), ()
    )

    assert found == ["memory_gb", "label", ""]
