"""What the calculator's page says of itself to search engines."""

from __future__ import annotations

from django.urls import reverse

from calculator.catalog import Catalog
from calculator.models import Task
from calculator.pages.calculator.presenters import CalculatorView
from calculator.words.page_head import SITE_NAME, PageHead


def calculator_head(catalog: Catalog, view: CalculatorView) -> PageHead:
    """The front page, a page for each published size and each model; other questions are endless."""
    question = view.question
    query = question.query if question.is_understood else {}
    picture = "share:training" if view.task == Task.TRAINING else "share:inference"
    return PageHead(
        view.canonical_url,
        reverse(picture, query=query),
        crumbs=_calculator_crumbs(view),
        structured=() if view.canonical_url != "/" else (_APPLICATION,),
        is_indexed=_is_indexed(catalog, view),
    )


_APPLICATION = {
    "@type": "WebApplication",
    "name": SITE_NAME,
    "url": "/",
    "applicationCategory": "DeveloperApplication",
    "operatingSystem": "Any",
    "browserRequirements": "None beyond HTML",
    "isAccessibleForFree": True,
    "offers": {"@type": "Offer", "price": "0", "priceCurrency": "USD"},
}


def _is_indexed(catalog: Catalog, view: CalculatorView) -> bool:
    question = view.question
    if not question.is_understood or question.subject is None:
        return False
    if view.canonical_url == view.page_path:
        return True
    if set(question.query) == {"size"}:
        return question.subject.params_b in catalog.sizes_b
    # A model's own page is the one to find; this one is where its settings are changed.
    return False


def _calculator_crumbs(view: CalculatorView) -> tuple[tuple[str, str], ...]:
    if view.canonical_url == reverse("calculator:training"):
        return ()
    subject = view.question.subject
    if subject is not None and subject.slug:
        model_path = reverse("calculator:model", args=[subject.slug])
        return (("Models", reverse("calculator:models")), (subject.name, model_path))
    return ()
