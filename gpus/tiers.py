"""Memory tiers: sizes of GPU memory as cards are sold."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from calculator.checked_rows import CheckedRow
from gpus.specs import GpuSpec, TierSpec


class Audience(models.TextChoices):
    CONSUMER = "consumer", "consumer"
    WORKSTATION = "workstation", "workstation"
    DATACENTER = "datacenter", "data center"


class MemoryTier(CheckedRow):
    memory_gb = models.PositiveIntegerField(
        "memory (GB)",
        unique=True,
        validators=[MinValueValidator(1)],
        help_text="As the cards are sold: 24 for a 24 GB card.",
    )
    label = models.CharField(
        max_length=40,
        help_text="What visitors read, e.g. “24 GB GPU”. The tier's example GPUs follow in brackets.",
    )
    audience = models.CharField(max_length=12, choices=Audience)
    on_ladder = models.BooleanField(
        default=False,
        help_text="On: this tier can be the minimum that a card names. Off: it appears among the alternatives.",
    )
    may_be_multiplied = models.BooleanField(
        default=False, help_text="On: several of these may be named together, e.g. “2× 80 GB”."
    )
    order = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("order", "memory_gb")
        constraints = [
            models.CheckConstraint(
                condition=Q(memory_gb__gt=0),
                name="memory_tier_memory_is_positive",
                violation_error_message="A memory tier has at least 1 GB.",
            ),
            models.CheckConstraint(
                condition=~Q(label=""),
                name="memory_tier_has_a_label",
                violation_error_message="Give the tier a label.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.memory_gb} GB"

    def to_spec(self, gpus: tuple[GpuSpec, ...] = ()) -> TierSpec:
        return TierSpec(
            memory_gb=self.memory_gb,
            label=self.label,
            audience=self.audience,
            is_on_ladder=self.on_ladder,
            may_be_multiplied=self.may_be_multiplied,
            gpus=gpus,
        )
