"""FAQ entries, checked as they are edited or loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse

from calculator.checked_rows import CheckedRow
from calculator.faq.checks import answer_problems, query_problems


@dataclass(frozen=True)
class FaqSpec:
    """A published entry as the rest of the site knows it: immutable, without a database."""

    slug: str
    question: str
    answer_markdown: str
    calculator_query: str
    topic: str = ""
    on_front_page: bool = True


class Topic(models.TextChoices):
    """Under which heading a question stands in the list, in this order."""

    BASICS = "basics", "How much memory"
    CARDS = "cards", "Which card, and what it holds"
    SETTINGS = "settings", "What each setting costs"
    SEVERAL = "several", "Several GPUs"
    METHODS = "methods", "Methods, models and tools"
    TROUBLE = "trouble", "When it does not fit"


class FaqEntry(CheckedRow):
    slug = models.SlugField(max_length=80, unique=True)
    question = models.CharField(max_length=160)
    answer = models.TextField(
        "answer (Markdown)",
        help_text=(
            "Figures are placeholders, computed when the page is shown: {memory:qlora:7}, "
            "{minimum:qlora:7}, {bytes:lora}, {part:full:weights}, "
            "{ratio:full:inference-16bit}, {tier:24}; of one run "
            "{precise:llama-3-1-8b:qlora:sequence_length=4096}, {largest:rtx-4090:qlora}, "
            "{price:rtx-4090} and others (docs/data.md). The first sentence answers; claims end "
            "in a line “Sources:” with links and dates."
        ),
    )
    calculator_query = models.CharField(
        max_length=200,
        blank=True,
        help_text="The calculator's inputs that go with the answer, e.g. “size=7”.",
    )
    # In the database too, so that the release before goes on adding rows while this one migrates.
    topic = models.CharField(
        max_length=20, choices=Topic.choices, default=Topic.BASICS, db_default=Topic.BASICS
    )
    on_front_page = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether it stands below the calculator too: keep it to five or six.",
    )
    order = models.PositiveIntegerField(default=0)
    published = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "FAQ entry"
        verbose_name_plural = "FAQ entries"
        ordering = ("order", "slug")
        constraints = [
            models.CheckConstraint(
                condition=~Q(slug="") & ~Q(question="") & ~Q(answer=""), name="faq_entry_is_whole"
            ),
        ]

    def __str__(self) -> str:
        return self.question

    def save(self, *args: Any, **options: Any) -> None:
        """Save, and keep an old slug: links to it lead here for ever."""
        with transaction.atomic(using=options.get("using")):
            before = type(self)._default_manager.filter(pk=self.pk).values_list("slug", flat=True)
            former = next((slug for slug in before if slug != self.slug), None)
            super().save(*args, **options)
            # Back under an earlier name, an answer is no redirection to itself.
            FormerSlug.objects.filter(slug=self.slug).delete()
            if former is not None:
                FormerSlug.objects.update_or_create(slug=former, defaults={"entry": self})

    def get_absolute_url(self) -> str:
        return reverse("calculator:faq_answer", args=(self.slug,))

    def clean(self) -> None:
        problems = {
            "answer": answer_problems(self.answer),
            "calculator_query": query_problems(self.calculator_query),
        }
        if any(problems.values()):
            raise ValidationError({field: found for field, found in problems.items() if found})

    def to_spec(self) -> FaqSpec:
        return FaqSpec(
            self.slug,
            self.question,
            self.answer,
            self.calculator_query,
            topic=self.topic,
            on_front_page=self.on_front_page,
        )


class FormerSlug(CheckedRow):
    """A slug that an answer had: its address goes on to the answer's present one."""

    slug = models.SlugField(max_length=80, unique=True)
    entry = models.ForeignKey(FaqEntry, on_delete=models.CASCADE, related_name="former_slugs")
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.slug} → {self.entry.slug}"
