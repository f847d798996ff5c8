"""The GPUs that editors keep. Their prices are rows of their own (`gpus/prices/`)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Max, Q
from django.urls import reverse

from calculator.checked_rows import CheckedRow
from gpus.classes import Platform, UtilisationClass
from gpus.looks.models import GpuLooks  # noqa: F401 (Django looks for tables here)
from gpus.prices.models import PriceObservation  # noqa: F401 (Django looks for tables here)
from gpus.specs import NO_PRICES, GpuPrices, GpuSpec, UtilisationSpec
from gpus.tiers import Audience, MemoryTier


class Vendor(models.TextChoices):
    NVIDIA = "NVIDIA", "NVIDIA"
    AMD = "AMD", "AMD"
    INTEL = "Intel", "Intel"
    APPLE = "Apple", "Apple"
    GOOGLE = "Google", "Google"
    AWS = "AWS", "AWS"
    OTHER = "Other", "other"


class GpuQuerySet(models.QuerySet["Gpu"]):
    def published(self) -> GpuQuerySet:
        return self.filter(published=True)

    def changed_at(self) -> dict[str, dt.datetime]:
        """When each of them last changed, it or one of its prices, by slug."""
        rows = self.order_by().values_list("slug", "updated_at", Max("prices__updated_at"))
        return {slug: max(filter(None, moments)) for slug, *moments in rows}


class Gpu(CheckedRow):
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=80, unique=True)
    short_name = models.CharField(
        max_length=40, help_text="As it stands in “24 GB GPU (RTX 4090 / 3090)”: RTX 4090."
    )
    vendor = models.CharField(max_length=12, choices=Vendor)
    audience = models.CharField(max_length=12, choices=Audience)
    tier = models.ForeignKey(MemoryTier, on_delete=models.PROTECT, related_name="gpus")
    usable_memory_mib = models.PositiveIntegerField(
        "usable memory (MiB)",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="The whole that nvidia-smi shows: 24564 for an RTX 4090. Empty: by the rule.",
    )
    usable_memory_basis = models.CharField(
        "where the usable memory comes from", max_length=200, blank=True
    )
    utilisation_class = models.ForeignKey(
        UtilisationClass,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="gpus",
        help_text="How much of its speed training uses. Empty: no times for this GPU.",
    )
    platform = models.ForeignKey(
        Platform, on_delete=models.PROTECT, null=True, blank=True, related_name="gpus"
    )
    launched_on = models.DateField(
        "launched", null=True, blank=True, help_text="The first day of the month will do."
    )
    bandwidth_gb_per_s = models.DecimalField(
        "memory bandwidth (GB/s)", max_digits=8, decimal_places=1, null=True, blank=True
    )
    bf16_dense_tflops = models.DecimalField(
        "dense bf16 TFLOPS",
        max_digits=8,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Without 2:4 sparsity, with fp32 accumulation: what training uses.",
    )
    bf16_tflops_basis = models.CharField(
        "where the TFLOPS come from", max_length=200, blank=True, help_text="Published or derived."
    )
    nvlink = models.BooleanField("NVLink", default=False)
    compute_capability = models.CharField(max_length=8, blank=True)
    supports_bf16 = models.BooleanField("supports bf16", default=True)
    tdp_w = models.PositiveIntegerField("board power (W)", null=True, blank=True)

    is_tier_example = models.BooleanField(
        "example of its tier", default=False, help_text="On: named in brackets after the tier."
    )
    order = models.PositiveIntegerField(
        default=1000, help_text="Lower comes first, also among a tier's examples."
    )
    published = models.BooleanField(default=True)
    source = models.TextField(blank=True, help_text="Where the technical facts come from.")
    updated_at = models.DateTimeField(auto_now=True)

    objects = GpuQuerySet.as_manager()

    class Meta:
        verbose_name = "GPU"
        ordering = ("order", "name")
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(short_name="") & ~Q(slug=""), name="gpu_has_its_names"
            ),
            models.CheckConstraint(
                condition=Q(usable_memory_mib__isnull=True)
                | (Q(usable_memory_mib__gt=0) & ~Q(usable_memory_basis="")),
                name="gpu_usable_memory_has_a_basis",
                violation_error_message="Say where the usable memory comes from.",
            ),
            models.CheckConstraint(
                condition=Q(bandwidth_gb_per_s__isnull=True) | Q(bandwidth_gb_per_s__gt=0),
                name="gpu_bandwidth_is_positive",
            ),
            models.CheckConstraint(
                condition=Q(bf16_dense_tflops__isnull=True) | Q(bf16_dense_tflops__gt=0),
                name="gpu_tflops_are_positive",
            ),
        ]
        indexes = [models.Index(F("tier"), F("order"), name="gpu_tier_order")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("gpus:card", args=[self.slug])

    def clean(self) -> None:
        if errors := self._usable_memory_errors():
            raise ValidationError(errors)

    def _usable_memory_errors(self) -> dict[str, str]:
        """Usable memory is most of what the card is sold with, and hardly more than that."""
        if self.usable_memory_mib is None or self.tier_id is None:
            return {}
        sold_mib = self.tier.memory_gb * 1024
        if sold_mib // 2 <= self.usable_memory_mib <= sold_mib * 21 // 20:
            return {}
        return {
            "usable_memory_mib": (
                f"A card of {self.tier.memory_gb} GB has between {sold_mib // 2:,} and "
                f"{sold_mib * 21 // 20:,} MiB of it to use."
            )
        }

    def to_spec(self, prices: GpuPrices = NO_PRICES) -> GpuSpec:
        return GpuSpec(
            slug=self.slug,
            name=self.name,
            short_name=self.short_name,
            vendor=self.vendor,
            audience=self.audience,
            memory_gb=self.tier.memory_gb,
            launched_on=self.launched_on,
            bandwidth_bytes_per_second=_scaled(self.bandwidth_gb_per_s, 10**9),
            bf16_dense_flops=_scaled(self.bf16_dense_tflops, 10**12),
            bf16_flops_basis=self.bf16_tflops_basis,
            has_nvlink=self.nvlink,
            retail_price=prices.to_buy,
            cloud_price_per_hour=prices.to_rent,
            is_tier_example=self.is_tier_example,
            source=self.source,
            usable_memory_mib=self.usable_memory_mib,
            usable_memory_basis=self.usable_memory_basis,
            utilisation=self._utilisation(),
            platform=None if self.platform is None else self.platform.to_spec(),
            supports_bf16=self.supports_bf16,
            tdp_w=self.tdp_w,
            price_series=prices.series,
        )

    def _utilisation(self) -> UtilisationSpec | None:
        found = self.utilisation_class
        return found.to_spec() if found is not None and found.published else None


def _scaled(value: Decimal | None, factor: int) -> Decimal | None:
    return None if value is None else value * factor
