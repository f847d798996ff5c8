"""Rows that nobody should be able to save: in the admin, in an import, from a file."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from calculator.models import FaqEntry, LanguageModel, MethodPreset
from gpus.models import Gpu
from gpus.prices.models import PriceObservation

pytestmark = pytest.mark.django_db


def complaints(row) -> dict[str, list[str]]:
    try:
        row.full_clean()
    except ValidationError as error:
        return error.message_dict
    return {}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("slug", "table", "another page's"),
        ("name", "RTX \u202e0904", "U+202E"),
        ("short_name", "RTX\u200b 4090", "U+200B"),
        ("source", "seen\x00", ""),
        ("usable_memory_mib", 1, "MiB of it to use"),
        ("usable_memory_mib", 10**9, "MiB of it to use"),
        ("launched_on", dt.date(1, 1, 1), "is the year right"),
        ("launched_on", dt.date(2099, 1, 1), "is the year right"),
    ],
)
def test_a_gpu_is_refused_in_words(catalog, field, value, words):
    gpu = Gpu.objects.get(slug="rtx-4090")
    gpu.usable_memory_basis = gpu.usable_memory_basis or "nvidia-smi"
    setattr(gpu, field, value)

    assert words in " ".join(complaints(gpu)[field])


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("usd", Decimal(0), "greater than or equal to 0.0001"),
        ("source_name", "", "cannot be blank"),
        ("source_url", "", "cannot be blank"),
        ("source_url", "javascript:alert(1)", "URL"),
        ("source_url", "ftp://example.org/", "begins with https"),
        ("checked_on", dt.date(2099, 1, 1), "not come yet"),
        ("provider", "", "Say who rents it out"),
    ],
)
def test_a_price_is_refused_in_words(catalog, field, value, words):
    price = PriceObservation.objects.filter(kind="rent_on_demand").first()
    setattr(price, field, value)

    assert words in " ".join(complaints(price)[field])


@pytest.mark.parametrize(
    "hf_id", ["javascript:alert(1)", "a/b/../c", "a/b?c", "//evil.example/x", "only-a-name"]
)
def test_a_repository_is_an_owner_and_a_name(catalog, hf_id):
    model = LanguageModel.objects.first()
    model.hf_id = hf_id

    assert "owner/name" in complaints(model)["hf_id"][0]


def test_invisible_characters_are_refused_in_every_kind_of_row(catalog):
    method, entry = MethodPreset.objects.first(), FaqEntry.objects.first()
    method.summary = "safe\u2066 text"
    entry.answer = f"{entry.answer}\n\nA line\u2029more"

    assert "U+2066" in complaints(method)["summary"][0]
    assert "U+2029" in complaints(entry)["answer"][0]


def test_what_ships_is_accepted(catalog):
    rows = [*Gpu.objects.all(), *LanguageModel.objects.all(), *FaqEntry.objects.all()]

    assert [(row, found) for row in rows if (found := complaints(row))] == []
