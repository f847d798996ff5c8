"""What GPUs have in common: how much of their speed training uses, and what software runs."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from calculator.checked_rows import CheckedRow
from calculator.estimation.cluster.run_time import Range
from gpus.specs import MethodSupport, PlatformSpec, UtilisationSpec

A_FRACTION = (MinValueValidator(Decimal("0.01")), MaxValueValidator(Decimal(1)))


class UtilisationClass(CheckedRow):
    """GPUs of which training uses about the same fraction of the dense 16-bit speed."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80, help_text="As in “on data-center Hopper cards”.")
    low_fraction = models.DecimalField(
        max_digits=4,
        decimal_places=3,
        validators=A_FRACTION,
        help_text="Of the dense bf16 TFLOPS, recomputation counted as use: 0.35.",
    )
    likely_fraction = models.DecimalField(max_digits=4, decimal_places=3, validators=A_FRACTION)
    high_fraction = models.DecimalField(max_digits=4, decimal_places=3, validators=A_FRACTION)
    is_assumption = models.BooleanField(
        default=True, help_text="Off: published runs lie in this range."
    )
    source = models.TextField(help_text="The runs, or what the assumption rests on.")
    source_url = models.URLField(blank=True, max_length=500)
    order = models.PositiveIntegerField(default=0)
    published = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "utilisation class"
        verbose_name_plural = "utilisation classes"
        ordering = ("order", "slug")
        constraints = [
            models.CheckConstraint(
                condition=Q(low_fraction__gt=0)
                & Q(low_fraction__lte=F("likely_fraction"))
                & Q(likely_fraction__lte=F("high_fraction"))
                & Q(high_fraction__lte=1),
                name="utilisation_is_a_range",
                violation_error_message="Low, likely and high have to rise from above 0 to 1.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def to_spec(self) -> UtilisationSpec:
        return UtilisationSpec(
            name=self.name,
            fraction=Range(
                float(self.low_fraction), float(self.likely_fraction), float(self.high_fraction)
            ),
            is_assumption=self.is_assumption,
            source=self.source,
            source_url=self.source_url,
        )


class Support(models.TextChoices):
    YES = "yes", "runs"
    PARTLY = "partly", "runs in part"
    NO = "no", "does not run"


class Platform(CheckedRow):
    """The software that a GPU is programmed with, and which methods run on it."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=40, help_text="As in “on ROCm”.")
    full_support = models.CharField("full fine-tuning", max_length=8, choices=Support)
    lora_support = models.CharField("LoRA", max_length=8, choices=Support)
    qlora_support = models.CharField("QLoRA", max_length=8, choices=Support)
    note = models.TextField(help_text="What a visitor has to know, in one or two sentences.")
    source_name = models.CharField(max_length=120)
    source_url = models.URLField(max_length=500)
    checked_on = models.DateField()
    order = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("order", "slug")

    def __str__(self) -> str:
        return self.name

    def to_spec(self) -> PlatformSpec:
        return PlatformSpec(
            slug=self.slug,
            name=self.name,
            support=MethodSupport(
                full=self.full_support, lora=self.lora_support, qlora=self.qlora_support
            ),
            note=self.note,
            source_name=self.source_name,
            source_url=self.source_url,
            checked_on=self.checked_on,
        )
