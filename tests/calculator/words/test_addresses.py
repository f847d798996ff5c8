"""Addresses of pages: those that Django's `reverse` gives, wherever the site is mounted."""

from __future__ import annotations

from django.urls import clear_script_prefix, reverse, set_script_prefix

from calculator.words.addresses import path_of, with_query


def test_an_address_is_djangos_own() -> None:
    query = {"model": "llama-3-1-8b", "lora_targets": "q_proj,v_proj", "config": '{"a": "é&ü"}'}
    assert with_query(path_of("fit:page"), query) == reverse("fit:page", query=query)
    assert path_of("gpus:card", "rtx-4090") == reverse("gpus:card", args=["rtx-4090"])
    assert with_query(path_of("fit:page"), {}) == reverse("fit:page")


def test_an_address_follows_where_the_site_is_mounted() -> None:
    assert path_of("gpus:list") == "/gpus/"
    set_script_prefix("/vram/")
    try:
        assert path_of("gpus:list") == "/vram/gpus/"
    finally:
        clear_script_prefix()
    assert path_of("gpus:list") == "/gpus/"
