"""What changed in the catalog, as RSS."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from django.contrib.syndication.views import Feed
from django.urls import reverse

from calculator.models import LanguageModel
from calculator.words.formatting import format_count
from gpus.catalog import current_gpus
from gpus.models import Gpu
from gpus.presenters import cloud_price_view, retail_price_view
from gpus.specs import GpuSpec

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
            _of_gpus(),
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


def _of_gpus() -> Iterator[Change]:
    """The GPUs that changed last, be it their price or what else is known of them."""
    moments = Gpu.objects.published().changed_at()
    specs = {spec.slug: spec for spec in current_gpus().gpus}
    for slug in sorted(moments, key=moments.__getitem__, reverse=True)[:NEWEST]:
        if slug in specs:
            yield _of_gpu(specs[slug], moments[slug])


def _of_gpu(spec: GpuSpec, at: dt.datetime) -> Change:
    prices = [
        f"{words}: {price.amount} ({price.source_name}, {price.checked_on:%d %b %Y})"
        for words, price in (
            ("To buy", retail_price_view(spec)),
            ("To rent, per hour", cloud_price_view(spec)),
        )
        if price is not None
    ]
    facts = ". ".join([f"{spec.memory_gb} GB", *prices])
    return Change(spec.name, f"{facts}.", reverse("gpus:card", args=[spec.slug]), at)


def _of_model(model: LanguageModel) -> Change:
    size = f"{model.family}, {format_count(model.params_total)} parameters."
    path = reverse("calculator:model", args=[model.slug])
    return Change(model.display_name, size, path, model.updated_at)
