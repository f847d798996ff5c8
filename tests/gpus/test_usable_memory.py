"""What a card has for a run: stated, or by the rule."""

from __future__ import annotations

import pytest

from calculator.catalog import current_catalog
from calculator.data.loading import load_catalog
from calculator.estimation.usable_memory import MIB, usable_bytes
from tests.gpus.builders import a_gpu


# What nvidia-smi shows as the whole (thundergolfer.com's list, and cards' owners), which the rule
# has to meet without being told.
@pytest.mark.parametrize(
    ("memory_gb", "shown_mib"),
    [(80, 81_559), (94, 95_830), (96, 97_887), (141, 143_771), (180, 183_359), (24, 24_564)],
)
def test_the_rule_meets_what_nvidia_smi_shows_within_half_a_percent(memory_gb, shown_mib):
    assert usable_bytes(memory_gb, None) / MIB == pytest.approx(shown_mib, rel=0.005)


def test_a_stated_figure_goes_before_the_rule():
    l40s = a_gpu("L40S", 48, usable_memory_mib=46_068)

    assert l40s.usable_bytes == 46_068 * MIB
    assert a_gpu("RTX A6000", 48).usable_bytes > l40s.usable_bytes


def test_a_card_never_has_more_than_it_is_sold_with():
    assert usable_bytes(24, None) < 24 * 2**30


@pytest.mark.django_db
def test_every_shipped_gpu_says_what_runs_on_it_and_has_a_range_for_its_times(settings):
    load_catalog(settings.BASE_DIR)

    gpus = current_catalog().gpus

    assert all(gpu.platform is not None for gpu in gpus)
    assert {gpu.vendor for gpu in gpus if gpu.utilisation is None} == {"Apple"}
    assert all(gpu.usable_bytes < gpu.memory_gb * 2**30 * 1.0001 for gpu in gpus)
    for gpu in gpus:
        if gpu.speed is not None:
            assert 0 < gpu.speed.utilisation_fraction.low < gpu.speed.utilisation_fraction.high
