"""The database itself refuses what the forms refuse: scripts and imports pass by the forms."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from gpus.models import Gpu, MemoryTier

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]


@pytest.fixture
def h200() -> Gpu:
    return Gpu.objects.get(slug="h200-sxm")


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"cloud_price_checked_on": None}, "gpu_cloud_price_has_source_and_date"),
        ({"cloud_price_source_url": ""}, "gpu_cloud_price_has_source_and_date"),
        ({"cloud_price_usd_per_hour": None}, "gpu_cloud_price_has_source_and_date"),
        ({"cloud_price_usd_per_hour": Decimal(0)}, "gpu_cloud_price_has_source_and_date"),
        (
            {"retail_price_usd": None, "retail_price_checked_on": dt.date(2026, 1, 1)},
            "gpu_retail_price_has_source_and_date",
        ),
        (
            {"retail_price_usd": Decimal(-1), "retail_price_checked_on": dt.date(2026, 1, 1)},
            "gpu_retail_price_has_source_and_date",
        ),
        ({"short_name": ""}, "gpu_has_its_names"),
        ({"bandwidth_gb_per_s": Decimal(0)}, "gpu_bandwidth_is_positive"),
        ({"bf16_dense_tflops": Decimal(-1)}, "gpu_tflops_are_positive"),
    ],
)
def test_the_database_refuses_half_a_price_and_impossible_facts(h200, changes, constraint):
    for name, value in changes.items():
        setattr(h200, name, value)

    with pytest.raises(ValidationError):
        h200.full_clean()
    with pytest.raises(IntegrityError, match=constraint):
        h200.save()


def test_a_memory_size_is_one_tier():
    with pytest.raises(IntegrityError, match="memory_gb"):
        MemoryTier.objects.create(memory_gb=24, label="24 GB again", audience="consumer")


def test_a_tier_with_gpus_cannot_be_deleted():
    with pytest.raises(IntegrityError):
        MemoryTier.objects.get(memory_gb=24).delete()
