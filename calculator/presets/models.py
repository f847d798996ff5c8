"""Method presets with their parts, and the sizes that visitors can pick."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from calculator.checked_rows import CheckedRow
from calculator.estimation.rule_of_thumb import MethodSpec, PartSpec


class Task(models.TextChoices):
    TRAINING = "training", "fine-tuning"
    INFERENCE = "inference", "inference"


class MethodPreset(CheckedRow):
    """A way to train (or to run) a model, with its bytes per parameter in parts."""

    slug = models.SlugField(max_length=40, unique=True)
    task = models.CharField(max_length=12, choices=Task, default=Task.TRAINING)
    name = models.CharField(max_length=40)
    summary = models.CharField(
        max_length=160, help_text="One line: what it trains, or how it stores the weights."
    )
    audience_note = models.CharField(
        "for whom it is", max_length=240, blank=True, help_text="One sentence."
    )
    order = models.PositiveIntegerField(default=0)
    published = models.BooleanField(default=True)
    source = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("task", "order", "slug")
        constraints = [
            models.CheckConstraint(
                condition=~Q(slug="") & ~Q(name=""), name="method_preset_has_its_names"
            ),
            models.CheckConstraint(
                condition=Q(task__in=Task.values), name="method_preset_task_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def to_spec(self) -> MethodSpec:
        return MethodSpec(
            slug=self.slug,
            name=self.name,
            summary=self.summary,
            audience_note=self.audience_note,
            parts=tuple(part.to_spec() for part in self.parts.all()),
        )


class PresetPart(CheckedRow):
    """One part of a preset's bytes per parameter; the total is their sum, never typed."""

    preset = models.ForeignKey(MethodPreset, on_delete=models.CASCADE, related_name="parts")
    slug = models.SlugField(max_length=40)
    label = models.CharField(max_length=60)
    bytes_per_parameter = models.DecimalField(
        max_digits=8,
        decimal_places=4,
        validators=[MinValueValidator(Decimal("0.0001")), MaxValueValidator(Decimal(1000))],
    )
    explanation = models.CharField(max_length=300, blank=True)
    order = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "part"
        ordering = ("order", "slug")
        constraints = [
            models.UniqueConstraint(fields=("preset", "slug"), name="preset_part_is_unique"),
            models.CheckConstraint(
                condition=Q(bytes_per_parameter__gt=0),
                name="preset_part_is_positive",
                violation_error_message="A part takes more than 0 bytes per parameter.",
            ),
            models.CheckConstraint(
                condition=~Q(slug="") & ~Q(label=""), name="preset_part_has_its_names"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.bytes_per_parameter.normalize():f}"

    def to_spec(self) -> PartSpec:
        return PartSpec(
            slug=self.slug,
            label=self.label,
            bytes_per_parameter=self.bytes_per_parameter,
            explanation=self.explanation,
        )


class ModelSize(CheckedRow):
    """A size that visitors can pick with one tap."""

    params_b = models.DecimalField(
        "parameters (billions)",
        max_digits=7,
        decimal_places=3,
        unique=True,
        validators=[MinValueValidator(Decimal("0.1")), MaxValueValidator(Decimal(2000))],
    )
    order = models.PositiveIntegerField(default=0)
    published = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("order", "params_b")
        constraints = [
            models.CheckConstraint(
                condition=Q(params_b__gte=Decimal("0.1")) & Q(params_b__lte=Decimal(2000)),
                name="model_size_is_in_range",
                violation_error_message="A size is between 0.1 and 2,000 billion parameters.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.params_b.normalize():f}B"
