"""What changed in the catalog, as RSS."""

from __future__ import annotations

import datetime as dt
from itertools import chain
from typing import NamedTuple

from django.contrib.syndication.views import Feed
from django.urls import reverse

from calculator.models import LanguageModel
from calculator.words.formatting import format_count
from gpus.models import Gpu
from gpus.presenters import cloud_price_view, retail_price_view

NEWEST = 50


class Change(NamedTuple):
    title: str
    description: str
    path: str
    at: dt.datetime


class ChangesFeed(Feed):
    title = "Fine-Tuning VRAM Calculator: prices and catalog"
    description = "GPUs, their prices and language models, as they are added or change."

    def link(self) -> str:
        return reverse("gpus:list")

    def items(self) -> list[Change]:
        changes = chain(
            map(
                _of_gpu,
                Gpu.objects.published().select_related("tier").order_by("-updated_at")[:NEWEST],
            ),
            map(
                _of_model,
                LanguageModel.objects.filter(published=True).order_by("-updated_at")[:NEWEST],
            ),
        )
        return sorted(changes, key=lambda change: change.at, reverse=True)[:NEWEST]

    def item_title(self, item: Change) -> str:
        return item.title

    def item_description(self, item: Change) -> str:
        return item.description

    def item_link(self, item: Change) -> str:
        return item.path

    def item_guid(self, item: Change) -> str:
        # A row that changes again is news again.
        return f"{item.path}#{item.at:%Y%m%dT%H%M%S}"

    item_guid_is_permalink = False

    def item_pubdate(self, item: Change) -> dt.datetime:
        return item.at


def _of_gpu(gpu: Gpu) -> Change:
    spec = gpu.to_spec()
    prices = [
        f"{words}: {price.amount} ({price.source_name}, {price.checked_on:%d %b %Y})"
        for words, price in (
            ("To buy", retail_price_view(spec)),
            ("To rent, per hour", cloud_price_view(spec)),
        )
        if price is not None
    ]
    facts = ". ".join([f"{spec.memory_gb} GB", *prices])
    return Change(spec.name, f"{facts}.", reverse("gpus:card", args=[gpu.slug]), gpu.updated_at)


def _of_model(model: LanguageModel) -> Change:
    size = f"{model.family}, {format_count(model.params_total)} parameters."
    path = reverse("calculator:model", args=[model.slug])
    return Change(model.display_name, size, path, model.updated_at)
