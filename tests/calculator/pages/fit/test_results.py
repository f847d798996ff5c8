"""Which setups hold a run, and which of them is the best: specs in, rows out."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from calculator.answer.halves import halves
from calculator.answer.setups import Workload, counts_of, fit_rows
from calculator.estimation import TrainingSettings
from calculator.estimation.cluster.run_time import Range
from calculator.pages.fit.ordering import SORTS, best_of, sort_rows
from calculator.pages.fit.split_words import halves_view
from gpus.specs import MethodSupport, PlatformSpec, UtilisationSpec
from tests.calculator.estimation.architectures import architecture
from tests.gpus.builders import a_gpu, a_price, a_tier

TODAY = dt.date(2026, 11, 24)
LONG_AGO = "2026-01-01"
LLAMA = architecture("llama-3-1-8b")
LORA = TrainingSettings(method="lora")
FULL = TrainingSettings(method="full")
A_DAY_OF_DATA = Workload(dataset_tokens=15_000_000)
HALF = UtilisationSpec("cards", Range(0.25, 0.5, 0.75), True, "an assumption")


def a_platform(slug: str, **support: str) -> PlatformSpec:
    return PlatformSpec(
        slug, slug.upper(), MethodSupport(**support), "", "docs", "https://example.com", TODAY
    )


RTX_4060 = a_gpu("GeForce RTX 4060", 8, cloud_price_per_hour=a_price("0.10"))
RTX_4090 = a_gpu(
    "GeForce RTX 4090",
    24,
    cloud_price_per_hour=a_price("0.34"),
    retail_price=a_price("1599"),
    bf16_dense_flops=Decimal(165 * 10**12),
    utilisation=HALF,
)
H100 = a_gpu(
    "H100 SXM",
    80,
    audience="datacenter",
    cloud_price_per_hour=a_price("2.69", checked_on=LONG_AGO),
    bf16_dense_flops=Decimal(989 * 10**12),
    utilisation=HALF,
    has_nvlink=True,
)


def rows(*gpus, settings=LORA, workload=A_DAY_OF_DATA):
    return fit_rows(gpus, LLAMA, settings, workload, today=TODAY)


def names(found):
    return [f"{row.gpu_count}x {row.gpu.short_name}" for row in found]


def test_a_card_that_holds_the_run_alone_stands_alone():
    (row,) = rows(RTX_4090)

    assert row.gpu_count == 1
    assert row.setup.sharding.strategy == "none"


def test_a_card_that_is_too_small_is_taken_in_the_fewest_that_hold_the_run():
    plain = [row for row in rows(H100, settings=FULL) if not row.is_offloaded]

    assert [row.gpu_count for row in plain] == [2, 4]
    assert plain[0].setup.sharding.shards_optimizer
    assert plain[0].setup.verdict == "tight"
    assert not plain[0].setup.is_likely_to_fit
    assert plain[1].setup.is_likely_to_fit


def test_where_one_card_alone_is_too_small_one_with_offload_is_listed_too():
    offloaded = [row for row in rows(H100, settings=FULL) if row.is_offloaded]

    assert [row.gpu_count for row in offloaded] == [1]
    assert offloaded[0].setup.estimate.host_bytes > 0


def test_consumer_cards_stop_at_one_machine_and_shared_memory_at_one():
    mac = a_gpu("M4 Max", 128, platform=a_platform("metal"))

    assert max(counts_of(RTX_4090)) == 8
    assert max(counts_of(H100)) == 64
    assert counts_of(mac) == (1,)


def test_a_method_that_does_not_run_on_a_gpus_software_has_no_setup_there():
    gpu = a_gpu("Accelerator", 128, platform=a_platform("gaudi", qlora="no"))

    assert rows(gpu, settings=TrainingSettings(method="qlora")) == ()
    assert rows(gpu) != ()


def test_prices_are_for_all_of_the_gpus():
    (two, *_) = rows(RTX_4060, settings=TrainingSettings(method="lora", sequence_length=512))

    assert two.gpu_count > 1
    assert two.usd_per_hour == Decimal("0.10") * two.gpu_count


def test_an_own_price_goes_before_the_catalogs_and_is_never_stale():
    own = Workload(15_000_000, own_price_gpu="h100-sxm", own_price_usd_per_hour=Decimal("1.50"))

    (row,) = rows(H100, workload=own)

    assert row.is_own_price
    assert not row.is_rent_stale
    assert row.usd_per_hour == Decimal("1.50")
    assert row.cost_usd.likely == pytest.approx(row.run_time.gpu_hours.likely * 1.5)


def test_a_stale_price_is_shown_but_is_never_the_cheapest():
    found = rows(RTX_4090, H100)

    best = best_of(found)

    assert [row.is_rent_stale for row in found] == [False, True]
    assert best.cheapest_per_hour.gpu == RTX_4090
    assert best_of(rows(H100)).cheapest_per_hour is None
    assert best_of(rows(H100)).cheapest_run is None


def test_the_quickest_is_the_one_with_the_most_speed():
    assert best_of(rows(RTX_4090, H100)).quickest.gpu == H100


def test_a_gpu_of_unknown_speed_has_no_time_and_comes_last_by_time():
    found = sort_rows(rows(RTX_4090, a_gpu("Unknown", 24), H100), "time")

    assert names(found) == ["1x H100 SXM", "1x RTX 4090", "1x Unknown"]
    assert found[-1].run_time is None


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_keeps_every_setup(sort):
    found = rows(RTX_4060, RTX_4090, H100)

    assert sorted(names(sort_rows(found, sort))) == sorted(names(found))


def test_stale_prices_come_after_fresh_ones_and_before_none():
    cheap_but_old = a_gpu(
        "Old price", 24, cloud_price_per_hour=a_price("0.01", checked_on=LONG_AGO)
    )
    priceless = a_gpu("No price", 24)

    found = sort_rows(rows(priceless, cheap_but_old, RTX_4090), "price_per_hour")

    assert names(found) == ["1x RTX 4090", "1x Old price", "1x No price"]


def test_fp32_has_no_times_as_it_does_not_run_at_the_16_bit_speed():
    (row,) = rows(H100, settings=TrainingSettings(method="lora", recipe="fp32"))

    assert row.run_time is None


def test_two_cards_of_half_the_size_are_told_from_one_of_the_whole():
    split = halves(LLAMA, LORA, [a_tier(12), a_tier(24), a_tier(48)])

    view = halves_view(split)

    assert (split.half_gb, split.whole_gb) == (12, 24)
    assert split.shared_bytes + split.own_bytes == split.pair.estimate.peak_allocated_bytes
    assert 2 * split.pair.estimate.device_bytes.likely > split.whole_bytes
    assert view.title == "2× 12 GB is not 24 GB"


def test_without_two_tiers_of_which_one_is_half_of_the_other_nothing_is_told():
    assert halves(LLAMA, LORA, [a_tier(24), a_tier(80)]) is None
