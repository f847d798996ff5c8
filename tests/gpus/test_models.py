"""The database itself refuses what the forms refuse: scripts and imports pass by the forms."""

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
        ({"short_name": ""}, "gpu_has_its_names"),
        ({"bandwidth_gb_per_s": Decimal(0)}, "gpu_bandwidth_is_positive"),
        ({"bf16_dense_tflops": Decimal(-1)}, "gpu_tflops_are_positive"),
    ],
)
def test_the_database_refuses_impossible_facts(h200, changes, constraint):
    for name, value in changes.items():
        setattr(h200, name, value)

    with pytest.raises(ValidationError):
        h200.full_clean()
    with pytest.raises(IntegrityError, match=constraint):
        h200.save()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"usd": Decimal(0)}, "price_is_above_0"),
        ({"source_name": ""}, "price_has_its_source"),
        ({"source_url": ""}, "price_has_its_source"),
        ({"provider": ""}, "price_of_an_hour_has_its_provider"),
    ],
)
def test_the_database_refuses_half_a_price(h200, changes, constraint):
    price = h200.prices.get(kind="rent_on_demand")
    for name, value in changes.items():
        setattr(price, name, value)

    with pytest.raises(IntegrityError, match=constraint):
        price.save()


def test_a_price_is_one_a_day_of_each_kind_and_provider(h200):
    price = h200.prices.get(kind="rent_on_demand")
    price.pk = None

    with pytest.raises(ValidationError, match="for that day already"):
        price.full_clean()


def test_a_memory_size_is_one_tier():
    with pytest.raises(IntegrityError, match="memory_gb"):
        MemoryTier.objects.create(memory_gb=24, label="24 GB again", audience="consumer")


def test_a_tier_with_gpus_cannot_be_deleted():
    with pytest.raises(IntegrityError):
        MemoryTier.objects.get(memory_gb=24).delete()
