"""What each page says of itself to search engines: its address, picture, place and contents."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.html import strip_tags

from calculator.catalog import Catalog
from calculator.faq.presenters import FaqView
from calculator.models import Task
from calculator.question.reading import Question
from calculator.words.page_head import SITE_NAME, PageHead


def calculator_head(
    catalog: Catalog, task: str, question: Question, *, canonical_url: str
) -> PageHead:
    """The front page, a page for each published size and each model; other questions are endless."""
    query = question.run_query if question.is_understood else {}
    picture = "share:training" if task == Task.TRAINING else "share:inference"
    return PageHead(
        canonical_url,
        reverse(picture, query=query),
        # The front page stays the front page, whatever is typed into it.
        here="" if task == Task.TRAINING else "Inference",
        structured=() if canonical_url != "/" else (_APPLICATION,),
        is_indexed=_is_indexed(catalog, question, canonical_url),
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


def _is_indexed(catalog: Catalog, question: Question, canonical_url: str) -> bool:
    if not question.is_understood or question.subject is None:
        return False
    if "?" not in canonical_url:
        return True
    if set(question.run_query) == {"size"}:
        return question.subject.params_b in catalog.sizes_b
    # A model's own page is the one to find; this one is where its settings are changed.
    return False


def page_head(
    name: str,
    path: str,
    here: str,
    *,
    crumbs: tuple[tuple[str, str], ...] = (),
    is_indexed: bool = True,
) -> PageHead:
    """A page with the picture of that name."""
    return PageHead(
        path, reverse("share:page", args=[name]), here, crumbs=crumbs, is_indexed=is_indexed
    )


def run_head(path: str, here: str, calculator_url: str, *, is_indexed: bool) -> PageHead:
    """A page about a run: its picture has the figures of the calculator's page for it."""
    query = calculator_url.partition("?")[2]
    picture = reverse("share:training") + (f"?{query}" if query else "")
    return PageHead(path, picture, here, is_indexed=is_indexed)


def accuracy_head(lead: str, *, is_indexed: bool) -> PageHead:
    """The comparison is a data set that can be taken along."""
    files = ("calculator:accuracy_csv", "calculator:field_reports_csv")
    data_set = {
        "@type": "Dataset",
        "name": "GPU memory of fine-tuning runs: estimated and measured",
        "description": lead,
        "url": reverse("calculator:accuracy"),
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": SITE_NAME, "url": "/"},
        "distribution": [
            {"@type": "DataDownload", "encodingFormat": "text/csv", "contentUrl": reverse(name)}
            for name in files
        ],
    }
    return PageHead(
        reverse("calculator:accuracy"),
        reverse("share:page", args=["accuracy"]),
        "Accuracy",
        structured=(data_set,),
        is_indexed=is_indexed,
    )


def faq_head(entries: tuple[FaqView, ...]) -> PageHead:
    return PageHead(
        reverse("calculator:faq"),
        reverse("share:page", args=["faq"]),
        "FAQ",
        # The list shows first sentences; each answer's own page has the whole.
        structured=(_questions((e, e.summary) for e in entries),) if entries else (),
    )


def answer_head(entry: FaqView) -> PageHead:
    return PageHead(
        entry.url,
        reverse("share:answer", args=[entry.slug]),
        entry.question,
        crumbs=(("FAQ", reverse("calculator:faq")),),
        structured=(_questions([(entry, strip_tags(entry.answer_html))]),),
    )


def _questions(answers: Iterable[tuple[FaqView, str]]) -> dict[str, object]:
    return {
        "@type": "FAQPage",
        "mainEntity": [
            {
                "@type": "Question",
                "name": entry.question,
                "url": entry.url,
                "acceptedAnswer": {
                    "@type": "Answer",
                    "text": " ".join(text.split()),
                    "url": entry.url,
                },
            }
            for entry, text in answers
        ],
    }


def model_head(name: str, slug: str, path: str) -> PageHead:
    models = ("Models", reverse("calculator:models"))
    return PageHead(path, _picture_of(slug), name, crumbs=(models,))


def model_method_head(name: str, slug: str, method_name: str, path: str) -> PageHead:
    models = ("Models", reverse("calculator:models"))
    model = (name, reverse("calculator:model", args=[slug]))
    return PageHead(path, _picture_of(slug), method_name, crumbs=(models, model))


def _picture_of(slug: str) -> str:
    return reverse("share:training", query={"model": slug})


def gpu_head(name: str, slug: str, path: str, *, is_indexed: bool) -> PageHead:
    return PageHead(
        path,
        reverse("share:gpu", args=[slug]),
        name,
        crumbs=(("GPUs", reverse("gpus:list")),),
        is_indexed=is_indexed,
    )
