"""The GPU catalog that editors keep: memory tiers, and the cards sold with them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from calculator.checked_rows import CheckedRow
from gpus.classes import Platform, UtilisationClass
from gpus.specs import GpuSpec, Price, UtilisationSpec
from gpus.tiers import Audience, MemoryTier


class Vendor(models.TextChoices):
    NVIDIA = "NVIDIA", "NVIDIA"
    AMD = "AMD", "AMD"
    INTEL = "Intel", "Intel"
    APPLE = "Apple", "Apple"
    GOOGLE = "Google", "Google"
    AWS = "AWS", "AWS"
    OTHER = "Other", "other"


# Each kind of price, and the field that holds its amount; source, link and date share the prefix.
PRICE_AMOUNTS = {"retail_price": "retail_price_usd", "cloud_price": "cloud_price_usd_per_hour"}

# Street and cloud prices move within weeks; after a quarter nobody should trust one unseen.
PRICE_IS_STALE_AFTER = dt.timedelta(days=90)


class GpuQuerySet(models.QuerySet["Gpu"]):
    def published(self) -> GpuQuerySet:
        return self.filter(published=True)

    def stale(self, today: dt.date, *, after: dt.timedelta) -> GpuQuerySet:
        """GPUs with a price that nobody has checked for longer than `after`."""
        oldest = today - after
        return self.filter(
            Q(retail_price_checked_on__lt=oldest) | Q(cloud_price_checked_on__lt=oldest)
        )


def _price_is_whole_or_absent(prefix: str, amount: str) -> Q:
    """A price without its source and date is no price: all of it is there, or none."""
    return Q(**{f"{amount}__isnull": True, f"{prefix}_checked_on__isnull": True}) | (
        # “Not null” is said aloud: to a database, a check that comes to “unknown” is met.
        Q(
            **{
                f"{amount}__isnull": False,
                f"{amount}__gt": 0,
                f"{prefix}_checked_on__isnull": False,
            }
        )
        & ~Q(**{f"{prefix}_source_name": ""})
        & ~Q(**{f"{prefix}_source_url": ""})
    )


# A price is whole or absent, wherever it is edited or loaded.
RETAIL_PRICE_FIELDS = (
    "retail_price_usd",
    "retail_price_kind",
    "retail_price_is_estimate",
    "retail_price_source_name",
    "retail_price_source_url",
    "retail_price_checked_on",
)
CLOUD_PRICE_FIELDS = (
    "cloud_price_usd_per_hour",
    "cloud_price_provider",
    "cloud_price_is_estimate",
    "cloud_price_source_name",
    "cloud_price_source_url",
    "cloud_price_checked_on",
)


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

    retail_price_usd = models.DecimalField(
        "retail price (USD)",
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    retail_price_kind = models.CharField(
        max_length=40,
        blank=True,
        help_text="What was seen, e.g. “launch price” or “street price”.",
    )
    retail_price_source_name = models.CharField(max_length=120, blank=True)
    retail_price_source_url = models.URLField("retail price link", blank=True, max_length=500)
    retail_price_checked_on = models.DateField(null=True, blank=True)
    retail_price_is_estimate = models.BooleanField(default=False)

    cloud_price_usd_per_hour = models.DecimalField(
        "cloud price (USD per hour)",
        max_digits=8,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.0001"))],
    )
    cloud_price_provider = models.CharField(
        max_length=60, blank=True, help_text="Who rents it out at this price."
    )
    cloud_price_source_name = models.CharField(max_length=120, blank=True)
    cloud_price_source_url = models.URLField("cloud price link", blank=True, max_length=500)
    cloud_price_checked_on = models.DateField(null=True, blank=True)
    cloud_price_is_estimate = models.BooleanField(default=False)

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
                condition=_price_is_whole_or_absent("retail_price", "retail_price_usd"),
                name="gpu_retail_price_has_source_and_date",
                violation_error_message=(
                    "A retail price is more than 0 and needs its source, link and date; "
                    "without a price, leave the date out."
                ),
            ),
            models.CheckConstraint(
                condition=_price_is_whole_or_absent("cloud_price", "cloud_price_usd_per_hour"),
                name="gpu_cloud_price_has_source_and_date",
                violation_error_message=(
                    "A cloud price is more than 0 and needs its source, link and date; "
                    "without a price, leave the date out."
                ),
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
        errors: dict[str, str] = {}
        for prefix, amount in PRICE_AMOUNTS.items():
            errors |= self._price_errors(prefix, getattr(self, amount))
        errors |= self._usable_memory_errors()
        if errors:
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

    def _price_errors(self, prefix: str, usd: Decimal | None) -> dict[str, str]:
        """What the price lacks, field by field: the words for what the database insists on."""
        what = prefix.replace("_", " ")
        checked_on = getattr(self, f"{prefix}_checked_on")
        errors = {}
        if usd is None:
            if checked_on:
                errors[f"{prefix}_checked_on"] = f"There is no {what}: leave its date empty."
            return errors
        if not getattr(self, f"{prefix}_source_name"):
            errors[f"{prefix}_source_name"] = f"Say where the {what} comes from."
        if not getattr(self, f"{prefix}_source_url"):
            errors[f"{prefix}_source_url"] = f"Give the link to the page with the {what}."
        if not checked_on:
            errors[f"{prefix}_checked_on"] = f"Give the day on which the {what} was seen."
        return errors

    def to_spec(self) -> GpuSpec:
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
            retail_price=self._price(
                "retail_price", self.retail_price_usd, kind=self.retail_price_kind
            ),
            cloud_price_per_hour=self._price(
                "cloud_price", self.cloud_price_usd_per_hour, kind=self.cloud_price_provider
            ),
            is_tier_example=self.is_tier_example,
            source=self.source,
            usable_memory_mib=self.usable_memory_mib,
            usable_memory_basis=self.usable_memory_basis,
            utilisation=self._utilisation(),
            platform=None if self.platform is None else self.platform.to_spec(),
            supports_bf16=self.supports_bf16,
            tdp_w=self.tdp_w,
        )

    def _utilisation(self) -> UtilisationSpec | None:
        found = self.utilisation_class
        return found.to_spec() if found is not None and found.published else None

    def _price(self, prefix: str, usd: Decimal | None, *, kind: str) -> Price | None:
        if usd is None:
            return None
        return Price(
            usd=usd,
            source_name=getattr(self, f"{prefix}_source_name"),
            source_url=getattr(self, f"{prefix}_source_url"),
            checked_on=getattr(self, f"{prefix}_checked_on"),
            is_estimate=getattr(self, f"{prefix}_is_estimate"),
            kind=kind,
        )


def _scaled(value: Decimal | None, factor: int) -> Decimal | None:
    return None if value is None else value * factor
