"""The visitor's GPU, as people type it and as it stands in the address."""

from __future__ import annotations

import pytest

from calculator.catalog import current_catalog
from calculator.question.own_gpu import read_own_gpu

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalog")]

MEANT = {
    "4090": (1, "rtx-4090"),
    "rtx4090": (1, "rtx-4090"),
    "nvidia geforce rtx 3090": (1, "rtx-3090"),
    "rxt 4090": (1, "rtx-4090"),
    "2x 4090": (2, "rtx-4090"),
    "2× RTX 4090": (2, "rtx-4090"),
    "4090 x2": (2, "rtx-4090"),
    "2x-rtx-4090": (2, "rtx-4090"),
    "4070": (1, "rtx-4070"),
    "4070 ti": (1, "rtx-4070-ti"),
    "3060 12gb": (1, "rtx-3060-12gb"),
    "h100 sxm": (1, "h100-sxm-80gb"),
    "gb10": (1, "dgx-spark"),
    "my 4090": (1, "rtx-4090"),
    "my 2x 3090": (2, "rtx-3090"),
    "t4": (1, "t4"),
    "M4 Max": (1, "apple-m4-max"),
}
UNCLEAR = {
    "a100": "4 GPUs match “a100”. Which one is yours?",
    "3060": "3 GPUs match “3060”",
    "24gb": "GPUs match “24gb”, here are 6. Which one is yours?",
    "voodoo 5": "No GPU here is called “voodoo 5”.",
    "0x 4090": "from 1 to 64",
    "99x 4090": "from 1 to 64",
    "x" * 400: "Enter the name of a GPU.",
}


def test_a_gpu_is_read_as_people_type_it_and_keeps_one_name_in_the_address():
    gpus = current_catalog().gpus

    for typed, (count, slug) in MEANT.items():
        form = read_own_gpu(gpus, {"gpu": typed})

        assert form.own is not None, typed
        assert (form.own.gpu_count, form.own.gpu.slug) == (count, slug), typed
        again = read_own_gpu(gpus, form.query)
        assert again.own == form.own
        assert read_own_gpu(gpus, {"gpu": form.text}).own == form.own


def test_what_is_not_clear_is_said_and_kept_as_it_was_typed():
    gpus = current_catalog().gpus

    for typed, words in UNCLEAR.items():
        form = read_own_gpu(gpus, {"gpu": typed})

        assert form.own is None
        assert words in form.error, (typed, form.error)
        assert typed.startswith(form.query["gpu"].rstrip("…"))


def test_a_name_of_several_gives_each_of_them_to_choose_as_many_as_were_typed():
    gpus = current_catalog().gpus
    # What people call their cards, and how many are called so.
    named = {"a100": 4, "h100": 3, "h200": 2, "rtx 6000": 6, "3060": 3, "3080": 3, "4060 ti": 2}

    for typed, count in named.items():
        choices = read_own_gpu(gpus, {"gpu": f"2x {typed}"}).choices

        assert len(choices) == count, typed
        for choice in choices:
            assert read_own_gpu(gpus, choice.query).own == choice
            assert choice.gpu_count == 2
    assert read_own_gpu(gpus, {"gpu": "voodoo"}).choices == ()


def test_every_gpu_is_found_by_its_slug_and_by_its_name():
    gpus = current_catalog().gpus

    for gpu in gpus:
        for typed in (gpu.slug, gpu.name, gpu.name.upper(), f"8x {gpu.name}"):
            assert read_own_gpu(gpus, {"gpu": typed}).own.gpu == gpu, typed


def test_the_field_says_the_short_name_where_it_means_one_card():
    gpus = current_catalog().gpus

    assert read_own_gpu(gpus, {"gpu": "2x-rtx-4090"}).text == "2× RTX 4090"
    assert read_own_gpu(gpus, {"gpu": "a100-pcie-80gb"}).text == "A100 PCIe 80 GB"
