"""The counts, as rows."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

# What counts as looked at now: some three months.
RECENTLY = dt.timedelta(days=92)


class GpuLooks(models.Model):
    """How often a GPU's page was asked for in a month."""

    gpu = models.ForeignKey("gpus.Gpu", on_delete=models.CASCADE, related_name="looks")
    month = models.DateField(help_text="Its first day.")
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "looks at GPUs"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=("gpu", "month"), name="looks_are_one_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.gpu}, {self.month:%b %Y}: {self.count}"


def recent_looks(gpu: str, today: dt.date) -> Coalesce:
    """An expression: how often the GPU of that column was looked at of late."""
    counted = GpuLooks.objects.filter(gpu=OuterRef(gpu), month__gte=today - RECENTLY)
    return Coalesce(Subquery(counted.values("gpu").annotate(n=Sum("count")).values("n")), 0)
