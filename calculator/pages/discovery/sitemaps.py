"""Every page that search engines should know, with the day of its newest row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib.sitemaps import Sitemap
from django.db import models
from django.db.models import Max
from django.urls import reverse

from calculator.answer.precise import precise_methods_of
from calculator.catalog import current_catalog
from calculator.models import FaqEntry, LanguageModel, MethodPreset, ModelSize, PresetPart, Task
from calculator.pages.calculator.links import Links
from calculator.presets.forms import DEFAULT_SIZE_B
from calculator.words.formatting import query_number
from gpus.classes import Platform, UtilisationClass
from gpus.models import Gpu
from gpus.prices.models import PriceObservation
from gpus.tiers import MemoryTier

Table = type[models.Model]

# What figures and minimums are made from, so that a change of it changes the pages too.
OF_EVERY_FIGURE: tuple[Table, ...] = (MemoryTier, MethodPreset, PresetPart, Gpu, PriceObservation)
OF_GPUS: tuple[Table, ...] = (MemoryTier, Gpu, PriceObservation, UtilisationClass, Platform)


class Page(NamedTuple):
    path: str
    changed_at: dt.datetime | None


class PageSitemap(Sitemap):
    """Pages with the moment at which the newest row behind them changed."""

    def location(self, item: Any) -> str:
        return str(item.path)

    def lastmod(self, item: Any) -> dt.datetime | None:
        changed_at: dt.datetime | None = item.changed_at
        return changed_at


class MainPages(PageSitemap):
    def items(self) -> list[Page]:
        everything = newest(*OF_EVERY_FIGURE, *OF_GPUS, ModelSize, FaqEntry, LanguageModel)
        models_changed_at = newest(*OF_EVERY_FIGURE, LanguageModel)
        return [
            Page(reverse("calculator:training"), everything),
            Page(reverse("calculator:inference"), newest(*OF_EVERY_FIGURE, ModelSize)),
            Page(reverse("calculator:inference_published"), newest(LanguageModel)),
            Page(reverse("calculator:models"), models_changed_at),
            Page(reverse("gpus:list"), newest(*OF_GPUS)),
            Page(reverse("fit:page"), newest(*OF_EVERY_FIGURE, *OF_GPUS)),
            Page(reverse("calculator:faq"), newest(*OF_EVERY_FIGURE, FaqEntry)),
            Page(reverse("calculator:curves"), models_changed_at),
            Page(reverse("calculator:why"), models_changed_at),
            # They follow the code and its committed evidence: no row tells their day.
            Page(reverse("calculator:accuracy"), None),
            Page(reverse("calculator:import"), None),
            Page(reverse("calculator:api"), None),
            Page(reverse("calculator:methodology"), None),
        ]


class SizePages(PageSitemap):
    """A page for each published size, by the address that it calls canonical."""

    def items(self) -> list[Page]:
        changed_at = newest(*OF_EVERY_FIGURE, ModelSize, FaqEntry)
        sizes = ModelSize.objects.filter(published=True).values_list("params_b", flat=True)
        links = Links(Task.TRAINING, {})
        # The front page is the default size's.
        return [
            Page(links.page_url({"size": query_number(size)}), changed_at)
            for size in sizes
            if size != DEFAULT_SIZE_B
        ]


class AnswerPages(PageSitemap):
    def items(self) -> list[Page]:
        figures = newest(*OF_EVERY_FIGURE)
        return _row_pages("calculator:faq_answer", FaqEntry, figures)


class ModelPages(PageSitemap):
    def items(self) -> list[Page]:
        return _row_pages("calculator:model", LanguageModel, newest(*OF_EVERY_FIGURE))


class MethodPages(PageSitemap):
    """A page for each model and method, where the model is estimated operation by operation."""

    def items(self) -> list[Page]:
        figures = newest(*OF_EVERY_FIGURE)
        catalog = current_catalog()
        modelled = {m.slug for m in catalog.language_models if m.architecture is not None}
        rows = LanguageModel.objects.filter(published=True).values_list("slug", "updated_at")
        return [
            Page(
                reverse("calculator:model_method", args=[slug, method]),
                max(filter(None, (changed_at, figures))),
            )
            for slug, changed_at in rows
            if slug in modelled
            for method in precise_methods_of(catalog)
        ]


class GpuPages(PageSitemap):
    def items(self) -> list[Page]:
        others = newest(MemoryTier, UtilisationClass, Platform, LanguageModel)
        return [
            Page(reverse("gpus:card", args=[slug]), max(filter(None, (changed_at, others))))
            for slug, changed_at in Gpu.objects.published().changed_at().items()
        ]


SITEMAPS: dict[str, type[Sitemap] | Sitemap] = {
    "main": MainPages,
    "sizes": SizePages,
    "answers": AnswerPages,
    "models": ModelPages,
    "methods": MethodPages,
    "gpus": GpuPages,
}


def newest(*tables: Table) -> dt.datetime | None:
    """When the newest row of the tables changed; None where they are empty."""
    moments = (table._default_manager.aggregate(at=Max("updated_at"))["at"] for table in tables)
    return max(filter(None, moments), default=None)


def _row_pages(name: str, table: Table, others: dt.datetime | None) -> list[Page]:
    rows: Iterable[tuple[str, dt.datetime]] = table._default_manager.filter(
        published=True
    ).values_list("slug", "updated_at")
    return [
        Page(reverse(name, args=[slug]), max(filter(None, (changed_at, others))))
        for slug, changed_at in rows
    ]
